"""Which keys of an issuer are used, how often it is asked, and how long it is believed."""

import threading
from typing import Any

import pytest

from functions.authorize.keys import (
    ASK_AGAIN_SECONDS,
    FRESH_SECONDS,
    STALE_SECONDS,
    usable_keys,
)
from functions.authorize.refusals import IssuerUnavailable
from tests.unit.authorize.issuer import (
    NOW,
    Clock,
    Issuer,
    ec_key,
    key_set,
    public_jwk,
    rsa_key,
)

pytestmark = pytest.mark.unit

GOOD = public_jwk(rsa_key(), kid="k1")
NAME = ("k1", "RS256")
CALLERS = 100


def test_signing_keys_of_both_kinds_are_used() -> None:
    found = usable_keys(key_set(GOOD, public_jwk(ec_key(), kid="e1", use="sig", alg="ES256")))
    assert set(found) == {NAME, ("e1", "ES256")}


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "RS512"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"kid": None},
        {"kid": ""},
        {"kid": 7},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": None},
        {"kty": ["RSA"]},
        {"n": None},
        {"n": 5},
        {"n": "!!!!"},
        {"n": ""},
        {"e": "AA"},
        {"d": "AQAB"},
    ],
)
def test_a_key_that_cannot_verify_is_passed_over_and_the_others_serve(
    changes: dict[str, Any],
) -> None:
    other = public_jwk(ec_key(), kid="e1")
    assert set(usable_keys(key_set({**GOOD, **changes}, other))) == {("e1", "ES256")}


@pytest.mark.parametrize("bits", [1_024, 2_047])
def test_a_weak_key_is_passed_over(bits: int) -> None:
    assert not usable_keys(key_set(public_jwk(rsa_key(9, bits), kid="k1")))


def test_an_elliptic_key_of_another_curve_or_off_its_curve_is_passed_over() -> None:
    good = public_jwk(ec_key(), kid="e1")
    for changes in ({"crv": "P-384"}, {"crv": "secp256k1"}, {"crv": None}, {"y": good["x"]}):
        assert not usable_keys(key_set({**good, **changes}))


def test_two_different_keys_of_one_id_are_both_passed_over_and_stay_so() -> None:
    one, two, three = (public_jwk(rsa_key(number), kid="k1") for number in range(3))
    assert not usable_keys(key_set(one, two))
    assert not usable_keys(key_set(one, two, three))
    assert not usable_keys(key_set(one, two, one))
    assert set(usable_keys(key_set(one, dict(one)))) == {NAME}


def test_one_id_may_stand_for_a_key_of_each_algorithm() -> None:
    found = usable_keys(key_set(GOOD, public_jwk(ec_key(), kid="k1")))
    assert set(found) == {NAME, ("k1", "ES256")}


@pytest.mark.parametrize(
    "document", [{}, {"keys": None}, {"keys": {}}, {"keys": [None, 1, "k", []]}]
)
def test_a_set_without_keys_has_none(document: dict[str, Any]) -> None:
    assert not usable_keys(document)


def at_once(call: Any, count: int = CALLERS) -> list[Any]:
    """What `count` threads get that start together; an error counts as its type."""
    start = threading.Barrier(count)
    found: list[Any] = []

    def one() -> None:
        start.wait()
        try:
            found.append(call())
        except IssuerUnavailable as error:
            found.append(type(error))

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == count
    return found


def test_a_hundred_callers_at_once_ask_the_issuer_once_an_interval() -> None:
    issuer, clock = Issuer(), Clock()
    issuer.before = lambda: threading.Event().wait(0.05)
    keys = issuer.keys(clock)
    for interval in (1, 2, 3):
        assert None not in at_once(lambda: keys.find(*NAME))
        assert issuer.asked == interval
        clock.at += FRESH_SECONDS


def test_a_hundred_callers_with_unknown_keys_ask_once_an_interval() -> None:
    issuer, clock = Issuer(), Clock()
    keys = issuer.keys(clock)
    numbers = iter(range(10_000))
    for interval in (1, 2, 3):
        found = at_once(lambda: keys.find(f"made-up-{next(numbers)}", "RS256"))
        assert set(found) == {None}
        assert issuer.asked == interval
        clock.at += ASK_AGAIN_SECONDS


def test_a_hundred_callers_of_an_issuer_that_is_down_ask_once_an_interval() -> None:
    issuer, clock = Issuer(), Clock()
    issuer.down = True
    keys = issuer.keys(clock)
    for interval in (1, 2):
        assert set(at_once(lambda: keys.find(*NAME))) == {IssuerUnavailable}
        assert issuer.asked == interval
        clock.at += ASK_AGAIN_SECONDS


def test_known_keys_cost_no_question_while_they_are_fresh() -> None:
    issuer, clock = Issuer(), Clock()
    keys = issuer.keys(clock)
    for second in range(0, FRESH_SECONDS, 7):
        clock.at = NOW + second
        assert keys.find(*NAME) is not None
    assert issuer.asked == 1


def test_a_rotated_key_is_found_as_soon_as_the_issuer_may_be_asked_again() -> None:
    issuer, clock = Issuer(), Clock()
    keys = issuer.keys(clock)
    assert keys.find(*NAME) is not None
    issuer.document = key_set(public_jwk(rsa_key(1), kid="k2"))
    clock.at += ASK_AGAIN_SECONDS - 1
    assert keys.find("k2", "RS256") is None
    clock.at += 1
    assert keys.find("k2", "RS256") is not None
    assert keys.find(*NAME) is None


def test_keys_serve_while_the_issuer_is_down_until_the_bound_and_no_longer() -> None:
    issuer, clock = Issuer(), Clock()
    keys = issuer.keys(clock)
    assert keys.find(*NAME) is not None
    issuer.down = True
    clock.at = NOW + STALE_SECONDS - 1
    assert keys.find(*NAME) is not None
    assert keys.problem == "the issuer is down"
    clock.at = NOW + STALE_SECONDS
    with pytest.raises(IssuerUnavailable, match="the issuer is down"):
        keys.find(*NAME)
    issuer.down = False
    clock.at += ASK_AGAIN_SECONDS
    assert keys.find(*NAME) is not None
    assert keys.problem == ""


def test_an_issuer_that_was_never_reached_lets_nobody_in() -> None:
    issuer = Issuer()
    issuer.down = True
    with pytest.raises(IssuerUnavailable):
        issuer.keys().find(*NAME)


def test_whatever_reading_the_keys_raises_the_old_ones_serve() -> None:
    issuer, clock = Issuer(), Clock()
    keys = issuer.keys(clock)
    assert keys.find(*NAME) is not None
    issuer.before = lambda: {}["keys"]
    clock.at += FRESH_SECONDS
    assert keys.find(*NAME) is not None
    assert keys.problem == "the issuer's answer cannot be read: KeyError"


def test_a_clock_that_is_set_back_makes_nothing_younger() -> None:
    issuer, clock = Issuer(), Clock()
    keys = issuer.keys(clock)
    assert keys.find(*NAME) is not None
    clock.at = NOW - 86_400
    assert keys.find(*NAME) is not None
    assert issuer.asked == 2
