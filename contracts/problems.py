"""Problem documents (RFC 9457): the form of every refusal, of functions and of the gateway."""

from typing import Any

CONTENT_TYPE = "application/problem+json"


def document(
    *,
    slug: str,
    title: str,
    status: int,
    detail: str,
    action: str,
    instance: str,
    trace_id: str | None = None,
) -> dict[str, Any]:
    """`error` is what clients of the Open Inference Protocol read; `trace_id` is left out where the
    trace is not known."""
    trace = {} if trace_id is None else {"trace_id": trace_id}
    return {
        "type": f"urn:warmline:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "action": action,
        "instance": instance,
        "error": f"{title}: {detail}",
        **trace,
    }
