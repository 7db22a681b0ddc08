"""Fields of the line that the inference function writes for each request, and of the authorizer's.

Functions write them, saved queries and the documentation read them. The metrics of a request stand
in its line as well, under the names of `contracts.metrics.Metric`. No field carries what a caller
wrote, except ids of traces that were parsed as such.
"""

from enum import StrEnum


class Field(StrEnum):
    """Field of a request's line beside its metrics. Absent = does not apply to this request."""

    # Names are looked up on every request; an enum's own hash is a Python call.
    __hash__ = str.__hash__

    SERVING_GROUP = "serving_group"
    """Group of the function; a dimension of every metric."""
    MODEL = "model"
    """Model that the registry knows, else `none`; a dimension of the request metrics."""
    VERSION = "version"
    """Version that was asked for or chosen by the route."""
    TENANT = "tenant"
    """Name of the tenant in the registry."""
    OPERATION = "operation"
    """`infer`, `metadata`, `ready`, or `shadow` for a copy from the queue."""
    REQUEST_ID = "request_id"
    """The gateway's id; `instance` of a problem document, and `request_id` of the access log."""
    TRACE_ID = "trace_id"
    """32 hexadecimal digits: the caller's trace, else X-Ray's in W3C form, else a new one."""
    SPAN_ID = "span_id"
    """16 hexadecimal digits: this request within the trace; parent of whatever it calls."""
    PARENT_SPAN_ID = "parent_span_id"
    """Whoever called within the trace: the caller's span, or the segment of Lambda."""
    XRAY_TRACE_ID = "xray_trace_id"
    """The trace under which X-Ray has this invocation, as its console searches for it."""
    STATUS = "status"
    """HTTP status of the answer. 500 and above counts in the metric `errors`."""
    PROBLEM = "problem"
    """Last part of the problem document's `type`: the kind of error."""
    FAILURE = "failure"
    """Cause that only operators may know: a place in the code, or what the store refused."""
    BYTES_IN = "bytes_in"
    """Size of the request's body."""
    BYTES_OUT = "bytes_out"
    """Size of the answer's body."""
    CACHE_TIER = "cache_tier"
    """Where the model came from: `memory`, `disk`, `efs` or `s3`."""
    ROUTE_MS = "route_ms"
    """Until the version and its verified manifest were known."""
    LOAD_MS = "load_ms"
    """Getting the model, from whichever tier."""
    INIT_TYPE = "init_type"
    """With the parts of a cold start: what began the environment, in Lambda's words
    (`on-demand`, `provisioned-concurrency`, `snap-start`)."""
    PRELOAD_MS = "preload_ms"
    """Getting the route's other versions, after the answer was computed."""
    PRELOAD_PROBLEM = "preload_problem"
    """Why one of them could not be had: a kind of error or a place in the code."""
    MESSAGE_ID = "message_id"
    """Of a shadow copy: SQS's id of its message."""
    ANSWERED_BY = "answered_by"
    """Of a shadow copy: the version that answered the caller."""
    SHADOW_MS = "shadow_ms"
    """Of a shadow copy: the run of the shadow version."""
    TOTAL_MS = "total_ms"
    """Of a shadow copy: everything."""


class AuthorizerField(StrEnum):
    """Members of the object under `AUTHORIZER`, in the line of a judged token."""

    DECISION = "decision"
    """`allowed`, `forbidden`, `unauthorized` or `unavailable`."""
    REASON = "reason"
    """One of few words, when not allowed."""
    DETAIL = "detail"
    """More of the reason, without any part of the token."""
    ISSUER = "issuer"
    """What is wrong with the issuer's keys, if anything."""
    XRAY_TRACE_ID = "xray_trace_id"
    """As in a request's line: the access log of a REST API has it too."""


AUTHORIZER = "authorizer"
