"""Each kind of token through the whole function: what the gateway is told, and what the log says.

Also whom a crowd of callers makes the function ask, and how often.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from contracts.api_routes import MODEL_ROUTES, with_parameters
from contracts.authorizer import MAX_TOKEN_CHARACTERS
from contracts.protocol import SCOPE_READ
from functions.authorize.keys import ASK_AGAIN_SECONDS, FRESH_SECONDS, STALE_SECONDS
from functions.authorize.refusals import IssuerUnavailable, Unauthorized
from tests.unit.authorize.issuer import (
    AUDIENCE,
    ISSUER,
    NOW,
    claims,
    ec_key,
    key_set,
    public_jwk,
    raw_token,
    rsa_key,
    signed,
    token,
)
from tests.unit.authorize.test_app import INFER, STAGE, Function, effect

pytestmark = pytest.mark.unit

CALLERS = 100
P384 = ec.generate_private_key(ec.SECP384R1())


def by_public_key(algorithm: str) -> str:
    """Signed with what the issuer publishes, as if it were a secret."""
    public = rsa_key().public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, body, _ = raw_token({"alg": algorithm, "kid": "k1"}, claims(), b"x").split(".")
    signature = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return ".".join([head, body, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def of_another_curve(header: dict[str, Any]) -> str:
    head, body, _ = raw_token(header, claims(), b"x").split(".")
    signature = P384.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    return ".".join([head, body, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "expired": (lambda: token(claims(exp=NOW - 3_600)), "expired"),
    "not yet valid": (lambda: token(claims(nbf=NOW + 3_600)), "not-yet-valid"),
    "of an issuer with a slash more": (lambda: token(claims(iss=f"{ISSUER}/")), "issuer"),
    "of an unknown key id": (lambda: token(kid="k2"), "unknown-key"),
    "without a key id": (lambda: token(kid=None), "no-key-id"),
    "with alg none and no signature": (
        lambda: raw_token({"alg": "none", "kid": "k1"}, claims(), b""),
        "malformed",
    ),
    "with alg none and some signature": (
        lambda: raw_token({"alg": "none", "kid": "k1"}, claims(), b"x"),
        "algorithm",
    ),
    "signed by HS256 with the public key": (lambda: by_public_key("HS256"), "algorithm"),
    "signed so and called RS256": (lambda: by_public_key("RS256"), "signature"),
    "huge": (lambda: token(claims(filler="x" * MAX_TOKEN_CHARACTERS)), "too-long"),
    "of a clock 90 s ahead": (lambda: token(claims(iat=NOW + 90, nbf=None)), "not-yet-valid"),
    "of a clock 90 s ahead that says nbf": (lambda: token(claims(nbf=NOW + 90)), "not-yet-valid"),
    "ended 90 s ago": (lambda: token(claims(exp=NOW - 90)), "expired"),
    "for another audience in a list": (lambda: token(claims(aud=["a", "b"])), "audience"),
    "with a critical extension": (lambda: token(header={"crit": ["exp"], "exp": 1}), "malformed"),
    "with a body that is not base64": (
        lambda: raw_token(
            {"alg": "RS256", "kid": "k1", "b64": False, "crit": ["b64"]}, claims(), b"x"
        ),
        "malformed",
    ),
    "with b64 false that nothing calls critical": (
        lambda: raw_token({"alg": "RS256", "kid": "k1", "b64": False}, claims(), b"x"),
        "malformed",
    ),
    "encrypted": (
        lambda: f"{raw_token({'alg': 'RSA-OAEP', 'enc': 'A256GCM'}, {}, b'x')}.eA.eA",
        "malformed",
    ),
    "a token in a token": (
        lambda: signed(token().encode(), header={"cty": "JWT"}),
        "malformed",
    ),
    "an encrypted token in a token": (
        lambda: signed(b"eyJhbGciOiJkaXIifQ..eA.eA.eA", header={"cty": "JWT"}),
        "malformed",
    ),
    "of a curve that goes with ES384": (
        lambda: of_another_curve({"alg": "ES384", "kid": "e3"}),
        "algorithm",
    ),
    "of that curve and called ES256": (
        lambda: of_another_curve({"alg": "ES256", "kid": "e3"}),
        "unknown-key",
    ),
    "of that curve under the id of a good key": (
        lambda: of_another_curve({"alg": "ES256", "kid": "e1"}),
        "signature",
    ),
}
"""A token that is -> how it is made, and the reason in the log."""


@pytest.fixture
def function() -> Function:
    """Its issuer also publishes a key of another curve, which it says is for ES256."""
    made = Function()
    other = ECAlgorithm.to_jwk(P384.public_key(), as_dict=True) | {"kid": "e3", "alg": "ES256"}
    made.issuer.document["keys"].append(other)
    return made


@pytest.mark.parametrize("what", REFUSED)
def test_nobody_gets_in_by_a_token_that_is(function: Function, what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(Unauthorized):
        function(make())
    assert (function.said["decision"], function.said["reason"]) == ("unauthorized", reason)


GOOD: dict[str, Callable[[], str]] = {
    "plain": token,
    "for two audiences": lambda: token(claims(aud=["other", AUDIENCE])),
    "valid since a fraction of a second": lambda: token(claims(nbf=NOW - 0.25, iat=NOW - 0.5)),
    "of a clock 59 s ahead": lambda: token(claims(iat=NOW + 59, nbf=NOW + 59)),
    "ended 59 s ago": lambda: token(claims(exp=NOW - 59)),
    "signed by ES256": lambda: token(key=ec_key(), kid="e1"),
    "with a type and an unknown member in its header": lambda: token(header={"typ": "at+jwt"}),
}


@pytest.mark.parametrize("what", GOOD)
def test_whoever_has_it_gets_in_by_a_token_that_is(function: Function, what: str) -> None:
    assert effect(function(GOOD[what]())) == "Allow"
    assert function.said == {"decision": "allowed"}


def test_an_issuer_with_a_slash_less_than_the_setting_is_another(function: Function) -> None:
    config = function.ports.config
    assert not config.issuer.endswith("/")
    with pytest.raises(Unauthorized):
        function(token(claims(iss=config.issuer[:-1])))
    assert function.said["reason"] == "issuer"


def test_a_missing_scope_opens_the_other_routes_alone(function: Function) -> None:
    found = function(token(claims(scope=SCOPE_READ)))
    assert function.said["decision"] == "forbidden"
    allowed = found["policyDocument"]["Statement"][0]["Resource"]
    assert f"{STAGE}/GET/v2" in allowed
    assert not [arn for arn in allowed if arn.endswith("/infer")]


def test_an_answer_says_nothing_of_the_route_that_was_asked_for(function: Function) -> None:
    """The gateway keeps it by the header alone, and judges other routes by it."""
    arns = [
        f"{STAGE}/{with_parameters(route, 'm').replace(' ', '', 1)}" for route in MODEL_ROUTES
    ] + [f"{STAGE}/DELETE/v3/anything"]
    text = token()
    answers = [function(text, arn) for arn in arns]
    assert len(answers) == len(MODEL_ROUTES) + 1
    assert all(answer == answers[0] for answer in answers)


def test_rotated_keys_let_the_new_tokens_in_and_the_old_ones_out(function: Function) -> None:
    old = token(claims(exp=NOW + 3_600))
    new = token(claims(exp=NOW + 3_600), key=rsa_key(1), kid="k2")
    assert effect(function(old)) == "Allow"
    function.issuer.document = key_set(public_jwk(rsa_key(1), kid="k2"))
    function.clock.at += ASK_AGAIN_SECONDS
    assert effect(function(new)) == "Allow"
    with pytest.raises(Unauthorized):
        function(old)
    assert function.said["reason"] == "unknown-key"


def test_a_withdrawn_key_is_refused_when_the_keys_are_no_longer_fresh(function: Function) -> None:
    old = token(claims(exp=NOW + 3_600))
    function(old)
    function.issuer.document = key_set(public_jwk(rsa_key(1), kid="k2"))
    function.clock.at += FRESH_SECONDS
    with pytest.raises(Unauthorized):
        function(old)


def test_an_issuer_that_is_gone_is_believed_within_the_bound_and_no_longer(
    function: Function,
) -> None:
    text = token(claims(exp=NOW + 2 * STALE_SECONDS))
    function(text)
    function.issuer.down = True
    function.clock.at = NOW + STALE_SECONDS - 1
    assert effect(function(text)) == "Allow"
    with pytest.raises(Unauthorized):
        function(token(claims(exp=NOW + 2 * STALE_SECONDS), kid="made-up"))
    function.clock.at = NOW + STALE_SECONDS
    with pytest.raises(IssuerUnavailable):
        function(text)


def at_once(function: Function, texts: list[str]) -> list[str]:
    """What callers get that come together: an effect, or the name of an error."""
    start = threading.Barrier(len(texts))
    found: list[str] = []

    def call(text: str) -> None:
        start.wait()
        try:
            found.append(effect(function(text, INFER)))
        except (Unauthorized, IssuerUnavailable) as error:
            found.append(type(error).__name__)

    threads = [threading.Thread(target=call, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == len(texts)
    return found


def test_a_hundred_requests_at_once_ask_for_the_keys_once_an_interval(function: Function) -> None:
    function.issuer.before = lambda: threading.Event().wait(0.05)
    text = token(claims(exp=NOW + 3_600))
    for interval in (1, 2, 3):
        assert at_once(function, [text] * CALLERS) == ["Allow"] * CALLERS
        assert function.issuer.asked == interval
        function.clock.at += FRESH_SECONDS


def test_a_hundred_made_up_key_ids_at_once_ask_once_and_hinder_nobody(function: Function) -> None:
    good = token(claims(exp=NOW + 3_600))
    for interval in (1, 2, 3):
        made_up = [token(kid=f"{interval}-{number}") for number in range(CALLERS // 2)]
        found = at_once(function, made_up + [good] * (CALLERS // 2))
        assert found.count("Allow") == found.count("Unauthorized") == CALLERS // 2
        assert function.issuer.asked == interval
        function.clock.at += ASK_AGAIN_SECONDS


def test_a_stream_of_made_up_key_ids_asks_no_more_often_than_every_ten_seconds(
    function: Function,
) -> None:
    seconds = 60
    for number in range(seconds * 5):
        function.clock.at = NOW + number / 5
        with pytest.raises(Unauthorized):
            function(raw_token({"alg": "RS256", "kid": f"made-up-{number}"}, claims(), b"x"))
    assert function.issuer.asked == seconds // ASK_AGAIN_SECONDS


@pytest.mark.parametrize("down", [False, True])
def test_a_line_of_the_log_is_one_object_whatever_came(function: Function, *, down: bool) -> None:
    function.issuer.down = down
    for make, _ in REFUSED.values():
        with pytest.raises((Unauthorized, IssuerUnavailable)):
            function(make())
    assert len(function.lines) == len(REFUSED)
    assert all(set(json.loads(line)) == {"authorizer"} for line in function.lines)
