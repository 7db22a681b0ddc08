"""Which tokens are good, and why the others are not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.authorizer import MAX_TOKEN_CHARACTERS
from functions.authorize.keys import ALGORITHMS
from functions.authorize.refusals import Refused
from functions.authorize.tokens import Expected, verified
from tests.unit.authorize.issuer import (
    AUDIENCE,
    CONFIG,
    ISSUER,
    NOW,
    Issuer,
    claims,
    ec_key,
    key_set,
    public_jwk,
    raw_token,
    rsa_key,
    signed,
    token,
)

pytestmark = pytest.mark.unit

EXPECTED = Expected(issuer=CONFIG.issuer, audience=CONFIG.audience)
SECRET = "a-secret-that-both-sides-know-for-tests"


def judged(credentials: str, issuer: Issuer | None = None) -> dict[str, Any]:
    return dict(verified(credentials, (issuer or Issuer()).keys(), EXPECTED, NOW))


def refusal(credentials: str, issuer: Issuer | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        judged(credentials, issuer)
    return caught.value


def of_claims(**changes: Any) -> str:
    return f"Bearer {token(claims(**changes))}"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_good_token_gives_its_claims(scheme: str) -> None:
    assert judged(f"{scheme} {token()}") == claims()


def test_a_token_signed_with_an_elliptic_curve_is_good() -> None:
    issuer = Issuer(public_jwk(ec_key(), kid="e1"))
    assert judged(f"Bearer {token(key=ec_key(), kid='e1')}", issuer) == claims()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"exp": NOW - 3_600}, "expired"),
        ({"nbf": NOW + 61}, "not-yet-valid"),
        ({"iat": NOW + 61}, "not-yet-valid"),
        ({"iss": f"{ISSUER}/"}, "issuer"),
        ({"iss": ISSUER.upper()}, "issuer"),
        ({"iss": [ISSUER]}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": f"{AUDIENCE} second"}, "audience"),
        ({"aud": {AUDIENCE: 1}}, "audience"),
        ({"aud": ["other", 7, None]}, "audience"),
        ({"aud": "other", "client_id": AUDIENCE}, "audience"),
        ({"aud": None, "client_id": "client-7"}, "audience"),
        ({"aud": None, "client_id": None}, "audience"),
        ({"exp": None}, "no-expiry"),
        ({"exp": str(NOW + 300)}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": float("nan")}, "malformed"),
        ({"exp": [NOW + 300]}, "malformed"),
        ({"nbf": "soon"}, "malformed"),
        ({"iat": {}}, "malformed"),
    ],
)
def test_claims_that_do_not_fit_are_refused(changes: dict[str, Any], reason: str) -> None:
    assert refusal(of_claims(**changes)).reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 59},
        {"exp": NOW + 0.5},
        {"nbf": NOW + 60},
        {"iat": NOW + 60},
        {"nbf": None, "iat": None},
        {"aud": ["other", "second"]},
        {"aud": None, "client_id": "second"},
    ],
)
def test_claims_within_the_rules_are_good(changes: dict[str, Any]) -> None:
    assert judged(of_claims(**changes)) == claims(**changes)


def test_a_clock_that_is_90_seconds_off_is_refused_and_the_log_says_by_how_much() -> None:
    late = refusal(of_claims(iat=NOW + 90, nbf=None))
    assert late.detail == "iat is 90 s ahead by this clock; 60 s are allowed"
    early = refusal(of_claims(exp=NOW - 90))
    assert early.detail == "exp is 90 s past by this clock; 60 s are allowed"


def test_a_slash_too_many_is_shown_beside_the_setting() -> None:
    detail = refusal(of_claims(iss=f"{ISSUER}/")).detail
    assert f"'{ISSUER}/'" in detail
    assert f"'{ISSUER}'" in detail


def test_a_token_of_an_unknown_key_is_refused() -> None:
    assert refusal(f"Bearer {token(kid='k2')}").reason == "unknown-key"
    assert refusal(f"Bearer {token(kid=None)}").reason == "no-key-id"


def test_a_token_of_another_key_under_a_known_id_is_refused() -> None:
    assert refusal(f"Bearer {token(key=rsa_key(1))}").reason == "signature"


def test_a_key_answers_for_its_own_algorithm_only() -> None:
    issuer = Issuer(public_jwk(ec_key(), kid="k1"))
    assert refusal(f"Bearer {token(key=rsa_key(), kid='k1')}", issuer).reason == "unknown-key"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "", "HS256", "RS512", "PS256", "EdDSA"])
def test_only_listed_algorithms_are_looked_at(name: str) -> None:
    assert name not in ALGORITHMS
    unsigned = raw_token({"alg": name, "kid": "k1"}, claims(), b"x")
    assert refusal(f"Bearer {unsigned}").reason == "algorithm"


@pytest.mark.parametrize("alg", [None, 5, ["RS256"], {"RS256": 1}])
def test_an_algorithm_that_is_no_text_is_refused(alg: Any) -> None:
    unsigned = raw_token({"alg": alg, "kid": "k1"}, claims(), b"x")
    assert refusal(f"Bearer {unsigned}").reason == "algorithm"


def test_a_token_without_a_signature_is_refused() -> None:
    for alg in ("none", "RS256"):
        unsigned = raw_token({"alg": alg, "kid": "k1"}, claims(), b"")
        assert refusal(f"Bearer {unsigned}").reason == "malformed"


@pytest.mark.parametrize(
    "form",
    [
        lambda key: key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        lambda key: key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        lambda key: json.dumps(public_jwk(rsa_key(), kid="k1")).encode(),
    ],
)
def test_the_public_key_is_no_secret_to_sign_with(form: Any) -> None:
    """The attack: HS256 with what the issuer publishes as the secret."""
    public = form(rsa_key().public_key())
    for alg in ("HS256", "RS256"):
        head, body, _ = raw_token({"alg": alg, "kid": "k1"}, claims(), b"x").split(".")
        signature = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
        forged = raw_token({"alg": alg, "kid": "k1"}, claims(), signature)
        assert refusal(f"Bearer {forged}").reason in ("algorithm", "signature")


def test_a_symmetric_key_in_the_set_verifies_nothing() -> None:
    secret = {
        "kty": "oct",
        "kid": "k1",
        "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I",
        "alg": "HS256",
    }
    forged = jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "k1"})
    assert refusal(f"Bearer {forged}", Issuer(secret)).reason == "algorithm"


def test_keys_that_the_token_brings_itself_are_not_used() -> None:
    own = rsa_key(1)
    for header in (
        {"jwk": public_jwk(own, kid="mine")},
        {"jku": "https://attacker.example.com/keys"},
        {"x5u": "https://attacker.example.com/cert"},
    ):
        issuer = Issuer()
        assert refusal(f"Bearer {token(key=own, header=header)}", issuer).reason == "signature"
        assert issuer.asked == 1


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": True}, {"crit": ["b64"], "b64": True}],
)
def test_headers_that_change_how_a_token_is_read_are_refused(header: dict[str, Any]) -> None:
    changed = raw_token({"alg": "RS256", "kid": "k1", **header}, claims(), b"x")
    assert refusal(f"Bearer {changed}").reason == "malformed"


@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer a.b.c.d",
        "Bearer ..",
        "Basic dXNlcjpwYXNz",
        "Bearer \x00\x00.\x00.\x00",
        "Bearer ëëë.ëë.ëë",
        f"Bearer  {'a.b.c'}",
    ],
)
def test_garbage_is_refused_before_anyone_is_asked(credentials: str) -> None:
    issuer = Issuer()
    assert refusal(credentials, issuer).reason == "malformed"
    assert issuer.asked == 0


def test_other_spellings_of_a_good_token_are_refused() -> None:
    good = token()
    for spelling in (
        good,
        f"Bearer {good} ",
        f"Bearer {good}\n",
        f"Bearer {good}=",
        f"Bearer {good}==",
        f"Bearer {good}, Bearer {good}",
        f" Bearer {good}",
        f"Bearer\t{good}",
        f"Bearer {good.replace('.', '..', 1)}",
    ):
        assert refusal(spelling).reason == "malformed"


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    issuer = Issuer()
    for huge in ("a" * 10_000_000, token(claims(filler="x" * MAX_TOKEN_CHARACTERS))):
        assert refusal(f"Bearer {huge}", issuer).reason == "too-long"
    assert issuer.asked == 0
    room = MAX_TOKEN_CHARACTERS - 1_000
    assert judged(of_claims(filler="x" * (room * 3 // 4)))["filler"]


@pytest.mark.parametrize("text", ["[" * 4_000, '{"a":' * 800, "[]", "7", '"a"', "null", "{"])
def test_a_header_or_claims_that_are_no_object_are_refused(text: str) -> None:
    part = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    assert refusal(f"Bearer {part}.e30.eA").reason == "malformed"
    assert refusal(f"Bearer {signed(text.encode())}").reason == "malformed"


def test_a_token_of_a_key_that_was_withdrawn_is_refused_at_the_next_reading() -> None:
    issuer = Issuer()
    keys = issuer.keys()
    issuer.document = key_set(public_jwk(rsa_key(1), kid="k9"))
    with pytest.raises(Refused):
        verified(f"Bearer {token()}", keys, EXPECTED, NOW)


def test_no_reason_repeats_anything_of_a_token_that_is_not_verified() -> None:
    marked = claims(iss="MARK", aud="MARK", tenant="MARK")
    for credentials in (
        f"Bearer {token(marked, key=rsa_key(1))}",
        f"Bearer {token(marked, kid='MARK')}",
        f"Bearer {raw_token({'alg': 'MARK', 'kid': 'k1'}, marked, b'MARK')}",
        "Bearer MARK.MARK.MARK",
        "MARK",
    ):
        found = refusal(credentials)
        assert "MARK" not in f"{found.reason} {found.detail}"
