"""What holds for every component: its outputs, and its page."""

import re
from typing import Any

import pulumi
import pytest

from components.code_signing import CodeSigning
from components.encrypted_bucket import EncryptedBucket
from components.encryption_keys import EncryptionKeys
from components.function import Function
from components.identity import Access, Identity
from components.inference_api import InferenceApi
from components.model_registry import ModelRegistry
from components.model_store import ModelStore
from components.observability import Observability
from components.packaging import ROOT
from components.serving_group import ServingGroup
from components.shadow_queue import ShadowQueue
from tests.harness import Graph

pytestmark = pytest.mark.graph

COMPONENTS: tuple[type[pulumi.ComponentResource], ...] = (
    *(CodeSigning, EncryptedBucket, EncryptionKeys, Function, Identity, InferenceApi),
    *(ModelRegistry, ModelStore, Observability, ServingGroup, ShadowQueue),
)
HEADINGS = ["What exists afterwards", "Arguments", "Outputs", "Cost", "Limits"]
NAMES = {component.__name__: component for component in COMPONENTS}


def outputs_of(component: type) -> set[str]:
    """Annotated attributes; other components, and bundles of outputs, are no outputs themselves."""

    def counts(hint: Any) -> bool:
        return not (isinstance(hint, type) and issubclass(hint, pulumi.ComponentResource | Access))

    return {name for name, hint in component.__annotations__.items() if counts(hint)}


def page_of(name: str) -> str:
    return (ROOT / "docs" / "components" / f"{name}.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_component_registers_exactly_the_outputs_that_it_declares(dev: Graph, name: str) -> None:
    of_this_type = f"warmline:components:{name}"
    made = [r.urn for r in dev.resources if r.type == of_this_type]
    assert made
    for urn in made:
        assert dev.registered[urn] == outputs_of(NAMES[name])


def test_every_component_of_the_stack_is_looked_at_here(dev: Graph) -> None:
    types = {r.type.split(":")[-1] for r in dev.resources if not r.custom}
    assert types == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_component_has_a_page_of_the_common_form(name: str) -> None:
    page = page_of(name)
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("name", NAMES)
def test_a_page_lists_the_outputs_and_no_others(name: str) -> None:
    section = page_of(name).split("## Outputs")[1].split("## ")[0]
    listed = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    assert listed == set(NAMES[name].__annotations__)


def test_there_is_no_page_without_a_component() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "components").glob("*.md")}
    assert pages == set(NAMES)
