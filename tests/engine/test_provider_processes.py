"""The providers as the engine meets them: processes that answer its protocol."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from emulation import processes, wire
from emulation.paths import ROOT
from emulation.serving import EngineLog
from tests.engine.workbench import wait_for_end

pytestmark = pytest.mark.engine

LIMIT_SECONDS = 20
PROVIDERS = {
    "emulation.aws": version("pulumi-aws"),
    "emulation.echo aws": version("pulumi-aws"),
    "emulation.echo eks": "4.4.0",
    "emulation.echo kubernetes": "4.34.2",
}
PARENT = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-m", "emulation.aws", "127.0.0.1:9"], stdout=subprocess.PIPE, text=True
)
port = child.stdout.readline().strip()
print(child.pid, port, flush=True)
sys.stdin.readline()
"""


@contextmanager
def provider(module: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    command = [sys.executable, "-m", *module.split(), "127.0.0.1:9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield process, provider_pb2_grpc.ResourceProviderStub(channel)
        finally:
            process.terminate()
            process.wait(LIMIT_SECONDS)


@pytest.mark.parametrize(("module", "version"), PROVIDERS.items())
def test_a_provider_says_its_version_and_that_it_can_preview(module: str, version: str) -> None:
    with provider(module) as (_process, stub):
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=LIMIT_SECONDS).version == version
        configured = stub.Configure(provider_pb2.ConfigureRequest(), timeout=LIMIT_SECONDS)
        assert configured.supportsPreview
        assert not configured.acceptSecrets


def test_a_refusal_reaches_the_engine_as_one_sentence_without_a_traceback() -> None:
    with provider("emulation.aws") as (_process, stub):
        urn = "urn:pulumi:local::warmline::aws:sqs/queue:Nope::q"
        with pytest.raises(grpc.RpcError) as refused:
            stub.Check(provider_pb2.CheckRequest(urn=urn), timeout=LIMIT_SECONDS)
        details = str(refused.value.details())  # type: ignore[attr-defined]
        assert "the local stack has no type aws:sqs/queue:Nope" in details
        assert "Traceback" not in details


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_a_provider_that_the_engine_ends_is_gone_at_once(ends: signal.Signals) -> None:
    """The engine sends SIGINT and would wait for 5 seconds, in every run."""
    with provider("emulation.echo aws") as (process, _stub):
        process.send_signal(ends)
        assert process.wait(2) == 0


def test_a_provider_ends_when_the_engine_that_started_it_was_killed() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline().split()[0])
        assert processes.started(pid)
        os.kill(parent.pid, signal.SIGKILL)
    wait_for_end(pid)


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Stands for the engine: keeps what it is told."""

    def __init__(self) -> None:
        self.registered: list[Any] = []
        self.logged: list[Any] = []

    def Log(self, request: Any, context: Any) -> Any:
        self.logged.append(request)
        return empty_pb2.Empty()

    def RegisterResource(self, request: Any, context: Any) -> Any:
        self.registered.append(request)
        return resource_pb2.RegisterResourceResponse(urn=f"urn:{request.type}::{request.name}")

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


@pytest.fixture
def engine() -> Iterator[tuple[Engine, str]]:
    standing_in = Engine()
    server = grpc.server(ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(standing_in, server)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(standing_in, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield standing_in, f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_a_previewed_cluster_is_registered_with_its_inputs(engine: tuple[Engine, str]) -> None:
    standing_in, address = engine
    with provider("emulation.echo eks") as (_process, stub):
        answer = stub.Construct(
            provider_pb2.ConstructRequest(
                type="eks:index:Cluster",
                name="gpu",
                parent="urn:the-parent",
                dryRun=True,
                monitorEndpoint=address,
                inputs=wire.dump({"version": "1.33"}),
            ),
            timeout=LIMIT_SECONDS,
        )
    (registered,) = standing_in.registered
    assert answer.urn == "urn:eks:index:Cluster::gpu"
    assert registered.parent == "urn:the-parent"
    assert not registered.custom
    assert wire.load(registered.object) == {"version": "1.33"}
    assert wire.load(answer.state) == {}


def test_a_warning_is_shown_beside_its_resource(engine: tuple[Engine, str]) -> None:
    standing_in, address = engine
    EngineLog(address).warning("not in the emulator", "urn:it")
    (logged,) = standing_in.logged
    assert (logged.urn, logged.message) == ("urn:it", "not in the emulator")
    assert (
        logged.severity
        == logged.DESCRIPTOR.fields_by_name["severity"].enum_type.values_by_name["WARNING"].number
    )
