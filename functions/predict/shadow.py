"""Shadow versions: a copy of a request goes to a queue after its answer is computed, and the shadow
version's results are compared there with the answer that was given.

The copy holds the request's body and the answer's tensors. It lives in the encrypted queue until it
is consumed, and nowhere else.
"""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from contracts.log_line import Field
from contracts.manifest import Manifest
from contracts.metrics import Metric
from contracts.protocol import BINARY_HEADER
from contracts.registry import VersionRecord, VersionState
from contracts.route import Route
from functions.predict import codec, tensors
from functions.predict.app import Ports, place, verified
from functions.predict.messages import Request
from functions.shared import trace
from functions.shared.deadline import Deadline
from functions.shared.errors import ServingError
from functions.shared.telemetry import RequestRecord

MAX_MESSAGE_BYTES = 256_000
"""SQS took 262,144 bytes before it took more; the smaller number is safe everywhere."""
MAX_REQUEST_ID = 64
"""Characters of a message's request id that reach the log; the gateway's have 16."""
RELATIVE_TOLERANCE = 1e-3
ABSOLUTE_TOLERANCE = 1e-5
"""Two versions agree on a float within these; on everything else exactly."""


def pack(
    request: Request,
    route: Route,
    manifest: Manifest,
    results: Mapping[str, np.ndarray],
    traced: trace.Trace,
) -> bytes | None:
    """The message for the queue, or `None` when the copy would be too large."""
    raw = request.body.encode() if isinstance(request.body, str) else request.body
    size = len(raw) + sum(tensor.nbytes for tensor in results.values())
    if size > MAX_MESSAGE_BYTES * 3 // 4:
        return None
    message = {
        "model": route.model,
        "version": route.shadow,
        "request_id": request.request_id,
        "trace": traced.outgoing(),
        "header_length": request.headers.get(BINARY_HEADER),
        "body": base64.b64encode(raw).decode(),
        "answered_by": manifest.version,
        "answer": {name: describe(tensor) for name, tensor in results.items()},
    }
    text = json.dumps(message, separators=(",", ":")).encode()
    return text if len(text) <= MAX_MESSAGE_BYTES else None


def consume(event: Mapping[str, Any], ports: Ports, deadline: Deadline) -> dict[str, Any]:
    """Run the shadow version on each message of an SQS event. What failed is reported by its
    message id, and SQS delivers it again; a version that refuses the input merely differs."""
    failed: list[dict[str, str]] = []
    for raw in cast(list[Mapping[str, Any]], event.get("Records") or []):
        record = RequestRecord(ports.serving_group, trace.read({}, ports.lambda_trace()))
        record.put({Field.OPERATION: "shadow", Field.MESSAGE_ID: str(raw.get("messageId"))})
        try:
            message = json.loads(raw["body"])
            record.follow(_trace_of(message, ports))
            record.count(_compare(message, ports, deadline, record))
        except Exception as error:  # noqa: BLE001 - one bad message must not fail the others
            slug = error.slug if isinstance(error, ServingError) else ServingError.slug
            record.put({Field.PROBLEM: slug, Field.FAILURE: place(error)})
            failed.append({"itemIdentifier": str(raw.get("messageId"))})
        record.put({Field.TOTAL_MS: record.elapsed_ms()})
        record.emit(ports.write)
    return {"batchItemFailures": failed}


def _trace_of(message: dict[str, Any], ports: Ports) -> trace.Trace:
    """The trace of the request that was copied; a new one where the message tells of none."""
    told: object = message.get("trace")
    headers = cast(dict[str, object], told) if isinstance(told, dict) else {}
    return trace.read(headers, ports.lambda_trace())


def _compare(
    message: dict[str, Any], ports: Ports, deadline: Deadline, record: RequestRecord
) -> Metric:
    """What became of a copy. The route is asked anew: shadowing may have ended meanwhile, and
    whoever can write to the queue gets no other version run than an operator chose."""
    route = ports.registry.route(message["model"], record)
    if route is None or route.shadow is None or route.shadow != message["version"]:
        return Metric.SHADOW_DROPPED
    found = ports.registry.version(route.model, route.shadow, record)
    if found is None or found.state is not VersionState.READY:
        return Metric.SHADOW_DIFFERED
    record.model = found.model
    record.put(
        {
            Field.VERSION: found.version,
            Field.ANSWERED_BY: int(message["answered_by"]),
            Field.REQUEST_ID: str(message["request_id"])[:MAX_REQUEST_ID],
        }
    )
    manifest = verified(found, ports, record)
    body = bytearray(base64.b64decode(message["body"]))
    try:
        same = _same(message, body, found, manifest, ports, deadline, record)
    finally:
        body[:] = bytes(len(body))
    return Metric.SHADOW_AGREED if same else Metric.SHADOW_DIFFERED


def _same(
    message: dict[str, Any],
    body: bytearray,
    found: VersionRecord,
    manifest: Manifest,
    ports: Ports,
    deadline: Deadline,
    record: RequestRecord,
) -> bool:
    """Whether the shadow's outputs are those of the answer."""
    try:
        inference = codec.decode(body, message["header_length"], manifest)
    except ServingError as error:
        record.put({Field.PROBLEM: error.slug})
        return False
    answer = message["answer"]
    try:
        loaded = ports.models.load(found, deadline, record)
        started = time.perf_counter()
        results = loaded.run(inference.inputs, list(answer), deadline, record.trace)
        record.put({Field.SHADOW_MS: round((time.perf_counter() - started) * 1000, 3)})
        try:
            return all(agree(answer[name], results.get(name)) for name in answer)
        finally:
            tensors.wipe(results)
    finally:
        inference.wipe()


def describe(tensor: np.ndarray) -> dict[str, Any]:
    """A tensor of an answer, as a message carries it."""
    return {
        "datatype": str(tensor.dtype),
        "shape": list(tensor.shape),
        "data": base64.b64encode(tensors.to_bytes(tensor)).decode(),
    }


def agree(answer: Mapping[str, Any], result: np.ndarray | None) -> bool:
    """Whether a shadow's output is what the answer held, within the tolerances for floats."""
    if result is None or [str(result.dtype), list(result.shape)] != [
        answer["datatype"],
        answer["shape"],
    ]:
        return False
    raw = base64.b64decode(answer["data"])
    if result.dtype.kind != "f":
        return tensors.to_bytes(result) == raw
    given = np.frombuffer(raw, result.dtype.newbyteorder("<")).reshape(result.shape)
    close = np.isclose(
        result, given, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=True
    )
    return bool(close.all())


class QueueSender:
    """Implements `ShadowSender` on SQS through `functions.shared.aws`."""

    TIMEOUT_SECONDS = 0.25

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, message: bytes) -> bool:
        try:
            self._client.send_message(
                self._queue_url, message.decode(), Deadline.after(self.TIMEOUT_SECONDS)
            )
        except Exception:  # noqa: BLE001 - a shadow must never harm the answer
            return False
        return True
