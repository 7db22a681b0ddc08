"""The authorizer function's environment, read once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from contracts.env import AuthorizeEnv
from functions.shared.environ import Reader


@dataclass(frozen=True, kw_only=True)
class Config:
    """See `contracts.env.AuthorizeEnv` for what each name means."""

    issuer: str
    jwks_url: str
    audience: frozenset[str]
    tenant_claim: str
    usage_plans_of: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Raises one `ConfigError` that lists everything missing or wrong."""
        read = Reader(environ)
        issuer = read.text(AuthorizeEnv.ISSUER)
        jwks_url = read.text(AuthorizeEnv.JWKS_URL, may_be_empty=True)
        audience = read.parsed(AuthorizeEnv.AUDIENCE, _audience)
        tenant_claim = read.text(AuthorizeEnv.TENANT_CLAIM)
        usage_plans_of = read.text(AuthorizeEnv.USAGE_PLANS_OF, may_be_empty=True)
        read.finish()
        return cls(
            issuer=issuer,
            jwks_url=jwks_url,
            audience=audience or frozenset(),
            tenant_claim=tenant_claim,
            usage_plans_of=usage_plans_of,
        )


def _audience(text: str) -> frozenset[str]:
    found: object = json.loads(text)
    entries = cast("list[object]", found) if isinstance(found, list) else []
    audience = frozenset(entry for entry in entries if isinstance(entry, str) and entry)
    if not audience or len(audience) != len(entries):
        raise ValueError("it must be a JSON list of at least one text, each once")
    return audience
