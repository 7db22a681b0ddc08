"""Asks the issuer for its keys."""

from functions.authorize.documents import Get, document, https_get, keys_url
from functions.authorize.keys import Keys, usable_keys
from functions.authorize.refusals import IssuerUnavailable
from functions.shared.deadline import Deadline

FETCH_SECONDS = 3.0
"""For everything that is asked at once, discovery included."""


def fetch_keys(issuer: str, jwks_url: str, get: Get = https_get) -> Keys:
    """The issuer's usable keys; without `jwks_url` its discovery document says where they are.

    Raises `IssuerUnavailable`, also for a set without any usable key.
    """
    deadline = Deadline.after(FETCH_SECONDS)
    url = jwks_url or keys_url(issuer, get, deadline)
    keys = usable_keys(document(get(url, deadline), "key set"))
    if not keys:
        raise IssuerUnavailable("the key set has no usable key")
    return keys
