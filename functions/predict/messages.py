"""A request as the application sees it: no AWS event, no HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.shared.deadline import Deadline


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
