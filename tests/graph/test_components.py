"""What holds for every component: its arguments and outputs, its page, its place in the program."""

import ast
import re
from collections import Counter
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.budget import Budget
from components.code_signing import CodeSigning
from components.encrypted_bucket import EncryptedBucket
from components.encryption_keys import EncryptionKeys
from components.front_door import ApiMetrics
from components.function import Function
from components.identity import Access, Identity
from components.image_repository import ImageRepository
from components.inference_api import InferenceApi
from components.model_file_system import ModelFileSystem, SharedCache
from components.model_registry import ModelRegistry
from components.model_store import ModelStore
from components.network import FunctionNetwork, Network
from components.observability import Observability
from components.packaging import ROOT
from components.serving_group import ServingGroup
from components.shadow_queue import ShadowQueue
from components.token_authorizer import TokenAuthorizer
from tests.graph.programs import STACKS, VARIANTS, graph_of

pytestmark = pytest.mark.graph

COMPONENTS: tuple[type[pulumi.ComponentResource], ...] = (
    *(Budget, CodeSigning, EncryptedBucket, EncryptionKeys, Function, Identity),
    *(ImageRepository, InferenceApi, ModelFileSystem, ModelRegistry, ModelStore),
    *(Network, Observability, ServingGroup, ShadowQueue, TokenAuthorizer),
)
HEADINGS = ["What exists afterwards", "Arguments", "Outputs", "Cost", "Limits"]
BUNDLES = (pulumi.ComponentResource, Access, ApiMetrics, FunctionNetwork, SharedCache)
"""What is no output itself: other components, and outputs that go together."""
GRAPHS = (*STACKS, *VARIANTS)
NAMES = {component.__name__: component for component in COMPONENTS}


def outputs_of(component: type) -> set[str]:
    """Annotated attributes that are outputs."""

    def counts(hint: Any) -> bool:
        return not (isinstance(hint, type) and issubclass(hint, BUNDLES))

    return {name for name, hint in component.__annotations__.items() if counts(hint)}


def arguments_of(component: type) -> dict[str, Field[Any]]:
    return {each.name: each for each in fields(component.__init__.__annotations__["args"])}


def section_of(name: str, heading: str) -> str:
    return page_of(name).split(f"## {heading}\n")[1].split("\n## ")[0]


def page_of(name: str) -> str:
    return (ROOT / "docs" / "components" / f"{name}.md").read_text()


def made_in(*files: Path) -> Counter[str]:
    """How often each component is made in the text of these files."""
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    called = (node.func for node in nodes if isinstance(node, ast.Call))
    return Counter(each.id for each in called if isinstance(each, ast.Name) and each.id in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_component_registers_exactly_the_outputs_that_it_declares(name: str) -> None:
    of_this_type = f"warmline:components:{name}"
    registered = [
        graph.registered[resource.urn]
        for graph in map(graph_of, GRAPHS)
        for resource in graph.all(of_this_type)
    ]
    assert registered
    assert all(each == outputs_of(NAMES[name]) for each in registered)


def test_every_component_of_the_stacks_is_looked_at_here() -> None:
    made = [resource for name in GRAPHS for resource in graph_of(name).resources]
    assert {r.type.split(":")[-1] for r in made if not r.custom} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_component_has_a_page_of_the_common_form(name: str) -> None:
    page = page_of(name)
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("name", NAMES)
def test_a_page_lists_the_outputs_and_no_others(name: str) -> None:
    listed = set(re.findall(r"^\| `(\w+)`", section_of(name, "Outputs"), re.MULTILINE))
    assert listed == set(NAMES[name].__annotations__)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_lists_the_arguments_and_which_are_required(name: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", section_of(name, "Arguments"), re.MULTILINE)
    assert {argument: default == "required" for argument, default in rows} == {
        argument: about.default is MISSING and about.default_factory is MISSING
        for argument, about in arguments_of(NAMES[name]).items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_given_by_name_and_do_not_change(name: str) -> None:
    arguments = NAMES[name].__init__.__annotations__["args"]
    assert arguments.__dataclass_params__.frozen
    assert all(about.kw_only for about in arguments_of(NAMES[name]).values())


@pytest.mark.parametrize("name", NAMES)
def test_a_component_stands_once_in_the_program_or_is_made_by_another(name: str) -> None:
    program, others = made_in(ROOT / "__main__.py"), made_in(*ROOT.glob("components/*.py"))
    assert program[name] == 1 or (program[name] == 0 and others[name] > 0)


def test_there_is_no_page_without_a_component() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "components").glob("*.md")}
    assert pages == set(NAMES)
