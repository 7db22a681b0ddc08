"""The inference application: parse, authorise, route, load, infer, answer, forget.

A function of a request and ports, without AWS. It never raises: whatever goes wrong becomes a
problem document, because an exception that leaves a handler costs the environment its loaded models
(always on the laptop's emulator, after a crash on Lambda).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contracts.log_line import Field
from contracts.manifest import Manifest
from contracts.metrics import Metric, Tier
from contracts.protocol import BINARY_HEADER, SCOPE_INFER, SCOPE_READ
from contracts.registry import VersionRecord, VersionState
from contracts.route import Route
from functions.predict import authorise, paths, routing
from functions.predict.messages import Request
from functions.predict.ports import Models, Registry, ShadowSender
from functions.shared import trace
from functions.shared.answers import Answer, ok, problem
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    BadRequest,
    BodyTooLarge,
    DeadlineExceeded,
    ModelNotFound,
    ServingError,
    StoreMisconfigured,
    WrongServingGroup,
)
from functions.shared.telemetry import RequestRecord, write_line

if TYPE_CHECKING:
    from functions.predict.codec import Encoded

SERVER_NAME = "warmline"
EXTENSIONS = ("binary_tensor_data",)
FIRST_SERVER_ERROR = 500
PLATFORMS = {"onnx": "onnxruntime_onnx", "triton": "triton"}
PRELOAD_RESERVE_SECONDS = 1.0
"""Standby versions are loaded after an answer only while more than this is left."""
PRELOAD_RETRY_SECONDS = 60.0


@dataclass(slots=True)
class Environment:
    """What one execution environment remembers between requests: nothing of any request."""

    init_ms: float | None = None
    """Until the first inference: how long initialisation took."""
    init_type: str = ""
    """What Lambda says began it; empty = it does not say."""
    preloaded: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])
    """Model -> (revision of the route whose versions were loaded, time of the next attempt)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """What the application needs from outside."""

    serving_group: str
    version: str
    """Of this project; the server's metadata tell it."""
    tenant_claim: str
    max_body_bytes: int
    registry: Registry
    models: Models
    shadow: ShadowSender | None = None
    write: Callable[[str], None] = write_line
    lambda_trace: Callable[[], str] = str
    """What X-Ray's header of this invocation says; empty = nothing."""
    environment: Environment = field(default_factory=Environment)


def serve(request: Request, ports: Ports) -> Answer:
    """Answer a request, write its log line, and forget it."""
    record = RequestRecord(ports.serving_group, trace.read(request.headers, ports.lambda_trace()))
    bytes_in = request.size_bytes
    try:
        answer = _answer(request, ports, record)
    except Exception as error:  # noqa: BLE001 - the boundary; the module says why
        answer = _problem(error, request.request_id, record)
    finally:
        request.forget()
    record.put({Field.BYTES_IN: bytes_in})
    _finish(record, request.request_id, answer, ports)
    return answer


def refuse(error: Exception, request_id: str, ports: Ports) -> Answer:
    """The answer, with its log line, where no request could be made of an event."""
    record = RequestRecord(ports.serving_group, trace.read({}, ports.lambda_trace()))
    answer = _problem(error, request_id, record)
    _finish(record, request_id, answer, ports)
    return answer


def _problem(error: Exception, request_id: str, record: RequestRecord) -> Answer:
    trace_id = record.trace.trace_id
    if isinstance(error, StoreMisconfigured):
        # Roles, keys and what AWS said of them are the operator's, who has the log.
        record.put({Field.PROBLEM: error.slug, Field.FAILURE: f"{error.detail}. {error.action}"})
        return problem(StoreMisconfigured("The cause is logged."), request_id, trace_id)
    if isinstance(error, ServingError):
        record.put({Field.PROBLEM: error.slug})
        return problem(error, request_id, trace_id)
    # What callers learn of an exception that nobody foresaw is that it happened.
    record.put({Field.PROBLEM: ServingError.slug, Field.FAILURE: place(error)})
    unforeseen = ServingError("An unexpected error; its cause is logged.")
    return problem(unforeseen, request_id, trace_id)


