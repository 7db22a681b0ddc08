"""Answers of our functions, and how an HTTP API (payload format 2.0) and a REST API take them."""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from contracts import problems
from functions.shared.errors import ServingError


class Answer(NamedTuple):
    status: int
    body: bytes | str
    headers: dict[str, str]


def ok(document: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(document), {"Content-Type": "application/json"})


def problem(error: ServingError, request_id: str, trace_id: str | None = None) -> Answer:
    document = problems.document(
        slug=error.slug,
        title=error.title,
        status=error.status,
        detail=error.detail,
        action=error.action,
        instance=request_id,
        trace_id=trace_id,
    )
    headers = {"Content-Type": problems.CONTENT_TYPE}
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
