"""Fixtures of the engine level."""

from collections.abc import Iterator

import pytest

from tests.engine.workbench import Workbench, workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A deployed copy of the clone, for tests that change it and put it back."""
    with workbench(tmp_path_factory.mktemp("bench")) as made:
        made.up()
        yield made


@pytest.fixture
def fresh_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A copy of the clone that nothing was deployed from yet."""
    with workbench(tmp_path_factory.mktemp("fresh")) as made:
        yield made
