"""Faults at chosen calls of a release, and what was called."""

from collections.abc import Callable

import pytest

from automation.release.run import Request
from tests.unit.models.fake_aws import Crash
from tests.unit.release.fake_lambda import FakeCloud, Fault

PUT = "put_provisioned_concurrency_config"


def first(name: str, fault: Fault, times: int = 1) -> Callable[[str], Fault | None]:
    """The fault happens at the first calls of a name."""
    left = [times]

    def decide(called: str) -> Fault | None:
        if called != name or not left[0]:
            return None
        left[0] -= 1
        return fault

    return decide


def calls(cloud: FakeCloud, name: str) -> int:
    return cloud.calls.names.count(name)


def crashed(cloud: FakeCloud, name: str, when: str = "after") -> None:
    """A release that dies at the first call of a name."""
    cloud.faults = first(name, (when, "crash"))
    with pytest.raises(Crash):
        cloud.release().run(Request())
    cloud.faults = lambda _name: None
