"""What the engine saw in a refresh that changed nothing, sorted by whose doing it may be."""

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.automation import EngineEvent
from rich.console import Console
from typer.testing import CliRunner

from automation import cli
from automation.day2 import drift, owners
from automation.day2.differences import Differences, Kind, at
from automation.day2.owners import in_force
from emulation.aws.resource import Fidelity

pytestmark = pytest.mark.unit

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
QUEUE = "aws:sqs/queue:Queue"
GROUP = "warmline:components:ServingGroup"
RELEASED = {"warmline:release": {"owner": "release"}}
MARKED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def step(
    type_: str,
    op: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any] | None,
    diff: tuple[str, ...] = (),
) -> EngineEvent:
    """The engine's event about one resource, whose outputs are its inputs."""

    def state(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "type": type_,
            "urn": urn,
            "custom": True,
            "inputs": values,
            "outputs": values,
        }

    urn = f"urn:pulumi:local::warmline::{GROUP}$warmline:components:Function${type_}::thing"
    metadata = {
        "op": op,
        "urn": urn,
        "type": type_,
        "provider": "",
        "old": state(old),
        "new": None if new is None else state(new),
        "diffs": [path.split(".")[0] for path in diff],
        "detailedDiff": {path: {"diffKind": "update", "inputDiff": True} for path in diff},
    }
    return EngineEvent.from_json(
        {"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}}
    )


def seen(*events: EngineEvent, config: Mapping[str, Any] | None = None) -> Differences:
    result = Differences(in_force(config or {}))
    for event in events:
        result.on_event(event)
    return result


def test_what_is_as_the_state_has_it_is_only_counted() -> None:
    result = seen(step(FUNCTION, "same", {"timeout": 5}, {"timeout": 5}))
    assert not result.found
    assert result.looked_at == [FUNCTION]


def test_a_changed_property_is_told_with_both_values() -> None:
    (found,) = seen(step(FUNCTION, "update", {"timeout": 5}, {"timeout": 9}, ("timeout",))).found
    assert (found.kind, found.path, found.in_state, found.found) == (Kind.CHANGED, "timeout", 5, 9)
    assert (found.type, found.name, found.owner) == (FUNCTION, "thing", None)


def test_a_property_inside_another_is_told_by_its_path() -> None:
    old, new = {"tags": {"owner": "us", "a.b": "1"}}, {"tags": {"owner": "them", "a.b": "1"}}
    (found,) = seen(step(FUNCTION, "update", old, new, ("tags.owner",))).found
    assert (found.in_state, found.found) == ("us", "them")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[1].c", 3),
        ('a["x.y"]', 4),
        ("a.b[1]", {"c": 3}),
    ],
)
def test_a_path_of_the_engine_leads_to_the_value(path: str, value: Any) -> None:
    assert at({"a": {"b": [0, {"c": 3}], "x.y": 4}}, path) == value


def test_a_property_that_is_gone_has_no_value_found() -> None:
    (found,) = seen(step(FUNCTION, "update", {"kmsKeyArn": "k"}, {}, ("kmsKeyArn",))).found
    assert (found.in_state, found.found) == ("k", None)


def test_a_missing_resource_is_told_as_a_whole() -> None:
    (found,) = seen(step(FUNCTION, "delete", {"timeout": 5}, None)).found
    assert (found.kind, found.path, found.owner) == (Kind.MISSING, "", None)


@pytest.mark.parametrize("path", ["environment", "environment.variables.TOKEN"])
def test_a_secret_is_told_to_differ_and_never_shown(path: str) -> None:
    old = {"environment": MARKED | {"ciphertext": "[secret]", "plaintext": '"before"'}}
    new = {"environment": MARKED | {"ciphertext": "[secret]", "plaintext": '"after"'}}
    result = seen(step(FUNCTION, "update", old, new, (path,)))
    (found,) = result.found
    assert (found.in_state, found.found) == ("[secret]", "[secret]")
    assert "before" not in str(found)
    assert "after" not in str(found)


