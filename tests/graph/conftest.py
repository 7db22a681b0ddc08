"""Graph fixtures: whole stacks are built once and shared."""

import pytest

from tests.graph.programs import STACKS, graph_of
from tests.harness import Graph


@pytest.fixture(params=STACKS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return graph_of(request.param)


@pytest.fixture
def dev() -> Graph:
    return graph_of("dev")


@pytest.fixture
def prod() -> Graph:
    return graph_of("prod")
