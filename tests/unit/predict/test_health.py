import json
from typing import Any

import pytest

from functions.health import app
from functions.shared.deadline import Deadline

pytestmark = pytest.mark.unit


def ask(path: str, probe: Any = lambda deadline: None) -> tuple[int, dict[str, Any]]:
    event = {"rawPath": path, "requestContext": {"requestId": "r-1"}}
    response = app.handle(event, probe)
    return response["statusCode"], json.loads(response["body"])


def away(_: Deadline) -> None:
    raise OSError("table arn:aws:dynamodb:secret-name is away")


def test_live_says_that_the_function_runs_whatever_the_table_does() -> None:
    assert ask("/v2/health/live", away) == (200, {"live": True})


def test_ready_says_that_the_table_answers() -> None:
    assert ask("/v2/health/ready") == (200, {"ready": True})
    assert ask("/prod/v2/health/ready") == (200, {"ready": True})


def test_an_event_of_a_rest_api_calls_the_path_otherwise() -> None:
    event = {"path": "/v2/health/live", "requestContext": {"requestId": "r-1"}}
    assert app.handle(event, away)["statusCode"] == 200


def test_ready_gives_the_table_one_second() -> None:
    seen: list[float] = []
    ask("/v2/health/ready", lambda deadline: seen.append(deadline.remaining()))
    assert 0.9 < seen[0] <= 1.0


def test_without_its_table_the_service_is_not_ready_and_says_nothing_of_the_cause() -> None:
    status, problem = ask("/v2/health/ready", away)
    assert status == 503
    assert problem["type"] == "urn:warmline:problem:registry-unavailable"
    assert problem["instance"] == "r-1"
    assert "secret-name" not in json.dumps(problem)


@pytest.mark.parametrize("event", [{}, {"rawPath": None}, {"rawPath": "/v2/models"}])
def test_any_other_path_is_no_route(event: dict[str, Any]) -> None:
    assert app.handle(event, away)["statusCode"] == 404