def test_a_secret_inside_a_value_is_hidden_too() -> None:
    old = {"list": [{"open": 1, "hidden": MARKED | {"plaintext": '"before"'}}]}
    (found,) = seen(step(FUNCTION, "update", old, {"list": []}, ("list",))).found
    assert found.in_state == [{"open": 1, "hidden": "[secret]"}]


def test_an_alias_moved_by_the_release_command_is_fine_and_says_why() -> None:
    event = step(
        ALIAS, "update", {"functionVersion": "1"}, {"functionVersion": "2"}, ("functionVersion",)
    )
    (found,) = seen(event, config=RELEASED).found
    assert found.owner == "warmline release"
    assert "live" in (found.reason or "")


def test_an_owned_value_is_told_even_where_the_engine_ignores_its_changes() -> None:
    event = step(ALIAS, "same", {"functionVersion": "1"}, {"functionVersion": "2"})
    (found,) = seen(event, config=RELEASED).found
    assert (found.owner, found.in_state, found.found) == ("warmline release", "1", "2")


@pytest.mark.parametrize("config", [{}, {"warmline:release": {"owner": "up"}}])
def test_an_alias_has_no_owner_where_up_moves_it(config: dict[str, Any]) -> None:
    event = step(
        ALIAS, "update", {"functionVersion": "1"}, {"functionVersion": "2"}, ("functionVersion",)
    )
    (found,) = seen(event, config=config).found
    assert found.owner is None


def test_another_property_of_an_owned_resource_is_still_drift() -> None:
    event = step(
        ALIAS,
        "update",
        {"functionVersion": "1", "description": ""},
        {"functionVersion": "2", "description": "mine"},
        ("functionVersion", "description"),
    )
    owned = {each.path: each.owner for each in seen(event, config=RELEASED).found}
    assert owned == {"functionVersion": "warmline release", "description": None}


def test_a_deleted_alias_is_drift_whoever_moves_it() -> None:
    (found,) = seen(step(ALIAS, "delete", {"functionVersion": "1"}, None), config=RELEASED).found
    assert (found.kind, found.owner) == (Kind.MISSING, None)


def test_an_alias_outside_the_serving_groups_moves_with_up_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"{__name__}.GROUP", "warmline:components:Any")
    event = step(
        ALIAS, "update", {"functionVersion": "1"}, {"functionVersion": "2"}, ("functionVersion",)
    )
    (found,) = seen(event, config=RELEASED).found
    assert found.owner is None


def test_components_and_providers_are_not_looked_at() -> None:
    result = seen(step("pulumi:providers:aws", "same", {}, {}))
    assert result.looked_at == []


def test_types_that_nothing_can_be_read_of_are_named_and_not_counted() -> None:
    differences = seen(step(FUNCTION, "same", {}, {}), step(QUEUE, "same", {}, {}))
    result = drift.found("local", differences, {QUEUE: (Fidelity.SKIPPED, "")})
    assert (result.looked_at, result.not_looked_at, result.clean) == (1, [QUEUE], True)


def test_every_row_of_the_table_says_who_and_why() -> None:
    for owner in owners.OWNERS:
        assert owner.by.startswith("warmline ")
        assert len(owner.reason) > 20


@pytest.mark.parametrize(
    ("config", "code"), [({}, 1), (RELEASED, 0)], ids=["unexplained", "explained"]
)
def test_the_command_exits_with_1_for_drift_that_nobody_owns(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], code: int
) -> None:
    event = step(
        ALIAS, "update", {"functionVersion": "1"}, {"functionVersion": "2"}, ("functionVersion",)
    )

    def look(stack: str, _console: Console) -> drift.Drift:
        return drift.found(stack, seen(event, config=config), {})

    monkeypatch.setattr(drift, "drift", look)
    answer = CliRunner().invoke(cli.app, ["drift"])
    assert answer.exit_code == code
    assert 'functionVersion: "1" in state, "2" found' in answer.output
