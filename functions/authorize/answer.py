"""The answer of a REST authorizer: a policy for every route that the token's scopes open.

The gateway keeps an answer and judges later requests with the same header by it, so it must hold
for all routes and not only for the one that was asked for.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from contracts.api_routes import MODEL_ROUTES, route_of, with_parameters
from contracts.authorizer import ContextKey, usage_key
from functions.authorize.config import Config
from functions.authorize.tokens import Claims
from functions.shared.scopes import scopes_in

MAX_VALUE_CHARACTERS = 256
"""Of a claim that is handed on."""
_METHOD_ARN = re.compile(
    r"(arn:[a-z-]+:execute-api:[a-z0-9-]+:\d{12}:[a-z0-9]+/[A-Za-z0-9_-]+)/([A-Z]+)(/.*)?",
    re.DOTALL,
)


class Asked(NamedTuple):
    """What `methodArn` says of a request."""

    stage_arn: str
    route: str | None


def asked(method_arn: str) -> Asked:
    """Raises `ValueError` for what is no ARN of a method."""
    match = _METHOD_ARN.fullmatch(method_arn)
    if match is None:
        raise ValueError("methodArn is not the ARN of a REST API's method")
    stage_arn, method, path = match.groups()
    return Asked(stage_arn, route_of(method, path or "/"))


def opened(scopes: Iterable[str]) -> list[str]:
    """Routes that these scopes open."""
    return [route for route, scope in MODEL_ROUTES.items() if scope in scopes]


def answer(claims: Claims, stage_arn: str, config: Config) -> dict[str, Any]:
    scopes = scopes_in(claims) & frozenset(MODEL_ROUTES.values())
    client = _text(claims.get("client_id") or claims.get("azp"))
    tenant = _text(claims.get(config.tenant_claim))
    context = {
        ContextKey.TENANT: tenant,
        ContextKey.SCOPE: " ".join(sorted(scopes)),
        ContextKey.CLIENT_ID: client,
    }
    found: dict[str, Any] = {
        "principalId": client or _text(claims.get("sub")) or "unnamed",
        "policyDocument": policy(stage_arn, scopes),
        "context": {str(key): value for key, value in context.items() if value},
    }
    if tenant and config.usage_plans_of:
        found["usageIdentifierKey"] = usage_key(config.usage_plans_of, tenant)
    return found


def policy(stage_arn: str, scopes: Iterable[str]) -> dict[str, Any]:
    """Allows the routes of the scopes and nothing else.

    A wildcard of IAM also matches slashes; a test shows that none reaches a route of another scope.
    """
    routes = [with_parameters(route, "*").replace(" ", "", 1) for route in opened(scopes)]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow" if routes else "Deny",
                "Action": "execute-api:Invoke",
                "Resource": [f"{stage_arn}/{route}" for route in routes or ["*"]],
            }
        ],
    }


def _text(value: object) -> str:
    """The claim's value where it can be a name; a value that is cut or mended would be another."""
    if isinstance(value, str) and value.isprintable() and len(value) <= MAX_VALUE_CHARACTERS:
        return value
    return ""
