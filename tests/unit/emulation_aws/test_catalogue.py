"""The tables: complete, honest, and in step with the program and with pulumi-aws."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws
import pytest

from emulation.aws.catalogue import FIDELITY, TYPES
from emulation.aws.invokes import INVOKES
from emulation.aws.resource import Fidelity
from emulation.echo import INVOKES as ECHOED
from emulation.paths import ROOT
from tests import harness
from tests.aws_only import AWS_ONLY

pytestmark = pytest.mark.unit

LOADED = harness.LOADED  # the modules of pulumi-aws that warn, loaded quietly

PROGRAM = [ROOT / "__main__.py", *sorted((ROOT / "components").rglob("*.py"))]


def sdk_class(type_: str) -> Any:
    """pulumi-aws's class of a type token."""
    found = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", type_)
    assert found, type_
    module = "lambda_" if found[1] == "lambda" else found[1]
    return getattr(getattr(pulumi_aws, module), found[2])


def wire_names(cls: Any, members: set[str]) -> set[str]:
    named = {n: getattr(cls, n) for n in members if isinstance(getattr(cls, n, None), property)}
    return {getattr(p.fget, "_pulumi_name", name) for name, p in named.items()}


def constructed(path: Path) -> set[str]:
    """The `aws.module.Class` names that a file calls, or hands to what calls them."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = {ast.unparse(part) for call in calls for part in (call.func, *call.args)}
    return {name for name in named if name.startswith("aws.")}


def test_the_provider_has_exactly_the_types_that_the_program_makes_on_the_laptop() -> None:
    names = {name for path in PROGRAM for name in constructed(path)}
    made = set()
    for type_ in (*TYPES, *AWS_ONLY):
        cls = sdk_class(type_)
        module = cls.__module__.split(".")[1]
        made.add(f"aws.{module}.{cls.__name__}")
    resources = {name for name in names if re.fullmatch(r"aws\.\w+\.[A-Z]\w+", name)}
    resources = {name for name in resources if not name.endswith("Args")}
    assert resources == made
    assert not AWS_ONLY.keys() & set(TYPES)


def test_both_providers_answer_the_functions_that_the_program_calls() -> None:
    names = {name for path in PROGRAM for name in constructed(path)}
    called = {name for name in names if re.fullmatch(r"aws\.(\w+\.)?get_\w+", name)}
    assert called
    for name in called:
        *module, function = name.removesuffix("_output").split(".")[1:]
        camel = re.sub(r"_(\w)", lambda m: m[1].upper(), function)
        token = f"aws:{(module or ['index'])[0]}/{camel}:{camel}"
        assert token in INVOKES
        assert token in ECHOED


@pytest.mark.parametrize("type_", TYPES)
def test_every_property_is_one_of_pulumi_aws(type_: str) -> None:
    cls = sdk_class(type_)
    known = set(inspect.signature(cls._internal_init).parameters)
    inputs = wire_names(cls, known)
    assert set(TYPES[type_].properties) <= inputs
    everything = wire_names(cls, {name for name, _ in inspect.getmembers(cls)})
    assert set(TYPES[type_].outputs) <= everything


@pytest.mark.parametrize("type_", TYPES)
def test_every_output_that_pulumi_aws_keeps_secret_is_secret_here(type_: str) -> None:
    source = inspect.getsource(sdk_class(type_)._internal_init)
    marked = re.findall(r"additional_secret_outputs=\[([^\]]*)\]", source)
    theirs = {name.strip("\"' ") for group in marked for name in group.split(",")}
    assert theirs & set(TYPES[type_].outputs) == TYPES[type_].secrets


@pytest.mark.parametrize("type_", TYPES)
def test_a_type_is_whole(type_: str) -> None:
    resource = TYPES[type_]
    assert issubclass(sdk_class(type_), pulumi.CustomResource)
    if resource.fidelity is Fidelity.SKIPPED:
        # Its `create` is there for the request that AWS would get; the provider makes none.
        assert resource.read is resource.update is resource.delete is None
        return
    assert resource.create
    assert resource.read
    assert resource.delete
    in_place = [name for name, rule in resource.properties.items() if not rule.replaces]
    assert bool(in_place) is bool(resource.update or type_ == "aws:s3/bucket:Bucket")
    assert set(resource.identity) <= set(resource.properties)
    assert resource.auto_name is None or resource.auto_name.property in resource.properties


def test_every_type_states_its_fidelity_and_what_is_not_real_says_why() -> None:
    assert list(FIDELITY) == sorted(TYPES)
    for type_, (fidelity, note) in FIDELITY.items():
        assert "\n" not in note
        assert note or fidelity is Fidelity.REAL, type_
