"""Calls a provider as the engine does, without the engine and without a network in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.status_pb2 import Status

from emulation import wire
from emulation.wire import Properties

SEED = b"a seed of the engine"


class Aborted(Exception):
    """What the user would read; `detail` is set when the resource exists all the same."""

    def __init__(self, message: str, metadata: Any) -> None:
        super().__init__(message)
        self.detail = None
        for _name, value in metadata:
            status = Status.FromString(value)
            self.detail = provider_pb2.ErrorResourceInitFailed()
            status.details[0].Unpack(self.detail)


class _Context:
    """The part of a gRPC context that providers use."""

    def __init__(self) -> None:
        self._metadata: Any = ()

    def set_trailing_metadata(self, metadata: Any) -> None:
        self._metadata = metadata

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        assert code is not grpc.StatusCode.OK
        raise Aborted(message, self._metadata)


def context() -> Any:
    """A context of one call."""
    return _Context()


@dataclass
class Warnings:
    """Stands for the engine's display."""

    texts: list[str] = field(default_factory=list)

    def warning(self, message: str, urn: str) -> None:
        self.texts.append(f"{urn}: {message}")


@dataclass
class Driven:
    """One resource, with the state that the engine would keep of it."""

    provider: Any
    type: str
    name: str
    inputs: Properties = field(default_factory=dict)
    state: Properties = field(default_factory=dict)
    id: str = ""

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::warmline::warmline:components:Any${self.type}::{self.name}"

    def check(self, given: Mapping[str, Any]) -> Properties:
        """The checked inputs; raises AssertionError with the refusals."""
        request = provider_pb2.CheckRequest(
            urn=self.urn, olds=wire.dump(self.inputs), news=wire.dump(given), randomSeed=SEED
        )
        answer = self.provider.Check(request, context())
        assert not answer.failures, [f"{f.property}: {f.reason}" for f in answer.failures]
        return wire.load(answer.inputs)

    def refusals(self, given: Mapping[str, Any]) -> dict[str, str]:
        request = provider_pb2.CheckRequest(urn=self.urn, olds=Struct(), news=wire.dump(given))
        return {f.property: f.reason for f in self.provider.Check(request, context()).failures}

    def diff(self, new: Properties, old: Properties | None = None) -> Any:
        return self.provider.Diff(
            provider_pb2.DiffRequest(
                id=self.id,
                urn=self.urn,
                olds=wire.dump(self.state),
                old_inputs=wire.dump(self.inputs if old is None else old),
                news=wire.dump(new),
            ),
            context(),
        )

    def preview_create(self, given: Mapping[str, Any]) -> Any:
        properties = wire.dump(self.check(given))
        request = provider_pb2.CreateRequest(urn=self.urn, properties=properties, preview=True)
        return self.provider.Create(request, context())

    def create(self, given: Mapping[str, Any]) -> "Driven":
        self.inputs = self.check(given)
        request = provider_pb2.CreateRequest(urn=self.urn, properties=wire.dump(self.inputs))
        answer = self.provider.Create(request, context())
        self.id, self.state = answer.id, wire.load(answer.properties)
        return self

    def preview_update(self, given: Mapping[str, Any]) -> Properties:
        return wire.load(self._update(self.check(given), preview=True).properties)

    def update(self, given: Mapping[str, Any]) -> None:
        new = self.check(given)
        self.state = wire.load(self._update(new, preview=False).properties)
        self.inputs = new

    def _update(self, new: Properties, *, preview: bool) -> Any:
        return self.provider.Update(
            provider_pb2.UpdateRequest(
                id=self.id,
                urn=self.urn,
                olds=wire.dump(self.state),
                old_inputs=wire.dump(self.inputs),
                news=wire.dump(new),
                preview=preview,
            ),
            context(),
        )

    def refresh(self) -> tuple[str, Properties, Properties]:
        """Id, inputs and state as the provider sees them now; an empty id = it is gone."""
        answer = self.provider.Read(
            provider_pb2.ReadRequest(
                id=self.id,
                urn=self.urn,
                properties=wire.dump(self.state),
                inputs=wire.dump(self.inputs),
            ),
            context(),
        )
        return answer.id, wire.load(answer.inputs), wire.load(answer.properties)

    def drift(self) -> list[str]:
        """The properties that a refresh would show as changed."""
        found, inputs, _state = self.refresh()
        assert found, f"{self.type} {self.id} does not exist"
        return sorted(self.diff(self.inputs, old=inputs).diffs)

    def delete(self) -> None:
        request = provider_pb2.DeleteRequest(
            id=self.id,
            urn=self.urn,
            properties=wire.dump(self.state),
            old_inputs=wire.dump(self.inputs),
        )
        self.provider.Delete(request, context())
