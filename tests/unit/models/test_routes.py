"""A route changes in one transaction, or not at all, and always with an audit item."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError

from automation.errors import Failure
from automation.models import routes
from automation.models.failures import Conflict, NotFound, WrongRegion
from automation.models.push import push
from automation.models.registry import Registry
from automation.models.routes import Outcome, change_route, edited, rollback
from contracts.registry import VersionState
from contracts.route import Route, RouteError
from tests.tiny_models import linear, save
from tests.unit.models.fake_aws import ACTOR, Calls, Crash, FakeStack, crash, time_out

pytestmark = pytest.mark.unit


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    """A stack with four READY versions of `tiny` and no route."""
    made = FakeStack()
    for version in (1, 2, 3, 4):
        push(made, "tiny", save(linear(float(version)), tmp_path / f"{version}.onnx"))
    made.restarted()
    return made


def changed(stack: FakeStack, weights: dict[int, int], **options: Any) -> Outcome:
    """What `warmline models route` does."""
    registry = Registry.of(stack)
    expect = options.pop("expect", None)
    wanted = edited("tiny", registry.route("tiny"), weights, **options)
    return change_route(registry, wanted, expect=expect)


def present(stack: FakeStack) -> Route:
    route = Registry.of(stack).route("tiny")
    assert route is not None
    return route


def audit(stack: FakeStack) -> list[tuple[int, str]]:
    changes = list(Registry.of(stack).history("tiny"))
    return [(change.route.revision, change.action) for change in reversed(changes)]


def test_the_first_route_is_revision_1_with_an_audit_item(stack: FakeStack) -> None:
    outcome = changed(stack, {1: 10_000})
    assert outcome.before is None
    assert outcome.changed
    assert present(stack) == outcome.after
    [change] = Registry.of(stack).history("tiny")
    assert (change.route, change.action, change.actor) == (outcome.after, "route", ACTOR)


def test_a_change_that_changes_nothing_writes_nothing(stack: FakeStack) -> None:
    changed(stack, {1: 10_000}, standby=[3, 2])
    outcome = changed(stack, {1: 10_000}, standby=[2, 3])
    assert not outcome.changed
    assert outcome.after.revision == 1
    assert audit(stack) == [(1, "route")]


def test_an_outdated_revision_is_a_conflict_that_names_the_present_one(stack: FakeStack) -> None:
    changed(stack, {1: 10_000}, expect=0)
    changed(stack, {2: 10_000}, expect=1)
    with pytest.raises(Conflict, match="--expect 2") as caught:
        changed(stack, {3: 10_000}, expect=1)
    assert caught.value.revision == 2
    with pytest.raises(Conflict, match="revision 2"):
        changed(stack, {3: 10_000}, expect=0)
    assert present(stack).weights == ((2, 10_000),)


@pytest.mark.parametrize("expect", [None, 1])
def test_of_two_changes_at_one_revision_one_wins_and_the_other_conflicts(
    stack: FakeStack, expect: int | None
) -> None:
    changed(stack, {1: 10_000})
    stack.calls.before_name["transact_write_items"] = lambda: changed(stack, {2: 10_000})
    with pytest.raises(Conflict) as caught:
        changed(stack, {3: 10_000}, expect=expect)
    assert caught.value.present == present(stack)
    assert present(stack).weights == ((2, 10_000),)
    assert audit(stack) == [(1, "route"), (2, "route")]


def test_two_first_routes_at_once_make_one(stack: FakeStack) -> None:
    stack.calls.before_name["transact_write_items"] = lambda: changed(stack, {2: 10_000})
    with pytest.raises(Conflict, match="revision 1"):
        changed(stack, {3: 10_000})
    assert present(stack).weights == ((2, 10_000),)


def test_every_version_that_a_route_mentions_must_be_ready(stack: FakeStack) -> None:
    Registry.of(stack).retire("tiny", 4)
    with pytest.raises(Failure) as caught:
        changed(stack, {1: 5_000, 8: 5_000}, shadow=9, standby=[4])
    for named in ("version 8 is not registered", "version 9 is not", "version 4 is retired"):
        assert named in caught.value.cause
    assert Registry.of(stack).route("tiny") is None


def test_a_version_retired_between_look_and_write_stops_the_change(stack: FakeStack) -> None:
    def retire() -> None:
        Registry.of(stack).retire("tiny", 2)

    stack.calls.before_name["transact_write_items"] = retire
    with pytest.raises(Failure, match="version 2 is retired"):
        changed(stack, {2: 10_000})
    assert Registry.of(stack).route("tiny") is None


def test_a_change_that_stops_at_any_call_is_whole_or_not_there(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    items = dict(stack.items)
    stack.restarted()
    changed(stack, {2: 9_000, 3: 1_000}, standby=[1])
    calls = len(stack.calls.names)
    for when in ("before", "after"):
        for event in (crash, time_out):
            for at in range(1, calls + 1):
                stack.items = dict(items)
                stack.calls = Calls(**{when: {at: event}})  # type: ignore[arg-type] # by name
                told = None
                with contextlib.suppress(Crash, BotoCoreError, Failure):
                    told = changed(stack, {2: 9_000, 3: 1_000}, standby=[1])
                stack.restarted()
                found = Registry.of(stack).route("tiny")
                assert found is not None
                assert [revision for revision, _ in audit(stack)] == list(
                    range(1, found.revision + 1)
                )
                if told is not None:
                    assert told.after == found
                again = changed(stack, {2: 9_000, 3: 1_000}, standby=[1])
                assert again.after.revision == 2
                assert audit(stack) == [(1, "route"), (2, "route")]


def test_a_lost_answer_is_recognised_as_success(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    stack.restarted()
    changed(stack, {2: 10_000})
    at = stack.calls.names.index("transact_write_items") + 1
    stack.calls = Calls(after={at: time_out})
    outcome = changed(stack, {3: 10_000}, expect=2)
    assert outcome.changed
    assert outcome.after == present(stack)
    assert outcome.after.revision == 3


def test_what_is_not_named_stays_unless_it_has_weight_now(stack: FakeStack) -> None:
    changed(stack, {1: 10_000}, shadow=2, standby=[3, 4], sticky_header="x-user")
    changed(stack, {1: 5_000, 3: 5_000})
    route = present(stack)
    assert (route.shadow, route.standby, route.sticky_header) == (2, (4,), "x-user")
    changed(stack, {2: 10_000})
    assert present(stack).shadow is None
    changed(stack, {2: 10_000}, standby=[], keep_sticky_header=False)
    assert present(stack).standby == ()
    assert present(stack).sticky_header is None


@pytest.mark.parametrize("total", [9_999, 10_001])
def test_weights_must_sum_to_all_basis_points(stack: FakeStack, total: int) -> None:
    with pytest.raises(RouteError, match=str(total)):
        changed(stack, {1: total - 1_000, 2: 1_000})


def test_weights_reach_the_table_as_whole_basis_points(stack: FakeStack) -> None:
    changed(stack, {1: 9_000, 2: 1_000})
    item = stack.items["MODEL#tiny", "ROUTE"]
    plain = {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
    assert plain["weights"] == {"1": 9_000, "2": 1_000}
    assert {name: TypeSerializer().serialize(value) for name, value in plain.items()} == item


def test_a_rollback_restores_the_route_before_the_latest_change(stack: FakeStack) -> None:
    changed(stack, {1: 10_000}, sticky_header="x-user")
    before = present(stack)
    changed(stack, {1: 9_000, 2: 1_000}, standby=[4], keep_sticky_header=False)
    outcome = rollback(Registry.of(stack), "tiny")
    assert outcome.changed
    assert present(stack).weights == before.weights
    assert (present(stack).standby, present(stack).sticky_header) == ((), "x-user")
    assert audit(stack) == [(1, "route"), (2, "route"), (3, "rollback")]


def test_a_repeated_rollback_does_not_bring_the_bad_version_back(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    changed(stack, {2: 10_000})
    rollback(Registry.of(stack), "tiny")
    again = rollback(Registry.of(stack), "tiny")
    assert not again.changed
    assert present(stack).weights == ((1, 10_000),)
    assert present(stack).revision == 3


def test_a_rollback_to_a_standby_version_gives_it_everything(stack: FakeStack) -> None:
    changed(stack, {2: 9_000, 3: 1_000}, standby=[1, 4])
    rollback(Registry.of(stack), "tiny", to=1)
    assert present(stack).weights == ((1, 10_000),)
    assert present(stack).standby == (4,)
    again = rollback(Registry.of(stack), "tiny", to=1)
    assert not again.changed


def test_a_rollback_to_a_retired_version_is_refused(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    changed(stack, {2: 10_000})
    Registry.of(stack).retire("tiny", 1)
    with pytest.raises(Failure, match="version 1 is retired"):
        rollback(Registry.of(stack), "tiny")
    assert present(stack).weights == ((2, 10_000),)


def test_a_rollback_without_a_route_or_an_earlier_one_says_what_to_do(stack: FakeStack) -> None:
    with pytest.raises(NotFound, match="no route yet"):
        rollback(Registry.of(stack), "tiny")
    changed(stack, {1: 10_000})
    with pytest.raises(Failure, match="--to VERSION"):
        rollback(Registry.of(stack), "tiny")


def test_a_rollback_overtaken_by_a_change_is_a_conflict(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    changed(stack, {2: 10_000})
    stack.calls.before_name["transact_write_items"] = lambda: changed(stack, {3: 10_000})
    with pytest.raises(Conflict, match="revision 3"):
        rollback(Registry.of(stack), "tiny")
    with pytest.raises(Conflict):
        rollback(Registry.of(stack), "tiny", expect=2)
    assert present(stack).weights == ((3, 10_000),)


@pytest.mark.parametrize(
    ("options", "role"),
    [
        ({"weights": {2: 10_000}}, "weighted with 10000"),
        ({"weights": {1: 10_000}, "shadow": 2}, "the shadow"),
        ({"weights": {1: 10_000}, "standby": [2]}, "on standby"),
    ],
)
def test_a_version_that_the_route_mentions_is_not_retired(
    stack: FakeStack, options: dict[str, Any], role: str
) -> None:
    changed(stack, **options)
    with pytest.raises(Failure, match=role):
        Registry.of(stack).retire("tiny", 2)
    record = Registry.of(stack).require_version("tiny", 2)
    assert record.state is VersionState.READY


def test_a_route_that_takes_up_a_version_while_it_is_retired_wins(stack: FakeStack) -> None:
    stack.calls.before_name["transact_write_items"] = lambda: changed(stack, {2: 10_000})
    with pytest.raises(Failure, match="weighted"):
        Registry.of(stack).retire("tiny", 2)
    assert Registry.of(stack).require_version("tiny", 2).state is VersionState.READY


def test_retiring_twice_changes_nothing_the_second_time(stack: FakeStack) -> None:
    registry = Registry.of(stack)
    before = registry.require_version("tiny", 2)
    assert registry.retire("tiny", 2)
    assert not registry.retire("tiny", 2)
    after = registry.require_version("tiny", 2)
    assert (after.manifest, after.signature) == (before.manifest, before.signature)


def test_retiring_a_version_that_does_not_exist_names_those_that_do(stack: FakeStack) -> None:
    with pytest.raises(NotFound, match="it has 1, 2, 3, 4"):
        Registry.of(stack).retire("tiny", 9)


def test_writes_outside_the_home_region_are_refused_and_reads_are_not(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    stack.client_region = "eu-other-2"
    registry = Registry.of(stack)
    for write in (
        lambda: changed(stack, {2: 10_000}),
        lambda: rollback(registry, "tiny", to=2),
        lambda: registry.retire("tiny", 3),
    ):
        with pytest.raises(WrongRegion, match="home region is 'eu-test-1'"):
            write()
    assert registry.route("tiny") is not None


def test_a_route_that_one_transaction_cannot_check_is_refused(stack: FakeStack) -> None:
    with pytest.raises(Failure, match=f"at most {routes.MAX_VERSIONS}"):
        changed(stack, {1: 10_000}, standby=list(range(2, 2 + routes.MAX_VERSIONS)))


def test_a_route_item_that_was_removed_by_other_means_is_told(stack: FakeStack) -> None:
    changed(stack, {1: 10_000})
    del stack.items["MODEL#tiny", "ROUTE"]
    with pytest.raises(Failure, match="the audit trail already has revision 1"):
        changed(stack, {2: 10_000})
    assert Registry.of(stack).route("tiny") is None
