"""Problem documents (RFC 9457): the form of every refusal, of functions and of the gateway."""

from typing import Any

CONTENT_TYPE = "application/problem+json"


def document(
    *, slug: str, title: str, status: int, detail: str, action: str, instance: str
) -> dict[str, Any]:
    """`error` is what clients of the Open Inference Protocol read."""
    return {
        "type": f"urn:warmline:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "action": action,
        "instance": instance,
        "error": f"{title}: {detail}",
    }
