"""Whether a token is the issuer's, for us, and for now.

PyJWT verifies the signature. The claims are judged here: PyJWT takes text for a number, and cannot
say in the log by how much a clock is off.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from contracts.authorizer import CREDENTIALS, MAX_TOKEN_CHARACTERS
from functions.authorize.keys import ALGORITHMS, IssuerKeys
from functions.authorize.refusals import Refused

CLOCK_SKEW_SECONDS = 60
"""How far the issuer's clock and ours may be apart."""

Claims = Mapping[str, Any]

_CREDENTIALS = re.compile(CREDENTIALS)
_SCHEME_CHARACTERS = len("Bearer ")
_JWS = PyJWS(algorithms=list(ALGORITHMS))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a token must say."""

    issuer: str
    audience: frozenset[str]


def verified(credentials: str, keys: IssuerKeys, expected: Expected, now: float) -> Claims:
    """The claims of a good token. Raises `Refused`, or `IssuerUnavailable`.

    `credentials` is the whole `Authorization` header; `now` is in seconds since 1970.
    """
    if len(credentials) > MAX_TOKEN_CHARACTERS + _SCHEME_CHARACTERS:
        raise Refused("too-long", f"above {MAX_TOKEN_CHARACTERS} characters")
    match = _CREDENTIALS.fullmatch(credentials)
    if match is None:
        raise Refused("malformed", "not `Bearer` and a signed token in compact form")
    claims = _signed_claims(match[1], keys)
    _judge_parties(claims, expected)
    _judge_times(claims, now)
    return claims


def _signed_claims(token: str, keys: IssuerKeys) -> Claims:
    try:
        header = _JWS.get_unverified_header(token)
    except PyJWTError:
        raise Refused("malformed", "the header cannot be read") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Refused("algorithm", f"alg is none of {', '.join(ALGORITHMS)}")
    if "crit" in header or "b64" in header:
        raise Refused("malformed", "the header has extensions (crit, b64)")
    if not isinstance(key_id, str) or not key_id:
        raise Refused("no-key-id", "the header has no kid")
    key = keys.find(key_id, algorithm)
    if key is None:
        raise Refused("unknown-key", f"the issuer has no {algorithm} key of this kid")
    try:
        payload = _JWS.decode(token, key, [algorithm])
    except PyJWTError:
        raise Refused("signature", "it does not fit the token") from None
    try:
        claims: object = json.loads(payload)
    except (ValueError, RecursionError):
        raise Refused("malformed", "the claims are not JSON") from None
    if not isinstance(claims, dict):
        raise Refused("malformed", "the claims are no JSON object")
    return cast("dict[str, Any]", claims)


def _judge_parties(claims: Claims, expected: Expected) -> None:
    issuer = claims.get("iss")
    if issuer != expected.issuer:
        raise Refused(
            "issuer",
            f"iss is {_short(issuer)}; the setting is {expected.issuer!r}, and both must be equal "
            "to the last character",
        )
    # As an HTTP API judges it: client_id counts only where there is no aud.
    name = "aud" if "aud" in claims else "client_id"
    found = cast("object", claims.get(name))
    named: list[object] = [*found] if isinstance(found, list) else [found]
    if not any(isinstance(entry, str) and entry in expected.audience for entry in named):
        raise Refused(
            "audience", f"{name} is {_short(claims.get(name))}, which the settings do not list"
        )


def _judge_times(claims: Claims, now: float) -> None:
    expires = _time(claims, "exp")
    if expires is None:
        raise Refused("no-expiry", "exp is missing")
    if now >= expires + CLOCK_SKEW_SECONDS:
        raise Refused("expired", _apart("exp", now - expires, "past"))
    for name in ("nbf", "iat"):
        starts = _time(claims, name)
        if starts is not None and starts > now + CLOCK_SKEW_SECONDS:
            raise Refused("not-yet-valid", _apart(name, starts - now, "ahead"))


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("malformed", f"{name} is no number of seconds")
    return value


def _apart(name: str, seconds: float, direction: str) -> str:
    return (
        f"{name} is {seconds:.0f} s {direction} by this clock; {CLOCK_SKEW_SECONDS} s are allowed"
    )


def _short(value: object) -> str:
    return repr(value)[:200]
