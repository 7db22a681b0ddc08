"""Builds the requests that create a graph's resources and holds them to botocore's models.

Nothing is sent. botocore itself checks types, members and lower bounds; its models also say which
values, upper bounds and texts a service takes, and this module checks those. The models know no
more than that of what is a text to them: policies, and the attributes of queues and topics.
"""

import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import inf
from typing import Any

import pulumi
from botocore.awsrequest import AWSResponse

from emulation.aws.calls import Aws, CallFailed
from emulation.aws.catalogue import TYPES
from emulation.aws.provider import EmulatedAws, input_problems
from emulation.wire import Asset, Properties
from tests.aws_only import AWS_ONLY, AWS_ONLY_INPUTS, own_request
from tests.harness import REGION, Graph, Resource
from tests.provider_calls import Driven

SETTLED = frozenset({"ACTIVE", "Active", "Successful"})
"""The states that a creation waits for."""
UNREADABLE: Mapping[str, str] = {
    r"^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$": "Java turns a flag on in the "
    "middle; a test of the budget's name holds it to the rest",
}
"""Pattern of a model -> why it is no pattern in Python; any other such pattern is a fault."""


@dataclass(frozen=True)
class Unsent(Aws):
    """Clients that build every request whole, judge its parameters, and keep it to themselves."""

    endpoint_url: str = "http://127.0.0.1:9"
    region: str = REGION
    operations: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """The client of one service."""
        made = service in self._clients
        client = super().client(service)
        if not made:
            client.meta.events.register_first("before-parameter-build", self._judge)
            client.meta.events.register_first("before-call", self._answer)
        return client

    def _judge(self, params: Properties, model: Any, **_: Any) -> None:
        operation = f"{model.service_model.service_name} {model.name}"
        self.operations.append(operation)
        self.faults.extend(
            f"{operation}: {found}" for found in faults_in(model.input_shape, params)
        )

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, Any]:
        shape = model.output_shape
        return AWSResponse("", 200, {}, None), least(shape) if shape else {}


def without_a_request(graph: Graph) -> set[str]:
    """The AWS types of a graph for which neither the local provider nor a test has a request."""
    types = {resource.type for resource in graph.resources if resource.type.startswith("aws:")}
    types -= AWS_ONLY.keys()
    return {type_ for type_ in types if type_ not in TYPES or TYPES[type_].create is None}


def faults(resources: Iterable[Resource], aws: Unsent) -> list[str]:
    """What AWS would refuse, as `URN: service operation: member: reason`."""
    return [f"{one.urn}: {found}" for one in resources for found in _faults_of(one, aws)]


def _faults_of(resource: Resource, aws: Unsent) -> list[str]:
    given = {
        name: _on_the_wire(value)
        for name, value in resource.inputs.items()
        if name not in AWS_ONLY_INPUTS
    }
    own = own_request(resource)
    table = None if own else TYPES[resource.type]
    if table and (refused := input_problems(table, given)):
        return [f"Check: {name}: {reason}" for name, reason in refused.items()]
    aws.operations.clear()
    aws.faults.clear()
    try:
        if table:
            _create(resource, given, aws)
        elif own:
            own(aws, resource)
        for name in AWS_ONLY_INPUTS.keys() & resource.inputs.keys():
            AWS_ONLY_INPUTS[name](aws, resource)
    except CallFailed as refused:
        reasons = refused.message.removeprefix("Parameter validation failed:\n").splitlines()
        aws.faults.extend(f"{refused.service} {refused.operation}: {why}" for why in reasons)
    if not aws.operations:
        aws.faults.append("no request was built")
    return list(aws.faults)


def _create(resource: Resource, given: Properties, aws: Aws) -> None:
    table = TYPES[resource.type]
    assert table.create, f"{resource.type} is one of those without a request"
    inputs = Driven(EmulatedAws("0", TYPES, None), resource.type, resource.name).check(given)
    table.settle(aws, table.create(aws, inputs), inputs)


def _on_the_wire(value: Any) -> Any:
    return Asset(path=str(value.path)) if isinstance(value, pulumi.FileAsset) else value


def faults_in(shape: Any, value: Any, member: str = "") -> Iterator[str]:
    """What the model forbids in a value, as `member: reason`; botocore finds wrong types."""
    match shape.type_name, value:
        case "structure", dict():
            for name in (name for name in value if name in shape.members):
                yield from faults_in(shape.members[name], value[name], f"{member}.{name}")
        case "list", list():
            yield from _bounds(shape, len(value), member, " items")
            for index, item in enumerate(value):
                yield from faults_in(shape.member, item, f"{member}[{index}]")
        case "map", dict():
            yield from _bounds(shape, len(value), member, " entries")
            for key, item in value.items():
                yield from faults_in(shape.key, key, f"{member}.{key}")
                yield from faults_in(shape.value, item, f"{member}.{key}")
        case "string", str():
            yield from _bounds(shape, len(value), member, " characters")
            allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
            if allowed and value not in allowed:
                yield f"{member[1:]}: {value!r} is none of {', '.join(allowed)}"
            if pattern and pattern not in UNREADABLE and (why := _mismatch(pattern, value)):
                yield f"{member[1:]}: {why}"
        case "blob", str() | bytes():
            yield from _bounds(shape, len(value), member, " bytes")
        case "integer" | "long" | "float" | "double", int() | float():
            yield from _bounds(shape, value, member, "")


def _bounds(shape: Any, size: float, member: str, unit: str) -> Iterator[str]:
    lowest, highest = shape.metadata.get("min", -inf), shape.metadata.get("max", inf)
    if not lowest <= size <= highest:
        side = f"less than {lowest}" if size < lowest else f"more than {highest}"
        yield f"{member[1:]}: {size}{unit} is {side}"


def _mismatch(pattern: str, text: str) -> str:
    try:
        matched = compiled(pattern).fullmatch(text)
    except (re.error, FutureWarning) as error:
        return f"the pattern {pattern} cannot be read: {error}"
    return "" if matched else f"{text!r} does not match {pattern}"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the models, which are Java's: ASCII classes, and Unicode's by `\\p{L}`.

    Raises re.error or FutureWarning for one that means something else in Python, or nothing.
    """
    python = re.sub(r"\\p\{([LMNPSZ])\}", lambda found: _category(found[1]), pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(python, re.ASCII)


@cache
def _category(initial: str) -> str:
    """The characters of a Unicode category, for the inside of a class; the basic plane's do."""
    runs: list[list[int]] = []
    for code in range(0x10000):
        if unicodedata.category(chr(code)).startswith(initial):
            if runs and runs[-1][1] == code - 1:
                runs[-1][1] = code
            else:
                runs.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in runs)


def least(shape: Any) -> Any:
    """The smallest answer of an output shape: every member, no items, things in a settled state."""
    match shape.type_name:
        case "structure":
            return {name: least(member) for name, member in shape.members.items()}
        case "list":
            return []
        case "map":
            return {}
        case "boolean":
            return False
        case "string":
            states = shape.metadata.get("enum", ["1"])
            return next((state for state in states if state in SETTLED), states[0])
        case _:
            return 1
