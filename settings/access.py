"""What a stack file says of who may come in.

Every key is required: nothing is defaulted, so the difference of two stack files is the whole
difference of two environments. Rules between keys state both values and the reason.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from settings import limits
from settings.section import Section, rule
from settings.values import Claim, HttpsUrl, ModelName, Name, Scope


def _one_as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Identity(Section):
    """Who issues tokens: a Cognito pool made here, or any OIDC issuer."""

    kind: Literal["cognito", "issuer"]
    """`cognito` makes a pool with a client per tenant; `issuer` trusts one that exists."""
    issuer: HttpsUrl | None
    """Compared byte for byte with the token's `iss`: a trailing slash counts."""
    jwks_url: HttpsUrl | None
    """Where its keys are; null = as its discovery document says, and with Cognito. Needs api.kind
    `rest`."""
    audience: Annotated[
        tuple[Claim, ...],
        Field(strict=False, max_length=limits.GATEWAY_AUDIENCES),
        BeforeValidator(_one_as_list),
    ]
    """Values of a token's `aud` that are accepted; [] with Cognito (the tenants' clients)."""
    tenant_claim: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:/.-]{1,128}$")]
    """Claim that says which tenant a token belongs to; `client_id` with Cognito."""
    token_url: HttpsUrl | None
    """Where callers get tokens, for the outputs; null with Cognito, which makes it."""
    token_validity_minutes: int = Field(
        ge=limits.COGNITO_TOKEN_MINUTES[0], le=limits.COGNITO_TOKEN_MINUTES[1]
    )
    """Minutes that a token of the pool is valid; not used with an outside issuer."""

    @rule
    def _pool_has_no_issuer(self) -> Iterator[str]:
        if self.kind == "cognito" and self.issuer is not None:
            yield f"issuer is {self.issuer!r}; it must be null with kind 'cognito', which makes it"

    @rule
    def _pool_has_no_keys_elsewhere(self) -> Iterator[str]:
        if self.kind == "cognito" and self.jwks_url is not None:
            yield (
                f"jwks_url is {self.jwks_url!r}; it must be null with kind 'cognito', whose keys "
                "are the pool's"
            )

    @rule
    def _audience_fits_an_environment(self) -> Iterator[str]:
        size = len(json.dumps(self.audience))
        if size > limits.AUDIENCE_CHARACTERS:
            yield (
                f"audience takes {size} characters as JSON; at most {limits.AUDIENCE_CHARACTERS} "
                "fit beside the rest into a function's environment of 4 KB (shorter or fewer ones)"
            )

    @rule
    def _pool_has_no_token_url(self) -> Iterator[str]:
        if self.kind == "cognito" and self.token_url is not None:
            yield (
                f"token_url is {self.token_url!r}; it must be null with kind 'cognito', which "
                "makes it"
            )

    @rule
    def _pool_has_no_audience(self) -> Iterator[str]:
        if self.kind == "cognito" and self.audience:
            yield (
                f"audience is {list(self.audience)}; it must be [] with kind 'cognito', whose "
                "audience is the tenants' clients"
            )

    @rule
    def _pool_tells_clients(self) -> Iterator[str]:
        if self.kind == "cognito" and self.tenant_claim != "client_id":
            yield (
                f"tenant_claim is {self.tenant_claim!r}; it must be 'client_id' with kind "
                "'cognito', because machine tokens of a pool carry no other tenant claim"
            )

    @rule
    def _issuer_is_named(self) -> Iterator[str]:
        if self.kind == "issuer" and self.issuer is None:
            yield "issuer is null; kind 'issuer' needs its URL exactly as in the tokens"

    @rule
    def _issuer_has_audience(self) -> Iterator[str]:
        if self.kind == "issuer" and not self.audience:
            yield "audience is []; kind 'issuer' needs at least one, or no token is accepted"


class TenantSettings(Section):
    """A caller."""

    name: Name
    """How people call it; the tenant item and its Cognito client are named so."""
    claim_value: Claim | None
    """Value of `identity.tenant_claim` in its tokens; null with Cognito (its client's id)."""
    scopes: tuple[Scope, ...]
    """What its Cognito client may ask for; [] with an outside issuer, which decides itself."""
    models: tuple[ModelName, ...] = Field(min_length=1)
    """Models that it may use; `*` = all."""
