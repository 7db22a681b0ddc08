"""One request judged: what the gateway is told, and what the log says."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.protocol import SCOPE_READ
from functions.authorize import app
from functions.authorize.keys import FRESH_SECONDS, STALE_SECONDS
from functions.authorize.refusals import IssuerUnavailable, Unauthorized
from tests.unit.authorize.issuer import (
    CONFIG,
    ISSUER,
    NOW,
    Clock,
    Issuer,
    claims,
    ec_key,
    public_jwk,
    rsa_key,
    token,
)

pytestmark = pytest.mark.unit

STAGE = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/prod"
INFER = f"{STAGE}/POST/v2/models/magika/infer"
GOOD = token()
ELLIPTIC = token(key=ec_key(), kid="e1")


class Function:
    """The authorizer function with an issuer and a clock of ours."""

    def __init__(self) -> None:
        self.issuer = Issuer(public_jwk(rsa_key(), kid="k1"), public_jwk(ec_key(), kid="e1"))
        self.clock = Clock()
        self.lines: list[str] = []
        self.lambda_trace = ""
        self.ports = app.Ports(
            config=CONFIG,
            lambda_trace=lambda: self.lambda_trace,
            keys=self.issuer.keys(self.clock),
            now=self.clock,
            write=self.lines.append,
        )

    def __call__(self, text: str, arn: str = INFER) -> dict[str, Any]:
        event = {"type": "TOKEN", "authorizationToken": f"Bearer {text}", "methodArn": arn}
        return app.handle(event, self.ports)

    @property
    def said(self) -> dict[str, str]:
        """The last line of the log."""
        return json.loads(self.lines[-1])["authorizer"]


def effect(answer: dict[str, Any]) -> str:
    return answer["policyDocument"]["Statement"][0]["Effect"]


def test_a_good_token_is_allowed_and_the_log_says_so_without_it() -> None:
    function = Function()
    assert effect(function(GOOD)) == "Allow"
    assert function.said == {"decision": "allowed"}
    assert len(function.lines) == 1


def test_a_token_that_is_not_good_becomes_the_word_that_the_gateway_answers_401_for() -> None:
    function = Function()
    with pytest.raises(Unauthorized) as caught:
        function(token(claims(exp=NOW - 3_600)))
    assert str(caught.value) == "Unauthorized"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert function.said["decision"] == "unauthorized"
    assert function.said["reason"] == "expired"


def test_a_missing_scope_is_a_policy_without_the_route_which_becomes_403() -> None:
    function = Function()
    found = function(token(claims(scope=SCOPE_READ)))
    assert f"{STAGE}/GET/v2" in found["policyDocument"]["Statement"][0]["Resource"]
    assert not any("POST" in arn for arn in found["policyDocument"]["Statement"][0]["Resource"])
    assert function.said == {
        "decision": "forbidden",
        "reason": "scope",
        "detail": "needs models/infer",
    }
    assert effect(function(token(claims(scope="openid")))) == "Deny"


def test_an_issuer_that_cannot_be_asked_is_an_error_of_ours_and_not_of_the_caller() -> None:
    function = Function()
    function.issuer.down = True
    with pytest.raises(IssuerUnavailable):
        function(GOOD)
    assert function.said["decision"] == "unavailable"
    assert function.said["detail"] == "the issuer is down"


def test_while_the_issuer_is_down_known_keys_serve_and_every_line_says_it() -> None:
    function = Function()
    long_lived = token(claims(exp=NOW + 2 * STALE_SECONDS))
    function(long_lived)
    function.issuer.down = True
    function.clock.at += FRESH_SECONDS
    assert effect(function(long_lived)) == "Allow"
    assert function.said == {"decision": "allowed", "issuer": "the issuer is down"}
    function.clock.at = NOW + STALE_SECONDS
    with pytest.raises(IssuerUnavailable):
        function(long_lived)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"authorizationToken": f"Bearer {GOOD}"},
        {"methodArn": INFER},
        {"authorizationToken": None, "methodArn": INFER},
        {"authorizationToken": ["Bearer", GOOD], "methodArn": INFER},
        {"authorizationToken": f"Bearer {GOOD}", "methodArn": "*"},
        {"authorizationToken": f"Bearer {GOOD}", "methodArn": 7},
    ],
)
def test_an_event_that_cannot_be_read_lets_nobody_in(event: dict[str, Any]) -> None:
    function = Function()
    with pytest.raises(Unauthorized):
        app.handle(event, function.ports)
    assert function.said["decision"] == "unauthorized"


def test_no_line_of_the_log_has_any_part_of_a_token() -> None:
    function = Function()
    for text in (GOOD, token(key=rsa_key(1)), token(claims(exp=1)), token(kid="k7"), GOOD[:-9]):
        with suppress(Unauthorized):
            function(text)
        for part in text.split("."):
            assert part not in function.lines[-1]


def test_a_line_break_in_a_claim_starts_no_line_of_the_log() -> None:
    function = Function()
    with pytest.raises(Unauthorized):
        function(token(claims(iss=f"{ISSUER}\nforged")))
    assert "\n" not in function.lines[-1]


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n%\x00é"


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A good token with some characters exchanged, cut out or put in."""
    text = list(draw(st.sampled_from((GOOD, ELLIPTIC))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text) - 1))
        match draw(st.sampled_from(("exchange", "cut", "put", "swap"))):
            case "exchange":
                text[at] = draw(st.sampled_from(ALPHABET))
            case "cut":
                del text[at : at + draw(st.integers(1, 40))]
            case "put":
                text[at:at] = draw(st.text(ALPHABET, min_size=1, max_size=40))
            case _:
                other = draw(st.integers(0, len(text) - 1))
                text[at], text[other] = text[other], text[at]
        text = text or ["a"]
    return "".join(text)


def refused(text: str) -> bool:
    try:
        Function()(text)
    except Unauthorized:
        return True
    return False


@settings(max_examples=500)
@given(mutations())
def test_no_mutated_token_is_ever_allowed(text: str) -> None:
    assert refused(text) is (text not in (GOOD, ELLIPTIC))


@given(st.permutations([*GOOD.split("."), *token(claims(sub="other")).split(".")]))
def test_parts_of_good_tokens_put_together_anew_are_no_token(parts: list[str]) -> None:
    text = ".".join(parts[:3])
    whole = {tuple(GOOD.split(".")), tuple(token(claims(sub="other")).split("."))}
    assert refused(text) is (tuple(parts[:3]) not in whole)


@given(st.text(max_size=200))
def test_no_text_is_a_token(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("text", [GOOD, "nonsense"])
def test_the_line_names_the_trace_that_the_access_log_has(text: str) -> None:
    function = Function()
    function.lambda_trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8"
    with suppress(Unauthorized):
        function(text)
    assert function.said["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"
