"""Answers of our functions, and how an HTTP API takes them (payload format 2.0)."""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from functions.shared.errors import ServingError


class Answer(NamedTuple):
    status: int
    body: bytes | str
    headers: dict[str, str]


def ok(document: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(document), {"Content-Type": "application/json"})


def problem(error: ServingError, request_id: str) -> Answer:
    """An RFC 9457 problem document. Its `error` member is what clients of the Open Inference
    Protocol read."""
    document = {
        "type": f"urn:warmline:problem:{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "action": error.action,
        "instance": request_id,
        "error": f"{error.title}: {error.detail}",
    }
    headers = {"Content-Type": "application/problem+json"}
    if error.retry_after_seconds:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return Answer(error.status, json.dumps(document), headers)


def response_of(answer: Answer) -> dict[str, Any]:
    body = answer.body
    binary = isinstance(body, bytes)
    return {
        "statusCode": answer.status,
        "headers": answer.headers,
        "isBase64Encoded": binary,
        "body": base64.b64encode(body).decode("ascii") if binary else body,
    }
