"""Graph fixtures: whole stacks are built once and shared."""

from collections.abc import Iterator

import pytest

from tests.aws_requests import Unsent
from tests.graph.programs import STACKS, VARIANTS, graph_of
from tests.harness import Graph


@pytest.fixture(params=[*STACKS, *VARIANTS])
def graph(request: pytest.FixtureRequest) -> Graph:
    return graph_of(request.param)


@pytest.fixture
def dev() -> Graph:
    return graph_of("dev")


@pytest.fixture
def prod() -> Graph:
    return graph_of("prod")


@pytest.fixture(scope="session")
def aws() -> Iterator[Unsent]:
    """Clients of the services, which send nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield Unsent()
