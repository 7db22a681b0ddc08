"""What the function that judges tokens, the REST API in front of it and the functions behind it
agree on."""

import hashlib
from enum import StrEnum

MAX_TOKEN_CHARACTERS = 8_192
"""Longest token that is looked at. The gateway refuses more than 10,240 bytes of headers
together (service quota, checked 2026-11), so nothing that could arrive otherwise is lost."""

CREDENTIALS = r"(?i:bearer) ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)"
"""The whole `Authorization` header: a signed token in compact form, without padding. The gateway
answers anything else with 401 before the function runs."""

RESULT_TTL_SECONDS = 60
"""How long the gateway may reuse an answer for the same header. A token can be honoured this much
longer than it is valid."""


class ContextKey(StrEnum):
    """Members of `requestContext.authorizer` in the event of a function behind the REST API.

    The gateway makes every value text.
    """

    TENANT = "tenant"
    """Value of the token's tenant claim; absent where the token has none that could be one."""
    SCOPE = "scope"
    """Scopes of the token that some route needs, separated by spaces."""
    CLIENT_ID = "client_id"
    """Who asked for the token; absent where it does not say. For logs only."""


def usage_key(api: str, claim_value: str) -> str:
    """The API key that stands for a tenant in its usage plan; 64 characters.

    It is no secret and opens nothing: with the key source AUTHORIZER the gateway takes it from the
    authorizer alone, never from a caller. `api` keeps APIs of one account apart, since the value of
    a key is unique in a region.
    """
    return hashlib.sha256(f"{api}\n{claim_value}".encode()).hexdigest()
