import pytest

from tests.unit.release.fake_lambda import FakeCloud


@pytest.fixture
def cloud() -> FakeCloud:
    """Version 1 is live and warm; version 2 was published by `up`."""
    made = FakeCloud()
    made.give("1")
    made.deploy("b")
    return made
