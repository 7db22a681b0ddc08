"""An issuer to test with: real keys, the tokens that it signs and the key set that it publishes."""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.api_jws import PyJWS

from contracts.protocol import SCOPE_INFER, SCOPE_READ
from functions.authorize.config import Config
from functions.authorize.keys import IssuerKeys, Keys, usable_keys
from functions.authorize.refusals import IssuerUnavailable

ISSUER = "https://login.example.com/realms/models"
AUDIENCE = "warmline"
TENANT_CLAIM = "tenant"
NOW = 1_800_000_000
CONFIG = Config(
    issuer=ISSUER,
    jwks_url="",
    audience=frozenset({AUDIENCE, "second"}),
    tenant_claim=TENANT_CLAIM,
    usage_plans_of="",
)


@cache
def rsa_key(number: int = 0, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """The same number is the same key, so that a test run makes few."""
    del number
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    del number
    return ec.generate_private_key(ec.SECP256R1())


Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def public_jwk(key: Private, **more: Any) -> dict[str, Any]:
    """The public half as a key set has it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return {**RSAAlgorithm.to_jwk(public, as_dict=True), "key_ops": ["verify"], **more}
    return {**ECAlgorithm.to_jwk(public, as_dict=True), **more}


def key_set(*entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"keys": list(entries)}


def claims(**changes: Any) -> dict[str, Any]:
    """Of a good token; `None` takes a claim away."""
    found = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "service-7",
        "client_id": "client-7",
        TENANT_CLAIM: "acme",
        "scope": f"{SCOPE_INFER} {SCOPE_READ} openid",
        "iat": NOW - 10,
        "nbf": NOW - 10,
        "exp": NOW + 300,
    } | changes
    return {name: value for name, value in found.items() if value is not None}


def token(
    payload: Mapping[str, Any] | None = None,
    *,
    key: Private | None = None,
    kid: str | None = "k1",
    header: Mapping[str, Any] | None = None,
) -> str:
    payload = claims() if payload is None else payload
    return signed(json.dumps(payload).encode(), key=key, kid=kid, header=header)


def signed(
    payload: bytes,
    *,
    key: Private | None = None,
    kid: str | None = "k1",
    header: Mapping[str, Any] | None = None,
) -> str:
    """A token of any bytes; the issuer's own library would refuse some."""
    key = key or rsa_key()
    return PyJWS().encode(
        payload,
        key,
        algorithm="RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256",
        headers={**({} if kid is None else {"kid": kid}), **(header or {})},
    )


def raw_token(header: object, payload: object, signature: bytes) -> str:
    """Whatever is given, in compact form."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    return ".".join(
        [part(json.dumps(header).encode()), part(json.dumps(payload).encode()), part(signature)]
    )


class Clock:
    """Stands still until it is set."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class Issuer:
    """Counts how often it is asked; publishes `document`, or fails while it is down."""

    def __init__(self, *entries: Mapping[str, Any]) -> None:
        self.document = key_set(*(entries or (public_jwk(rsa_key(), kid="k1"),)))
        self.down = False
        self.asked = 0
        self.before: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def fetch(self) -> Keys:
        with self._lock:
            self.asked += 1
        self.before()
        if self.down:
            raise IssuerUnavailable("the issuer is down")
        return usable_keys(self.document)

    def keys(self, now: Callable[[], float] | None = None) -> IssuerKeys:
        return IssuerKeys(self.fetch, now=now or Clock())
