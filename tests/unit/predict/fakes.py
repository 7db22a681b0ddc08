"""Stand-ins for what lies outside the request path; each can fail in the ways the real one does."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contracts.manifest import Manifest, ModelFile
from contracts.metrics import Metric
from contracts.protocol import TensorSpec
from contracts.registry import Tenant, VersionRecord, VersionState
from contracts.route import Route
from functions.predict.app import Ports
from functions.predict.messages import Request
from functions.predict.ports import Observer
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded
from functions.shared.trace import Trace

GROUP = "default"
CLAIM = "client_id"
LAMBDA_TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
TENANT = Tenant(claim="client-a", name="acme", models=frozenset({"adder", "texts", "halves"}))
JWT = {"claims": {CLAIM: "client-a", "scope": "models/infer models/read"}, "scopes": []}


def manifest(
    model: str = "adder",
    version: int = 1,
    *,
    inputs: Sequence[tuple[str, str, tuple[int, ...]]] = (("x", "FP32", (-1, 4)),),
    outputs: Sequence[tuple[str, str, tuple[int, ...]]] = (("y", "FP32", (-1, 4)),),
    max_batch_size: int = 8,
    serving_group: str = GROUP,
) -> Manifest:
    return Manifest(
        model=model,
        version=version,
        serving_group=serving_group,
        target="onnx",
        entrypoint="model.onnx",
        files=(ModelFile(name="model.onnx", sha256="0" * 64, size_bytes=1),),
        inputs=tuple(TensorSpec(name=n, datatype=d, shape=s) for n, d, s in inputs),
        outputs=tuple(TensorSpec(name=n, datatype=d, shape=s) for n, d, s in outputs),
        max_batch_size=max_batch_size,
        memory_mb=1,
    )


def registered(of: Manifest, state: VersionState = VersionState.READY) -> VersionRecord:
    return VersionRecord(
        model=of.model,
        version=of.version,
        state=state,
        manifest=of.canonical().decode(),
        signature=None,
        created_at="2026-11-01T00:00:00Z",
    )


def add_version(inputs: Mapping[str, np.ndarray], of: Manifest) -> dict[str, np.ndarray]:
    """The model `adder`: each version adds its own number, so an answer tells who gave it."""
    return {"y": inputs["x"] + np.float32(of.version)}


def explode(*_: Any) -> Any:
    """A fault that nobody foresaw, whose text must not get out."""
    raise RuntimeError("secret-marker in the text of an exception")


Compute = Callable[[Mapping[str, np.ndarray], Manifest], dict[str, np.ndarray]]


@dataclass
class FakeModel:
    manifest: Manifest
    compute: Compute
    traces: list[Trace] = field(default_factory=list)

    def run(
        self,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: Deadline,
        trace: Trace,
    ) -> dict[str, np.ndarray]:
        self.traces.append(trace)
        results = self.compute(inputs, self.manifest)
        if deadline.passed:
            raise DeadlineExceeded("the model was stopped")
        return {name: results[name] for name in outputs}


@dataclass
class FakeModels:
    """A model cache whose versions can be broken: `broken[model, version] = ModelIntegrity()`."""

    compute: Compute = add_version
    broken: dict[tuple[str, int], Exception] = field(default_factory=dict)
    loads: list[tuple[str, int]] = field(default_factory=list)
    kept: dict[str, Sequence[int]] = field(default_factory=dict)
    memory: dict[tuple[str, int], FakeModel] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)
    """Of each run."""

    def manifest(self, record: VersionRecord, observer: Observer) -> Manifest:
        return Manifest.parse(record.manifest.encode())

    def load(self, record: VersionRecord, deadline: Deadline, observer: Observer) -> FakeModel:
        key = (record.model, record.version)
        if key in self.broken:
            raise self.broken[key]
        if key not in self.memory:
            observer.count(Metric.CACHE_MISS)
            self.loads.append(key)
            self.memory[key] = FakeModel(self.manifest(record, observer), self.compute, self.traces)
        else:
            observer.count(Metric.CACHE_HIT_MEMORY)
        return self.memory[key]

    def loaded(self, model: str, version: int) -> bool:
        return (model, version) in self.memory

    def keep(self, model: str, versions: Sequence[int]) -> None:
        self.kept[model] = versions


@dataclass
class FakeRegistry:
    """A registry that can be unreachable: `down = RegistryUnavailable(...)`."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    versions: dict[tuple[str, int], VersionRecord] = field(default_factory=dict)
    down: Exception | None = None

    def _up(self) -> None:
        if self.down is not None:
            raise self.down

    def tenant(self, claim: str, observer: Observer) -> Tenant | None:
        self._up()
        return self.tenants.get(claim)

    def route(self, model: str, observer: Observer) -> Route | None:
        self._up()
        return self.routes.get(model)

    def version(self, model: str, version: int, observer: Observer) -> VersionRecord | None:
        self._up()
        return self.versions.get((model, version))

    def register(self, *manifests: Manifest) -> None:
        for each in manifests:
            self.versions[each.model, each.version] = registered(each)


@dataclass
class FakeQueue:
    """A shadow sender; `accepts = False` drops every copy."""

    accepts: bool = True
    messages: list[bytes] = field(default_factory=list)

    def send(self, message: bytes) -> bool:
        if self.accepts:
            self.messages.append(message)
        return self.accepts


@dataclass
class Bench:
    """A wired application with what a test looks at."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    models: FakeModels = field(default_factory=FakeModels)
    queue: FakeQueue = field(default_factory=FakeQueue)
    lines: list[str] = field(default_factory=list)
    lambda_trace: str = LAMBDA_TRACE

    def __post_init__(self) -> None:
        self.registry.tenants[TENANT.claim] = TENANT
        self.ports = Ports(
            serving_group=GROUP,
            version="1.2.3",
            tenant_claim=CLAIM,
            max_body_bytes=100_000,
            registry=self.registry,
            models=self.models,
            shadow=self.queue,
            write=self.lines.append,
            lambda_trace=lambda: self.lambda_trace,
        )

    @property
    def log(self) -> dict[str, Any]:
        """The last line."""
        return json.loads(self.lines[-1])


def adder(
    *,
    weights: Sequence[tuple[int, int]] = ((1, 10_000),),
    lambda_trace: str = LAMBDA_TRACE,
    **route: Any,
) -> Bench:
    """An application that serves the versions of `adder` that the route mentions."""
    bench = Bench(lambda_trace=lambda_trace)
    made = Route(model="adder", revision=1, weights=tuple(weights), **route)
    bench.registry.routes["adder"] = made
    bench.registry.register(*(manifest(version=version) for version in made.versions))
    return bench


def request(
    body: bytes | str | dict[str, Any] = "",
    *,
    path: str = "/v2/models/adder/infer",
    method: str = "POST",
    jwt: Mapping[str, Any] = JWT,
    seconds: float = 10.0,
    request_id: str = "request-1",
    headers: Mapping[str, str] | None = None,
) -> Request:
    if isinstance(body, dict):
        body = json.dumps(body)
    return Request(
        method=method,
        path=path,
        headers=headers or {},
        body=bytearray(body) if isinstance(body, bytes) else body,
        jwt=jwt,
        request_id=request_id,
        deadline=Deadline.after(seconds),
    )


def tensor(
    name: str = "x", datatype: str = "FP32", shape: Sequence[int] = (1, 4), **more: Any
) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), **more}


GOOD: dict[str, Any] = {"inputs": [tensor(data=[1, 2, 3, 4])]}