def _finish(record: RequestRecord, request_id: str, answer: Answer, ports: Ports) -> None:
    record.count(Metric.REQUESTS)
    record.count(Metric.ERRORS, int(answer.status >= FIRST_SERVER_ERROR))
    record.milliseconds(Metric.LATENCY, record.elapsed_ms())
    record.put(
        {
            Field.REQUEST_ID: request_id,
            Field.STATUS: answer.status,
            Field.BYTES_OUT: len(answer.body),
        }
    )
    record.emit(ports.write)


def place(error: BaseException) -> str:
    """Type and origin of an exception. Its text may hold a caller's data and is left out."""
    frame = error.__traceback__
    where = "?"
    while frame is not None:
        code = frame.tb_frame.f_code
        where = f"{code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}"
        frame = frame.tb_next
    return f"{type(error).__name__} at {where}"


def _answer(request: Request, ports: Ports, record: RequestRecord) -> Answer:
    asked = paths.parse(request.method, request.path)
    scope = SCOPE_INFER if asked.verb == "infer" else SCOPE_READ
    tenant = authorise.authorise(request.jwt, scope, ports.tenant_claim, ports.registry, record)
    record.put({Field.TENANT: tenant.name, Field.OPERATION: asked.verb})
    if asked.model is None:
        return ok({"name": SERVER_NAME, "version": ports.version, "extensions": list(EXTENSIONS)})
    authorise.require_model(tenant, asked.model)
    if asked.verb == "infer":
        return _infer(request, asked.model, asked.version, ports, record)
    if asked.verb == "ready":
        return _ready(asked.model, asked.version, ports, record)
    return _metadata(asked.model, asked.version, ports, record)


# --- operations --------------------------------------------------------------------------------


def _route(model: str, ports: Ports, record: RequestRecord) -> Route:
    route = ports.registry.route(model, record)
    if route is None:
        raise authorise.no_model()
    record.model = model
    return route


def _version(model: str, version: int, ports: Ports, record: RequestRecord) -> VersionRecord:
    found = ports.registry.version(model, version, record)
    if found is None or found.state is not VersionState.READY:
        raise ModelNotFound(f"version {version} of the model cannot answer: not registered.")
    record.model = model
    record.put({Field.VERSION: version})
    return found


def verified(found: VersionRecord, ports: Ports, record: RequestRecord) -> Manifest:
    """The signed manifest of a version of this function's serving group."""
    manifest = ports.models.manifest(found, record)
    if manifest.serving_group != ports.serving_group:
        raise WrongServingGroup(
            f"version {found.version} of the model belongs to serving group "
            f"{manifest.serving_group!r}; the request came to {ports.serving_group!r}."
        )
    return manifest


def _metadata(model: str, version: int | None, ports: Ports, record: RequestRecord) -> Answer:
    if version is None:
        route = _route(model, ports, record)
        versions, version = route.versions, routing.main_version(route)
    else:
        versions = (version,)
    manifest = verified(_version(model, version, ports, record), ports, record)
    return ok(
        {
            "name": model,
            "versions": [str(number) for number in versions],
            "platform": PLATFORMS[manifest.target],
            "inputs": [tensor.to_json() for tensor in manifest.inputs],
            "outputs": [tensor.to_json() for tensor in manifest.outputs],
        }
    )


def _ready(model: str, version: int | None, ports: Ports, record: RequestRecord) -> Answer:
    """Ready: every version that may answer is registered and its manifest verified."""
    if version is None:
        versions = tuple(number for number, _ in _route(model, ports, record).weights)
    else:
        versions = (version,)
    for number in versions:
        verified(_version(model, number, ports, record), ports, record)
    return ok({"name": model, "ready": True})


def _infer(
    request: Request, model: str, version: int | None, ports: Ports, record: RequestRecord
) -> Answer:
    if request.size_bytes > ports.max_body_bytes:
        raise BodyTooLarge(
            f"The body has {request.size_bytes} bytes; at most {ports.max_body_bytes} are accepted."
        )
    if "content-encoding" in request.headers:
        raise BadRequest("Content-Encoding is not supported; send the body as it is.")
    route = None
    if version is None:
        route = _route(model, ports, record)
        version = routing.choose(route, request.headers, request.request_id)
    found = _version(model, version, ports, record)
    manifest = verified(found, ports, record)
    route_ms = record.elapsed_ms()
    encoded = _run(request, found, manifest, route, ports, record, route_ms)
    if route is not None:
        _preload(route, ports, request.deadline, record)
    return Answer(200, encoded.body, encoded.headers)


