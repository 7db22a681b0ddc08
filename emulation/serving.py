"""What the engine's plugins of the laptop cloud share: a small server of its protocol.

The SDK's own server for Python providers cannot pass on a creation that failed halfway, drops the
digests of assets, cannot send unknown values, and adds a Python traceback to each message, so the
providers here answer the protocol themselves; docs/adr/0004 weighs that.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf import empty_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)
from pulumi.runtime.proto.status_pb2 import Status

from emulation import wire

_MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # what the engine itself allows
_THREADS = 16
"""The language host needs one for the program and one for each policy pack while they run."""
_PARENT_CHECK_SECONDS = 1.0


class Refused(Exception):
    """A plugin will not or cannot do what the engine asked; the text is for the user."""


class HalfCreated(Exception):
    """A resource exists but is not finished; the engine records it and repairs it next time."""

    def __init__(self, resource_id: str, state: wire.Properties, inputs: wire.Properties) -> None:
        super().__init__(resource_id)
        self.resource_id = resource_id
        self.state = state
        self.inputs = inputs


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The calls that all our providers answer in the same way."""

    def __init__(self, version: str) -> None:
        self._version = version
        self.variables: dict[str, str] = {}

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.variables = {k.rpartition(":")[2]: v for k, v in request.variables.items()}
        # Secrets are kept by the engine: it marks the outputs whose inputs are secret.
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()


class Log(Protocol):
    """Where a provider says something beside a resource."""

    def warning(self, message: str, urn: str) -> None: ...


class EngineLog:
    """Writes to the display of the engine that started this provider."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def warning(self, message: str, urn: str) -> None:
        """Shows one warning beside a resource."""
        request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn)
        self._stub.Log(request)


def half_created(context: grpc.ServicerContext, problem: HalfCreated, reason: str) -> NoReturn:
    """Answers a creation or an update with 'exists, but not finished'."""
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=problem.resource_id,
            properties=wire.dump(problem.state),
            inputs=wire.dump(problem.inputs),
            reasons=[reason],
        )
    )
    code = grpc.StatusCode.UNKNOWN
    status = Status(code=code.value[0], message=reason, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, reason)
    raise AssertionError("abort raises")


def serve_provider(servicer: Servicer) -> None:
    """Serves a provider until the engine ends it."""
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server))


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serves a plugin until the engine ends it; prints the port, as the engine expects.

    The engine ends its plugins with SIGINT and waits 5 s for each that does not listen. A person's
    Ctrl-C does not come here: the engine gives each plugin a process group of its own.
    """
    engine = os.getppid()
    options = [
        ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    done = threading.Event()

    def end(*_: object) -> None:
        done.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that is killed cannot end its plugins, and they would stay for ever.
    while os.getppid() == engine and not done.wait(_PARENT_CHECK_SECONDS):
        pass
    server.stop(grace=None)
