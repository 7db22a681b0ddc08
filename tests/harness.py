"""Deploys a program under mocks and returns what it registered, as plain data."""

import asyncio
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from emulation import placeholders
from emulation.echo import INVOKES

with warnings.catch_warnings():
    # Modules load on first use, and these warn of classes that we do not use.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_aws

    LOADED = (pulumi_aws.s3.Bucket, pulumi_aws.lambda_.Function, pulumi_aws.ec2.Vpc)

ACCOUNT_ID = placeholders.ACCOUNT_ID
REGION = "us-east-1"
PROJECT = "warmline"
PUBLIC_KEY = placeholders.PUBLIC_KEY


@dataclass(frozen=True)
class Resource:
    """A registered resource, with its inputs in the provider's spelling."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    parent: str
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    """Input -> URNs of the resources that it comes from."""
    protect: bool
    custom: bool
    secret_outputs: tuple[str, ...] = ()
    delete_before_replace: bool = False
    ignored_changes: tuple[str, ...] = ()
    """Inputs whose change the engine overlooks once the resource is made."""


@dataclass
class Graph:
    """Everything that one deployment registered."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, frozenset[str]] = field(default_factory=dict)
    """Component's URN -> names of the outputs that it registered."""

    def all(self, type_: str) -> list[Resource]:
        return sorted((r for r in self.resources if r.type == type_), key=lambda r: r.urn)

    def one(self, type_: str, name: str) -> Resource:
        found = [r for r in self.all(type_) if r.name == name]
        names = [r.name for r in self.all(type_)]
        assert len(found) == 1, f"{len(found)} of {type_} are called {name}; there are {names}"
        return found[0]

    def none(self, type_: str) -> None:
        found = [r.urn for r in self.all(type_)]
        assert not found, f"there should be no {type_}, but there are {found}"

    def urns(self) -> list[str]:
        return sorted(r.urn for r in self.resources)


class Mocks(pulumi.runtime.Mocks):
    """Answers as a preview without an account; a lookup without an answer there is an error."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict]:
        id_, computed = placeholders.physical(args.typ, args.name, args.inputs, REGION)
        return id_, {**args.inputs, **computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict, list]:
        return INVOKES[args.token]({"region": REGION}, args.args), []


@contextmanager
def _loop_of_this_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that is closed again; the SDK would leave its own open."""
    loop = asyncio.new_event_loop()
    # A run that fails says so by raising. Its other futures would be logged when garbage is
    # collected; Python 3.11 parses source to log a traceback, and a parse that the collection
    # interrupted then ends with "AST constructor recursion depth mismatch".
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


class _Monitor(pulumi.runtime.mocks.MockMonitor):
    """Keeps the requests that mocks alone do not show: parents, dependencies, protection."""

    def __init__(self, mocks: Mocks, graph: Graph) -> None:
        super().__init__(mocks)
        self._graph = graph

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does it: all ancestors' types but the stack's."""
        ancestors = parent.split("::")[2] if parent else ""
        if ancestors and ancestors != "pulumi:pulumi:Stack":
            type_ = f"{ancestors}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{type_}::{name}"

    def Invoke(self, request: Any) -> Any:
        with _loop_of_this_thread():
            return super().Invoke(request)

    def RegisterResource(self, request: Any) -> Any:
        with _loop_of_this_thread():
            response = super().RegisterResource(request)
        inputs = pulumi.runtime.rpc.deserialize_properties(request.object, keep_unknowns=True)
        outputs = pulumi.runtime.rpc.deserialize_properties(response.object, keep_unknowns=True)
        if request.type != "pulumi:pulumi:Stack":
            self._graph.resources.append(
                Resource(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    inputs=inputs,
                    outputs=outputs,
                    parent=request.parent,
                    dependencies=frozenset(request.dependencies),
                    property_dependencies={
                        key: frozenset(found.urns)
                        for key, found in request.propertyDependencies.items()
                    },
                    protect=request.protect,
                    custom=request.custom,
                    secret_outputs=tuple(request.additionalSecretOutputs),
                    delete_before_replace=request.deleteBeforeReplace,
                    ignored_changes=tuple(request.ignoreChanges),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        response = super().RegisterResourceOutputs(request)
        self._graph.registered[request.urn] = frozenset(request.outputs.keys())
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self._graph.outputs.update(
                pulumi.runtime.rpc.deserialize_properties(request.outputs, keep_unknowns=True)
            )
        return response


def deploy(
    build: Callable[[], Any], *, stack: str = "test", config: Mapping[str, str] | None = None
) -> Graph:
    """Runs `build` to the end under fresh mocks. What it raises comes out here."""
    graph = Graph()
    mocks = Mocks()
    set_all_config(dict(config or {}))
    # What an earlier run left behind, above all one that failed, belongs to a closed loop.
    left_over = cast(Any, SETTINGS)
    left_over.rpc_manager.clear()
    left_over.outputs.clear()
    with _loop_of_this_thread() as loop:
        pulumi.runtime.set_mocks(
            mocks, project=PROJECT, stack=stack, preview=False, monitor=_Monitor(mocks, graph)
        )

        # Mocks come with a stack of their own, which takes no outputs.
        set_root_resource(cast(pulumi.Resource, None))
        loop.run_until_complete(run_in_stack(build))
    return graph
