"""A request and its answer, as the application sees them: no AWS event, no HTTP library."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from functions.shared.deadline import Deadline
from functions.shared.errors import ServingError


@dataclass(slots=True)
class Request:
    """One call of the API. `body` is ours alone and is overwritten after the answer."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytearray | str
    jwt: Mapping[str, Any]
    request_id: str
    deadline: Deadline

    @property
    def size_bytes(self) -> int:
        text = self.body
        if isinstance(text, str) and not text.isascii():
            return len(text.encode(errors="replace"))
        return len(text)

    def forget(self) -> None:
        """Overwrite the body where Python can: a `bytearray`; text can only be let go of."""
        if isinstance(self.body, bytearray):
            self.body[:] = bytes(len(self.body))
        self.body = ""


class Answer(NamedTuple):
    status: int
    body: bytes | str
    headers: dict[str, str] = {}  # noqa: RUF012 - a default that nobody changes


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem document. Its `error` member is what the Open Inference Protocol's
    clients read."""

    error: ServingError
    request_id: str

    def answer(self) -> Answer:
        error = self.error
        body = {
            "type": f"urn:warmline:problem:{error.slug}",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "action": error.action,
            "instance": self.request_id,
            "error": f"{error.title}: {error.detail}",
        }
        headers = {"Content-Type": "application/problem+json"}
        if error.retry_after_seconds:
            headers["Retry-After"] = str(error.retry_after_seconds)
        return Answer(error.status, json.dumps(body), headers)


def ok(document: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(document), {"Content-Type": "application/json"})
