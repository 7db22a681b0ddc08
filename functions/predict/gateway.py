"""Events of an HTTP API (payload format 2.0) and of a REST API become requests."""

import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from functions.predict import app, authorise
from functions.predict.messages import Request
from functions.shared.answers import response_of
from functions.shared.deadline import Deadline
from functions.shared.errors import BadRequest

ANSWER_MARGIN_SECONDS = 0.4
"""Kept for writing an answer and for its way back, before Lambda stops the function."""
_CHUNK = 1 << 16
"""Characters of base64 decoded at a time, a multiple of 4: intermediate copies stay small."""


def deadline_of(context: Any) -> Deadline:
    """When an answer must be ready, by the remaining time in Lambda's context."""
    return Deadline.after(context.get_remaining_time_in_millis() / 1000 - ANSWER_MARGIN_SECONDS)


def handle(event: Mapping[str, Any], deadline: Deadline, ports: app.Ports) -> dict[str, Any]:
    """Never raises; see `functions.predict.app`."""
    request_id = "unknown"
    try:
        request_id = event["requestContext"]["requestId"]
        answer = app.serve(request_of(event, deadline), ports)
    except Exception as error:  # noqa: BLE001 - an event that cannot be read, or a broken log
        answer = app.refuse(error, request_id, ports)
    return response_of(answer)


def request_of(event: Mapping[str, Any], deadline: Deadline) -> Request:
    """Raises `BadRequest` for a body that is not the base64 it claims to be."""
    context = event["requestContext"]
    body = event.get("body") or ""
    if "http" in context:
        method, path = context["http"]["method"], _without_stage(event["rawPath"], context)
        single: Mapping[str, str] = event.get("headers") or {}
        headers = _joined((name, [value]) for name, value in single.items())
    else:
        method, path = event["httpMethod"], event["path"]
        # `headers` has only the last of a header that was sent twice.
        several: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
        headers = _joined(several.items())
    return Request(
        method=method,
        path=path,
        headers=headers,
        body=_decoded(body) if event.get("isBase64Encoded") else body,
        jwt=authorise.jwt_of(context),
        request_id=context["requestId"],
        deadline=deadline,
    )


def _without_stage(path: str, context: Mapping[str, Any]) -> str:
    """A named stage is part of an HTTP API's path on AWS; `$default` is not."""
    stage = context.get("stage") or "$default"
    if stage != "$default" and path.startswith(f"/{stage}/"):
        return path[len(stage) + 1 :]
    return path


def _joined(headers: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Names in lower case; a header that was sent more than once has all its values, by commas."""
    found: dict[str, str] = {}
    for name, values in headers:
        key, value = name.lower(), ",".join(values)
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def _decoded(text: str) -> bytearray:
    body = bytearray(len(text) // 4 * 3)
    end = 0
    try:
        for start in range(0, len(text), _CHUNK):
            piece = binascii.a2b_base64(text[start : start + _CHUNK], strict_mode=True)
            body[end : end + len(piece)] = piece
            end += len(piece)
    except ValueError:
        raise BadRequest("The body is not valid base64.") from None
    del body[end:]
    return body
