"""Events of an HTTP API (payload format 2.0) become requests."""

import binascii
from collections.abc import Mapping
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
    stage = context.get("stage") or "$default"
    path: str = event["rawPath"]
    # A named stage is part of the path on AWS; `$default` is not.
    if stage != "$default" and path.startswith(f"/{stage}/"):
        path = path[len(stage) + 1 :]
    body = event.get("body") or ""
    headers: Mapping[str, str] = event.get("headers") or {}
    return Request(
        method=context["http"]["method"],
        path=path,
        headers={name.lower(): value for name, value in headers.items()},
        body=_decoded(body) if event.get("isBase64Encoded") else body,
        jwt=authorise.jwt_of(context),
        request_id=context["requestId"],
        deadline=deadline,
    )


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
