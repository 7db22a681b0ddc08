"""Whatever a stack file asks for the local provider can make, but for signatures on code."""

from typing import Any

import pytest

from emulation.aws.catalogue import TYPES
from emulation.aws.provider import input_problems
from tests.aws_only import AWS_ONLY, AWS_ONLY_INPUTS, own_request
from tests.graph.programs import graph_of
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph


def local_inputs(resource: Resource) -> dict[str, Any]:
    return {key: value for key, value in resource.inputs.items() if key not in AWS_ONLY_INPUTS}


def test_every_property_of_every_resource_is_known_to_the_local_provider(graph: Graph) -> None:
    made = [
        resource
        for resource in graph.resources
        if resource.type.startswith("aws:") and own_request(resource) is None
    ]
    assert made
    problems = {
        resource.urn: found
        for resource in made
        if (found := input_problems(TYPES[resource.type], local_inputs(resource)))
    }
    assert problems == {}


def test_the_stack_of_the_laptop_asks_for_nothing_that_only_aws_makes() -> None:
    made = graph_of("local").resources
    assert not AWS_ONLY.keys() & {resource.type for resource in made}
    assert not [resource.urn for resource in made if AWS_ONLY_INPUTS.keys() & set(resource.inputs)]
