"""Routes decide which version answers, and change without a deployment."""

import collections
import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.emulated.calls import Api, json_input, json_output
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

REQUEST = {"inputs": [json_input("x", np.zeros((1, 4), np.float32), "FP32")]}

Push = Callable[..., int]
SetRoute = Callable[..., int]


def version_of(api: Api, model: str, key: str | None = None) -> int:
    """Which version answered; the model adds its version to each element."""
    answer = api.infer(model, REQUEST, headers={"x-user": key} if key else None)
    added = json_output(answer, "y")
    assert answer.json()["model_version"] == str(int(added[0, 0]))
    return int(added[0, 0])


@pytest.fixture(scope="module")
def routed(push_linear: Push) -> str:
    for version in (1, 2, 3):
        assert push_linear("routed", added=float(version)) == version
    return "routed"


def test_a_split_of_9_to_1_shows_both_versions_in_300_requests(
    api: Api, routed: str, set_route: SetRoute
) -> None:
    set_route(routed, {1: 9_000, 2: 1_000})
    seen = collections.Counter(version_of(api, routed) for _ in range(300))
    assert set(seen) == {1, 2}
    assert 240 <= seen[1] <= 295


def test_one_sticky_key_always_meets_one_version(
    api: Api, routed: str, set_route: SetRoute
) -> None:
    set_route(routed, {1: 5_000, 2: 5_000}, sticky_header="x-user")
    by_key = {
        f"user-{n}": {version_of(api, routed, f"user-{n}") for _ in range(6)} for n in range(12)
    }
    assert all(len(versions) == 1 for versions in by_key.values())
    assert {version for versions in by_key.values() for version in versions} == {1, 2}


def test_a_rollback_to_a_standby_version_takes_effect_at_once_and_loads_nothing(
    api: Api, routed: str, set_route: SetRoute, local_stack: LocalStack
) -> None:
    set_route(routed, {1: 10_000})
    set_route(routed, {2: 10_000}, standby=(1,))
    assert version_of(api, routed) == 2
    ran = local_stack.warmline("models", "rollback", routed, "--json")
    assert ran.returncode == 0, ran.stderr
    local_stack.wait_for_routes()
    since = time.time()
    assert {version_of(api, routed) for _ in range(5)} == {1}
    lines = local_stack.wait_for_log(
        lambda line: line.get("model") == routed and line.get("operation") == "infer", since=since
    )
    assert {line["cache_tier"] for line in lines} == {"memory"}


def test_a_version_can_be_asked_for_by_number_whatever_the_route_says(
    api: Api, routed: str, set_route: SetRoute
) -> None:
    set_route(routed, {1: 10_000})
    answer = api.infer(routed, REQUEST, version=3)
    np.testing.assert_allclose(json_output(answer, "y"), 3.0)


def test_a_shadow_version_gets_a_copy_and_its_answer_is_only_counted(
    api: Api, routed: str, set_route: SetRoute, local_stack: LocalStack
) -> None:
    set_route(routed, {1: 10_000}, shadow=3)
    since = time.time()
    assert version_of(api, routed) == 1
    lines = local_stack.wait_for_log(lambda line: "shadow_differed" in line, since=since)
    assert any(line.get("model") == routed for line in lines)
