"""Every role of every stack is one that a pipeline may make."""

from typing import Any

import pytest

from tests.graph.ci_documents import FOOTING
from tests.graph.programs import run, stack_file
from tests.harness import Graph

pytestmark = pytest.mark.graph

ROLE = "aws:iam/role:Role"


def test_every_role_lies_on_the_path_of_its_stack(graph: Graph) -> None:
    roles = graph.all(ROLE)
    stack = graph.resources[0].urn.split(":")[2]
    assert roles
    assert {role.inputs["path"] for role in roles} == {f"/warmline/{stack}/"}
    assert not [role.name for role in roles if "permissionsBoundary" in role.inputs]


def test_every_role_has_the_boundary_that_the_stack_file_names() -> None:
    config: dict[str, Any] = stack_file("dev")
    config["warmline:deployment"] = {"backend_url": None, "role_boundary": FOOTING.boundary_arn}
    roles = run("dev", config).all(ROLE)
    assert {role.inputs["permissionsBoundary"] for role in roles} == {FOOTING.boundary_arn}
    assert {role.inputs["path"] for role in roles} == {FOOTING.path}
