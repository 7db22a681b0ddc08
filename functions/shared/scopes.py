"""Scopes of an access token."""

from collections.abc import Mapping
from typing import Any, cast


def scopes_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """Claim `scope` separated by spaces, or `scp`. Either may be a list, which an HTTP API hands on
    as the text `[a b]`; anything else is no scope."""
    found: object = claims.get("scope") or claims.get("scp")
    if isinstance(found, str):
        return frozenset(found.strip("[]").split())
    if isinstance(found, list):
        return frozenset(x for x in cast("list[object]", found) if isinstance(x, str))
    return frozenset()
