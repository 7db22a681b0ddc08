"""Who calls and what they may do. The gateway has verified the token; this reads its claims."""

from collections.abc import Mapping
from typing import Any

from contracts.registry import Tenant
from functions.predict.ports import Observer, Registry
from functions.shared.errors import Forbidden, ModelNotFound
from functions.shared.scopes import scopes_in

Jwt = Mapping[str, Any]
"""What the gateway says of a token that it has verified: `claims`; an HTTP API also says `scopes`,
and the authorizer function which `tenant` it is."""


def jwt_of(request_context: Mapping[str, Any]) -> Jwt:
    """What the authorizer found; empty when none ran.

    An HTTP API hands a token's claims over in `jwt`, a REST API with a pool in `claims`; of the
    authorizer function it hands over what `contracts.authorizer` says, beside members of its own.
    """
    authorizer: Mapping[str, Any] = request_context.get("authorizer") or {}
    if "claims" in authorizer:
        return {"claims": authorizer["claims"]}
    if "scope" in authorizer:
        return {"claims": {"scope": authorizer["scope"]}, "tenant": authorizer.get("tenant")}
    return authorizer.get("jwt") or {}


def scopes_of(jwt: Jwt) -> frozenset[str]:
    """Those that the token's claims name; else the gateway's own list."""
    return scopes_in(jwt.get("claims") or {}) or scopes_in({"scope": jwt.get("scopes")})


def authorise(
    jwt: Jwt, scope: str, tenant_claim: str, registry: Registry, observer: Observer
) -> Tenant:
    """The tenant that the token stands for. Raises `Forbidden`."""
    if scope not in scopes_of(jwt):
        raise Forbidden(f"The token lacks the scope {scope!r}.")
    claims: Mapping[str, Any] = jwt.get("claims") or {}
    value = jwt["tenant"] if "tenant" in jwt else claims.get(tenant_claim)
    tenant = registry.tenant(value, observer) if isinstance(value, str) and value else None
    if tenant is None:
        raise Forbidden(f"The token's claim {tenant_claim!r} belongs to no registered tenant.")
    return tenant


def require_model(tenant: Tenant, model: str) -> None:
    """Raises `ModelNotFound`, in the words used for a model that does not exist."""
    if not tenant.may_use(model):
        raise no_model()


def no_model() -> ModelNotFound:
    """One text for every reason, so that it tells nothing about other tenants' models."""
    return ModelNotFound("The caller has no model of this name.")
