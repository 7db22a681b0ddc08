"""A REST API's deployment that was made before its routes were deleted."""

from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandResult, EngineEvent
from pulumi.automation.errors import CommandError

from automation import deployment
from automation.errors import Failure
from automation.report import DEPLOYMENT, Report

pytestmark = pytest.mark.unit

METHOD = "aws:apigateway/method:Method"
WITHIN = "urn:pulumi:prod::warmline::warmline:components:InferenceApi$"
URN = f"{WITHIN}{DEPLOYMENT}::api"


def step(op: str, type_: str, name: str, within: str = WITHIN) -> EngineEvent:
    urn = f"{within}{type_}::{name}"
    state = {"type": type_, "urn": urn, "custom": True, "id": "", "parent": "", "provider": ""}
    state |= {"inputs": {}, "outputs": {}}
    which = "old" if op.startswith("delete") else "new"
    metadata = {"op": op, "urn": urn, "type": type_, "provider": "", which: state}
    return EngineEvent.from_json(
        {"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}}
    )


def summary(**changes: int) -> EngineEvent:
    said = {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": changes}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "summaryEvent": said})


class Stack:
    """Tells of one run after the other; one without events fails."""

    name = "prod"

    def __init__(self, *runs: list[EngineEvent]) -> None:
        self._runs = list(runs)
        self.asked: list[dict[str, Any]] = []

    def up(self, **options: Any) -> None:
        self.asked.append({key: options.get(key) for key in ("refresh", "replace")})
        events = self._runs.pop(0)
        if not events:
            raise CommandError(CommandResult(stdout="", stderr="error: no network", code=255))
        for event in events:
            options["on_event"](event)


def deployed(*runs: list[EngineEvent]) -> tuple[Stack, Report]:
    stack: Any = Stack(*runs)
    return stack, deployment.deploy(stack, lambda _text: None)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))


TAKEN_AWAY = [
    step("create-replacement", DEPLOYMENT, "api"),
    step("delete", METHOD, "api-old"),
    summary(same=5, delete=1, replace=1),
]


def test_an_api_whose_routes_were_taken_away_is_deployed_once_more() -> None:
    stack, report = deployed(TAKEN_AWAY, [summary(same=6, replace=1, update=1)])
    assert stack.asked == [
        {"refresh": True, "replace": None},
        {"refresh": None, "replace": [URN]},
    ]
    assert report.summary() == "1 deleted, 2 replaced, 1 updated"


@pytest.mark.parametrize(
    "events",
    [
        [step("create", DEPLOYMENT, "api"), step("create", METHOD, "api-new"), summary(create=2)],
        [step("same", DEPLOYMENT, "api"), summary(same=1)],
        # A replacement has put itself in the old one's place before.
        [
            step("same", DEPLOYMENT, "api"),
            step("delete-replaced", METHOD, "api-x"),
            summary(same=1),
        ],
        [step("delete", DEPLOYMENT, "api"), step("delete", METHOD, "api-x"), summary(delete=2)],
        [step("same", DEPLOYMENT, "api"), step("delete", METHOD, "x", "urn:pulumi:prod::p::o:C$")],
        [step("same", DEPLOYMENT, "api"), step("delete", "aws:sqs/queue:Queue", "q")],
    ],
)
def test_an_api_that_lost_nothing_is_deployed_once(events: list[EngineEvent]) -> None:
    stack, _ = deployed(events)
    assert len(stack.asked) == 1


def test_where_the_second_deployment_fails_its_command_is_said() -> None:
    with pytest.raises(Failure) as caught:
        deployed(TAKEN_AWAY, [])
    assert "still answers on routes that were taken away" in caught.value.cause
    assert "no network" in caught.value.cause
    assert f"pulumi up --stack prod --replace '{URN}'" in caught.value.way_out
