"""What a stack may promise."""

from typing import Any

import pulumi
import pytest

from settings import Objectives
from tests.unit.settings.stack_files import changed, load

pytestmark = pytest.mark.unit

GOOD = {
    "availability_percent": 99.9,
    "latency_ms": 1500,
    "latency_percent": 99,
    "minimum_bad_requests": 10,
}


def promised(**other: Any) -> Objectives | None:
    found = load(changed(("observability.objectives", GOOD | other))).observability.objectives
    assert isinstance(found, Objectives)
    return found


def test_whole_and_broken_percentages_are_taken() -> None:
    assert promised() == Objectives(**GOOD)
    assert promised(availability_percent=99, latency_percent=95.5)


@pytest.mark.parametrize("key", ["availability_percent", "latency_percent"])
def test_a_promise_that_no_outage_could_break_fast_enough_is_refused(key: str) -> None:
    assert promised(**{key: 93.06})
    with pytest.raises(pulumi.RunError, match=rf"{key} is 93.05; it must be more than 93.06.*null"):
        promised(**{key: 93.05})


def test_answers_can_be_late_only_before_the_function_is_stopped() -> None:
    config = changed(("observability.objectives", GOOD))
    timeout = config["warmline:groups"][0]["timeout_seconds"]
    assert promised(latency_ms=timeout * 1000 - 1)
    with pytest.raises(pulumi.RunError, match=r"latency_ms is \d+ while groups.0.timeout_seconds"):
        promised(latency_ms=timeout * 1000)


def test_nothing_need_be_promised() -> None:
    assert load(changed(("observability.objectives", None))).observability.objectives is None
