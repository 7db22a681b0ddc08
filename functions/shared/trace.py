"""Where a request stands in a trace: W3C Trace Context, and X-Ray's where a caller sends none.

Headers are callers' texts: what is malformed is as if it were absent, and only ids and flags that
were parsed are kept. Sources: W3C Trace Context level 2 for `traceparent` and `tracestate`; the AWS
X-Ray propagator of OpenTelemetry for the 8 and 24 digits of X-Ray that are the 32 of W3C.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
AMAZON_HEADER = "x-amzn-trace-id"
LAMBDA_VARIABLE = "_X_AMZN_TRACE_ID"
"""Lambda sets it anew for each invocation."""

SAMPLED, RANDOM = 0x01, 0x02
"""Flags: the caller may have recorded the trace; its id is random. No others are defined."""
MAX_CHARACTERS = 512
"""Of each header; a longer one is ignored. W3C asks for room for 512 of `tracestate`."""
MAX_MEMBERS = 32
"""Of `tracestate`."""

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_MEMBER = re.compile(r"([a-z0-9][a-z0-9_*/@-]{0,255})=[ -+\--<>-~]{0,255}[!-+\--<>-~]")
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_SPAN = re.compile(r"[0-9a-f]{16}")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class Trace(NamedTuple):
    """One request within its trace."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits: this request."""
    parent_id: str | None
    """Span of whoever called; `None` = it is not known, or the trace begins here."""
    flags: int
    state: str
    """`tracestate` for whatever is called; empty = none."""
    xray_id: str | None
    """The trace under which X-Ray has this invocation, as X-Ray writes it."""

    @property
    def sampled(self) -> bool:
        return bool(self.flags & SAMPLED)

    def outgoing(self) -> dict[str, str]:
        """Headers for what is called on behalf of this request, such as a model server."""
        headers = {TRACEPARENT: f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"}
        if self.state:
            headers[TRACESTATE] = self.state
        return headers


def read(headers: Mapping[str, object], lambda_trace: str = "") -> Trace:
    """The trace that headers (names in lower case) or else Lambda tell of, or a new one.

    `lambda_trace` is the value of `LAMBDA_VARIABLE`. It goes before the header of the gateway:
    behind an HTTP API the two differ, and X-Ray has the invocation under Lambda's.
    """
    xray = _amazon(lambda_trace) or _amazon(headers.get(AMAZON_HEADER))
    xray_id = None if xray is None else xray[0]
    span_id = os.urandom(8).hex()
    if (given := _parent(headers.get(TRACEPARENT))) is not None:
        trace_id, parent_id, flags = given
        return Trace(trace_id, span_id, parent_id, flags, _state(headers.get(TRACESTATE)), xray_id)
    if xray is not None:
        root, parent_id, flags = xray
        return Trace(root[2:10] + root[11:], span_id, parent_id, flags, "", root)
    return Trace(os.urandom(16).hex(), span_id, None, RANDOM, "", None)


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_CHARACTERS else ""


def _parent(value: object) -> tuple[str, str, int] | None:
    """Trace, span and flags of a `traceparent`. A version to come is read by its first fields."""
    match = _PARENT.fullmatch(_text(value))
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return trace_id, span_id, int(flags, 16) & (SAMPLED | RANDOM)


def _state(value: object) -> str:
    """A `tracestate` as it is sent on, or nothing of it where any member is malformed."""
    members = [member for part in _text(value).split(",") if (member := part.strip(" \t"))]
    matches = [_MEMBER.fullmatch(member) for member in members]
    keys = {match[1] for match in matches if match is not None}
    if len(members) > MAX_MEMBERS or len(keys) < len(members):
        return ""
    return ",".join(members)


def _amazon(value: object) -> tuple[str, str | None, int] | None:
    """Root, parent and flags of X-Ray's header, `Root=1-...-...;Parent=...;Sampled=1`."""
    said: dict[str, str] = {}
    for part in _text(value).split(";"):
        name, _, text = part.strip().partition("=")
        said[name] = text
    root = _ROOT.fullmatch(said.get("Root", ""))
    if root is None or root[1] + root[2] == _NO_TRACE:
        return None
    parent = said.get("Parent", "")
    known = _SPAN.fullmatch(parent) is not None and parent != _NO_SPAN
    return root[0], parent if known else None, SAMPLED if said.get("Sampled") == "1" else 0