def _run(
    request: Request,
    found: VersionRecord,
    manifest: Manifest,
    route: Route | None,
    ports: Ports,
    record: RequestRecord,
    route_ms: float,
) -> "Encoded":
    # They bring numpy: only what infers pays for it.
    from functions.predict import codec, shadow, tensors

    inference = codec.decode(request.body, request.headers.get(BINARY_HEADER), manifest)
    try:
        started = time.perf_counter()
        loaded = ports.models.load(found, request.deadline, record)
        load_ms = (time.perf_counter() - started) * 1000
        record.put({Field.CACHE_TIER: _tier(record)})
        if request.deadline.passed:
            raise DeadlineExceeded("The time for an answer was over before the model could run.")
        started = time.perf_counter()
        results = loaded.run(
            inference.inputs, inference.output_names, request.deadline, record.trace
        )
        run_ms = (time.perf_counter() - started) * 1000
        try:
            record.milliseconds(Metric.INFERENCE, run_ms)
            record.put({Field.ROUTE_MS: route_ms, Field.LOAD_MS: round(load_ms, 3)})
            _cold_start(ports.environment, record, route_ms, load_ms, run_ms)
            encoded = codec.encode(inference, manifest, results)
            if route is not None and route.shadow is not None and ports.shadow is not None:
                copied = shadow.pack(request, route, manifest, results, record.trace)
                sent = copied is not None and ports.shadow.send(copied)
                record.count(Metric.SHADOW_SENT if sent else Metric.SHADOW_DROPPED)
            return encoded
        finally:
            tensors.wipe(results)
    finally:
        inference.wipe()


_TIERS = (
    (Metric.CACHE_MISS, Tier.STORE),
    (Metric.CACHE_HIT_EFS, Tier.EFS),
    (Metric.CACHE_HIT_DISK, Tier.DISK),
)
"""The farthest first."""


def _tier(record: RequestRecord) -> str:
    """Where the model came from, as its loader counted it."""
    for metric, tier in _TIERS:
        if record.seen(metric):
            return tier
    return Tier.MEMORY


def _cold_start(
    environment: Environment, record: RequestRecord, route: float, load: float, run: float
) -> None:
    if environment.init_ms is None:
        return
    record.count(Metric.COLD_STARTS)
    record.milliseconds(Metric.COLD_INIT, environment.init_ms)
    record.milliseconds(Metric.COLD_ROUTE, route)
    record.milliseconds(Metric.COLD_LOAD, load)
    record.milliseconds(Metric.COLD_FIRST_INFERENCE, run)
    if environment.init_type:
        record.put({Field.INIT_TYPE: environment.init_type})
    environment.init_ms = None


def _preload(route: Route, ports: Ports, deadline: Deadline, record: RequestRecord) -> None:
    """Once per revision, bring the route's other versions into memory, so that a canary's first
    request and a rollback load nothing. The answer is ready; what fails here only waits."""
    now = time.monotonic()
    revision, again_at = ports.environment.preloaded.get(route.model, (0, 0.0))
    if revision == route.revision and now < again_at:
        return
    started, again_at = record.elapsed_ms(), float("inf")
    ports.models.keep(route.model, route.versions)
    for version in routing.ready_versions(route):
        if ports.models.loaded(route.model, version):
            continue
        if deadline.remaining() < PRELOAD_RESERVE_SECONDS:
            again_at = now
            break
        try:
            found = ports.registry.version(route.model, version, record)
            if found is not None and found.state is VersionState.READY:
                verified(found, ports, record)
                ports.models.load(found, deadline, record)
        except Exception as error:  # noqa: BLE001 - the answer is ready, and nothing may take it back
            known = isinstance(error, ServingError)
            record.put({Field.PRELOAD_PROBLEM: error.slug if known else place(error)})
            again_at = now + PRELOAD_RETRY_SECONDS
    ports.environment.preloaded[route.model] = (route.revision, again_at)
    record.put({Field.PRELOAD_MS: round(record.elapsed_ms() - started, 3)})
