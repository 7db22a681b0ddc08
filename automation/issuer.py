"""Compares an outside issuer of tokens with what it says of itself."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from automation.errors import Failure
from functions.authorize.documents import discovery_url

TIMEOUT_SECONDS = 10


def fetch(url: str) -> bytes:
    # Settings take an issuer with https:// and nothing else.
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
        return answer.read()


def compare(
    identity: Mapping[str, Any], stack: str, read: Callable[[str], bytes] = fetch
) -> str | None:
    """What was found out about `identity.issuer`; None where the stack has a pool of its own.

    API Gateway compares a token's `iss` with the setting byte for byte, so one slash more or less
    refuses every token. Raises `Failure` where the issuer calls itself otherwise. One that cannot
    be asked from here is left to API Gateway, which asks it too.
    """
    if identity["kind"] != "issuer":
        return None
    issuer = str(identity["issuer"])
    address = discovery_url(issuer)
    try:
        named = json.loads(read(address))["issuer"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        return f"issuer not compared, {address} gave nothing to compare with ({reason})"
    if named != issuer:
        raise Failure(
            f"identity.issuer is {issuer!r} in Pulumi.{stack}.yaml, but {address} says {named!r}; "
            "tokens carry the latter, the two are compared byte for byte, and all would be refused",
            f"Write issuer: {json.dumps(named)} if that is the issuer you mean.",
        )
    return "issuer as it calls itself"
