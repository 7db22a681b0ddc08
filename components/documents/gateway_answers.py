"""What a REST API itself answers, as problem documents in the words of the functions."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts import problems
from functions.shared import errors
from functions.shared.errors import ServingError


class GatewayAnswer(NamedTuple):
    """A kind of problem that the gateway tells of."""

    slug: str
    title: str
    status: int
    detail: str
    action: str
    retry_after_seconds: int = 0
    """For the `Retry-After` header; 0 = none."""
    challenge: bool = False
    """Whether `WWW-Authenticate` asks for a token."""

    @property
    def template(self) -> str:
        """The body, in which the gateway writes the request's id."""
        return json.dumps(
            problems.document(
                slug=self.slug,
                title=self.title,
                status=self.status,
                detail=self.detail,
                action=self.action,
                instance="$context.requestId",
            )
        )

    @property
    def headers(self) -> dict[str, str]:
        """As the gateway takes them: fixed texts stand in quotes."""
        texts = {"Content-Type": problems.CONTENT_TYPE}
        if self.retry_after_seconds:
            texts["Retry-After"] = str(self.retry_after_seconds)
        if self.challenge:
            texts["WWW-Authenticate"] = "Bearer"
        return {f"gatewayresponse.header.{name}": f"'{text}'" for name, text in texts.items()}


def _as(error: type[ServingError], detail: str) -> GatewayAnswer:
    """A problem that functions tell of, too."""
    return GatewayAnswer(
        error.slug,
        error.title,
        error.status,
        detail,
        error.what_to_do,
        retry_after_seconds=1 if error.retry_helps else 0,
    )


_UNAUTHORISED = GatewayAnswer(
    "unauthorised",
    "The request carries no token that opens this path",
    401,
    "The token is missing, expired, of another issuer, or lacks the scope of this path.",
    "Get a new token with the scope that the path needs, and send it as `Authorization: Bearer`.",
    challenge=True,
)
_MISCONFIGURED = _as(ServingError, "The gateway is not set up as it should be.")
_NO_ROUTE = _as(errors.RouteNotFound, "No operation has this path and method.")
_NOT_UNDERSTOOD = _as(errors.BadRequest, "The gateway does not take a request of this form.")
_TOO_MANY = "too-many-requests", "More requests than the service takes now", 429
_ACTION_LATER = "Ask again after the time in Retry-After, and more slowly."

ANSWERS: Final[Mapping[str, GatewayAnswer]] = {
    "ACCESS_DENIED": _as(errors.Forbidden, "The token does not open this path."),
    "API_CONFIGURATION_ERROR": _MISCONFIGURED,
    "AUTHORIZER_CONFIGURATION_ERROR": _MISCONFIGURED,
    "AUTHORIZER_FAILURE": GatewayAnswer(
        "token-not-checked",
        "The token cannot be checked now",
        503,
        "The issuer's keys cannot be had.",
        "Ask again after the time in Retry-After.",
        retry_after_seconds=1,
    ),
    "BAD_REQUEST_BODY": _NOT_UNDERSTOOD,
    "BAD_REQUEST_PARAMETERS": _NOT_UNDERSTOOD,
    "DEFAULT_4XX": _NOT_UNDERSTOOD,
    "DEFAULT_5XX": _as(ServingError, "The gateway or the function behind it failed."),
    "EXPIRED_TOKEN": _UNAUTHORISED,
    "INTEGRATION_FAILURE": GatewayAnswer(
        "no-answer",
        "The function behind the gateway did not answer",
        503,
        "The function could not be called, or its answer could not be read.",
        "Ask again after the time in Retry-After.",
        retry_after_seconds=1,
    ),
    "INTEGRATION_TIMEOUT": _as(
        errors.DeadlineExceeded, "The function did not answer while the gateway waited."
    ),
    "INVALID_API_KEY": _as(errors.Forbidden, "The token's tenant has no usage plan."),
    "INVALID_SIGNATURE": _UNAUTHORISED,
    # What a path without a route is called: see docs/components/InferenceApi.md.
    "MISSING_AUTHENTICATION_TOKEN": _NO_ROUTE,
    "QUOTA_EXCEEDED": GatewayAnswer(
        "quota-exceeded",
        "The tenant's requests of the day are used up",
        429,
        "The tenant's usage plan allows no more requests today.",
        "Ask again tomorrow (UTC), or ask the operator for a larger quota.",
    ),
    "REQUEST_TOO_LARGE": _as(
        errors.BodyTooLarge, "The request is larger than the gateway and the function take."
    ),
    "RESOURCE_NOT_FOUND": _NO_ROUTE,
    "THROTTLED": GatewayAnswer(
        *_TOO_MANY,
        "The limit of all callers together, or of this tenant, is reached.",
        _ACTION_LATER,
        retry_after_seconds=1,
    ),
    "UNAUTHORIZED": _UNAUTHORISED,
    "UNSUPPORTED_MEDIA_TYPE": GatewayAnswer(
        "unsupported-media-type",
        "The gateway does not take this Content-Type",
        415,
        "The request's Content-Type is not one that the service reads.",
        "Send application/json or application/octet-stream.",
    ),
    "WAF_FILTERED": GatewayAnswer(
        "refused-by-firewall",
        "The firewall refuses this request",
        403,
        "Its size, its content or the number of requests from its address is above a limit.",
        "Send smaller or fewer requests, with a User-Agent; ask the operator, giving the instance.",
    ),
}
"""Type of a gateway response -> what it says. Every type that API Gateway has."""
