"""Documents that an issuer publishes, over HTTPS and in bounded time and size."""

import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

from functions.authorize.refusals import IssuerUnavailable
from functions.shared.deadline import Deadline

DISCOVERY_PATH = "/.well-known/openid-configuration"
MAX_DOCUMENT_BYTES = 65_536
"""Of a discovery document or a key set. Large issuers publish about 2 to 10 KB."""
_CHUNK_BYTES = 16_384
_OK = 200

Get = Callable[[str, Deadline], bytes]
"""The body behind a URL. Raises `IssuerUnavailable`."""


def keys_url(issuer: str, get: Get, deadline: Deadline) -> str:
    """Where the issuer's keys are, as its discovery document says. Raises `IssuerUnavailable`."""
    found = document(get(discovery_url(issuer), deadline), "discovery document")
    # A document that speaks for another issuer must not say whose keys are trusted.
    if found.get("issuer") != issuer:
        raise OtherIssuer(
            f"the discovery document's issuer is {_short(found.get('issuer'))}; the setting "
            f"is {issuer!r}, and both must be equal to the last character"
        )
    return str(found.get("jwks_uri") or "")


class OtherIssuer(IssuerUnavailable):
    """The discovery document is not the one of the issuer in the settings."""


def discovery_url(issuer: str) -> str:
    """A slash at the issuer's end is not doubled (OpenID Connect Discovery 1.0, section 4.1)."""
    return issuer.removesuffix("/") + DISCOVERY_PATH


def https_get(url: str, deadline: Deadline) -> bytes:
    """Raises `IssuerUnavailable`; redirects are not followed."""
    try:
        return _get(url, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise IssuerUnavailable(f"{_short(url)} cannot be read: {type(error).__name__}") from None


def _get(url: str, deadline: Deadline) -> bytes:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise IssuerUnavailable(f"{_short(url)} is no plain https URL")
    connection = http.client.HTTPSConnection(
        parts.hostname, parts.port, timeout=_left(deadline), context=_tls()
    )
    try:
        connection.connect()
        # The connection forgets it at once where the server says that it will close.
        socket = connection.sock
        target = parts.path or "/"
        connection.request(
            "GET",
            f"{target}?{parts.query}" if parts.query else target,
            headers={"Accept": "application/json"},
        )
        response = connection.getresponse()
        if response.status != _OK:
            raise IssuerUnavailable(
                f"{_short(url)} answers {response.status}; 200 is needed, and redirects are not "
                "followed"
            )
        body = b""
        while chunk := response.read1(_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_DOCUMENT_BYTES:
                raise IssuerUnavailable(f"{_short(url)} has more than {MAX_DOCUMENT_BYTES} bytes")
            socket.settimeout(_left(deadline))
        if response.length:
            raise http.client.IncompleteRead(body, response.length)
        return body
    finally:
        connection.close()


def _left(deadline: Deadline) -> float:
    if deadline.passed:
        raise TimeoutError
    return deadline.remaining()


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def document(body: bytes, what: str) -> Mapping[str, Any]:
    """A JSON object. Raises `IssuerUnavailable`."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        raise IssuerUnavailable(f"the {what} is not JSON") from None
    if not isinstance(found, dict):
        raise IssuerUnavailable(f"the {what} is no JSON object")
    return cast("dict[str, Any]", found)


def _short(value: object) -> str:
    return repr(value)[:200]
