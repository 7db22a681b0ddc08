"""Whatever a stack file asks for, the local provider can make: no setting works on AWS only."""

import pytest

from emulation.aws.catalogue import TYPES
from emulation.aws.provider import input_problems
from tests.harness import Graph

pytestmark = pytest.mark.graph


def test_every_property_of_every_resource_is_known_to_the_local_provider(graph: Graph) -> None:
    made = [resource for resource in graph.resources if resource.type.startswith("aws:")]
    assert made
    problems = {
        resource.urn: found
        for resource in made
        if (found := input_problems(TYPES[resource.type], dict(resource.inputs)))
    }
    assert problems == {}
