"""What a stack file says of who may come in."""

import json
from collections.abc import Iterator
from typing import Annotated, Final, Literal, cast

from pydantic import BeforeValidator, Field, StringConstraints

from settings import limits
from settings.section import Section, each, rule, shown
from settings.values import Claim, HttpsUrl, ModelName, Name, Scope

_OF_A_POOL: Final = (
    ("issuer", None, "which makes it"),
    ("jwks_url", None, "whose keys are the pool's"),
    ("token_url", None, "which makes it"),
    ("audience", (), "whose audience is the tenants' clients"),
    (
        "tenant_claim",
        "client_id",
        "because machine tokens of a pool carry no other tenant claim",
    ),
)
"""Key -> what it must be with a pool that is made here, and why."""


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
    def _pool_says_it_itself(self) -> Iterator[str]:
        if self.kind != "cognito":
            return

        def check(row: tuple[str, object, str]) -> Iterator[str]:
            key, wanted, why = row
            value: object = getattr(self, key)
            if value != wanted:
                said = [*cast(tuple[str, ...], value)] if isinstance(value, tuple) else value
                yield f"{key} is {said!r}; it must be {shown(wanted)} with kind 'cognito', {why}"

        yield from each(_OF_A_POOL, check)

    @rule
    def _audience_fits_an_environment(self) -> Iterator[str]:
        size = len(json.dumps(self.audience))
        if size > limits.AUDIENCE_CHARACTERS:
            yield (
                f"audience takes {size} characters as JSON; at most {limits.AUDIENCE_CHARACTERS} "
                "fit beside the rest into a function's environment of 4 KB (shorter or fewer ones)"
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
