"""What a restore of the registry would write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.day2.registry_items import Plan, plan
from contracts import registry as items
from contracts.registry import Item, ModelRecord, RouteChange, Tenant, VersionRecord, VersionState
from contracts.release import ReleaseRecord, encode_release
from contracts.route import Route

pytestmark = pytest.mark.unit


def version(number: int = 1, state: str = "READY", manifest: str = "{}") -> Item:
    return items.encode_version(
        VersionRecord(
            model="fraud",
            version=number,
            state=VersionState(state),
            manifest=manifest,
            signature=None,
            created_at="2026-11-25T00:00:00+00:00",
        )
    )


def route(revision: int = 1, to: int = 1) -> Item:
    return items.encode_route(Route(model="fraud", revision=revision, weights=((to, 10_000),)))


def change(revision: int) -> Item:
    one = Route(model="fraud", revision=revision, weights=((1, 10_000),))
    return items.encode_change(
        RouteChange(route=one, action="route", actor="me", changed_at="2026-11-25T00:00:00+00:00")
    )


MODEL = items.encode_model(ModelRecord(model="fraud", serving_group="default"))
TENANT = items.encode_tenant(Tenant(claim="abc", name="demo", models=frozenset("*")))

RELEASE = encode_release(ReleaseRecord(function="predict", revision=3, old="1", new="2"))


def written(result: Plan) -> list[Item]:
    return [write.item for write in result.writes]


def test_an_empty_registry_gets_all_but_tenants_and_releases_and_its_routes_last() -> None:
    backup = [route(), change(1), TENANT, RELEASE, MODEL, version()]
    result = plan(backup, [], overwrite=False)
    assert written(result) == [version(), MODEL, change(1), route()]
    assert all(write.before is None for write in result.writes)
    assert (result.left, result.kept) == (2, [])


def test_what_is_there_is_not_written_again() -> None:
    backup = [MODEL, version(), change(1), route()]
    result = plan(backup, backup, overwrite=True)
    assert (result.writes, result.same) == ([], 4)


def test_a_damaged_version_is_replaced_only_on_demand_and_on_condition() -> None:
    damaged = version(manifest="{bad}")
    kept = plan([version()], [damaged], overwrite=False)
    assert kept.writes == []
    assert "--overwrite" in kept.kept[0]
    (write,) = plan([version()], [damaged], overwrite=True).writes
    assert (write.item, write.before) == (version(), damaged)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_version_that_was_retired_since_stays_retired(overwrite: bool) -> None:
    result = plan([version()], [version(state="RETIRED")], overwrite=overwrite)
    assert result.writes == []
    assert "retired" in result.kept[0]


def test_a_damaged_version_that_was_retired_since_comes_back_retired() -> None:
    there = version(state="RETIRED", manifest="{bad}")
    (write,) = plan([version()], [there], overwrite=True).writes
    assert write.item == version(state="RETIRED")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_route_that_changed_since_is_left_to_the_route_command(overwrite: bool) -> None:
    result = plan([route(1)], [route(3, to=2)], overwrite=overwrite)
    assert result.writes == []
    assert "revision 3" in result.kept[0]
    assert "warmline models route" in result.kept[0]


def test_a_lost_route_does_not_go_back_behind_its_history() -> None:
    """The next change would meet an audit item of its own revision, and so would every other."""
    result = plan([route(1)], [change(1), change(2)], overwrite=False)
    assert result.writes == []
    assert written(plan([route(2)], [change(1), change(2)], overwrite=False)) == [route(2)]


ITEMS = st.lists(
    st.sampled_from(
        [MODEL, TENANT, RELEASE]
        + [version(n, state) for n in (1, 2) for state in ("READY", "RETIRED")]
        + [version(1, manifest="{bad}")]
        + [change(n) for n in (1, 2, 3)]
        + [route(n) for n in (1, 2, 3)]
    ),
    unique_by=lambda item: (item["pk"]["S"], item["sk"]["S"]),
)


@given(backup=ITEMS, present=ITEMS, overwrite=st.booleans())
def test_a_restore_loses_nothing_and_a_second_one_finds_nothing_to_do(
    backup: list[Item], present: list[Item], overwrite: bool
) -> None:
    def key(item: Any) -> tuple[str, str]:
        return item["pk"]["S"], item["sk"]["S"]

    first = plan(backup, present, overwrite=overwrite)
    now = {key(item): item for item in present}
    for write in first.writes:
        assert now.get(key(write.item)) == write.before
        assert overwrite or write.before is None
        now[key(write.item)] = write.item
    assert first.same + first.left + len(first.kept) + len(first.writes) == len(backup)
    for item in present:
        if item.get("state") == {"S": "RETIRED"}:
            assert now[key(item)]["state"] == {"S": "RETIRED"}
        if item["sk"]["S"] == "ROUTE":
            assert now[key(item)] == item
    assert plan(backup, list(now.values()), overwrite=overwrite).writes == []
