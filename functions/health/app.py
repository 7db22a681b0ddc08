"""Health of the service. Live: the function runs. Ready: the registry's table answers in time."""

from collections.abc import Callable, Mapping
from typing import Any

from functions.shared.answers import ok, problem, response_of
from functions.shared.deadline import Deadline
from functions.shared.errors import RegistryUnavailable, RouteNotFound, ServingError

READY_SECONDS = 1.0


def handle(event: Mapping[str, Any], probe: Callable[[Deadline], object]) -> dict[str, Any]:
    """`probe` reads anything from the table and raises when it cannot. Never raises itself."""
    context: Mapping[str, Any] = event.get("requestContext") or {}
    try:
        # A REST API calls it `path`.
        path = str(event.get("rawPath") or event.get("path") or "").rstrip("/")
        if path.endswith("/v2/health/live"):
            return response_of(ok({"live": True}))
        if not path.endswith("/v2/health/ready"):
            raise RouteNotFound("No operation has this path.")
        try:
            probe(Deadline.after(READY_SECONDS))
        except Exception:  # noqa: BLE001 - whatever it is, the service is not ready
            raise RegistryUnavailable("The registry's table does not answer.") from None
        return response_of(ok({"ready": True}))
    except ServingError as error:
        return response_of(problem(error, str(context.get("requestId", "unknown"))))
