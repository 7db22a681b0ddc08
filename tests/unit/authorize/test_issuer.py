"""What an issuer may answer when it is asked for its keys."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from functions.authorize.documents import discovery_url, https_get
from functions.authorize.issuer import fetch_keys
from functions.authorize.refusals import IssuerUnavailable
from functions.shared.deadline import Deadline
from tests.unit.authorize.issuer import ISSUER, key_set, public_jwk, rsa_key

pytestmark = pytest.mark.unit

KEYS_URL = "https://keys.example.com/set"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
SET = key_set(public_jwk(rsa_key(), kid="k1"))


def fetch(answers: Mapping[str, Any], *, issuer: str = ISSUER, jwks_url: str = "") -> Any:
    def get(url: str, _deadline: Deadline) -> bytes:
        found = answers[url]
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    return fetch_keys(issuer, jwks_url, get)


def test_the_discovery_document_says_where_the_keys_are() -> None:
    found = fetch({DISCOVERY: {"issuer": ISSUER, "jwks_uri": KEYS_URL}, KEYS_URL: SET})
    assert set(found) == {("k1", "RS256")}


def test_a_setting_says_where_the_keys_are_without_a_discovery_document() -> None:
    assert set(fetch({KEYS_URL: SET}, jwks_url=KEYS_URL)) == {("k1", "RS256")}


@pytest.mark.parametrize("issuer", ["https://a.example.com", "https://a.example.com/"])
def test_a_slash_at_the_end_of_the_issuer_is_not_doubled(issuer: str) -> None:
    assert discovery_url(issuer) == "https://a.example.com/.well-known/openid-configuration"


@pytest.mark.parametrize("other", [f"{ISSUER}/", ISSUER[:-1], None, [ISSUER], "https://x.example"])
def test_a_discovery_document_of_another_issuer_names_no_keys(other: Any) -> None:
    with pytest.raises(IssuerUnavailable, match="both must be equal to the last character"):
        fetch({DISCOVERY: {"issuer": other, "jwks_uri": KEYS_URL}, KEYS_URL: SET})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "no usable key"),
        (b'{"keys": []}', "no usable key"),
    ],
)
def test_an_answer_that_is_no_key_set_says_what_it_is(body: bytes, why: str) -> None:
    with pytest.raises(IssuerUnavailable, match=why):
        fetch({KEYS_URL: body}, jwks_url=KEYS_URL)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com/keys",
        "file:///etc/passwd",
        "ftp://login.example.com/keys",
        "https://user:secret@login.example.com/keys",
        "https:///keys",
        "//login.example.com/keys",
        "",
    ],
)
def test_only_plain_https_is_asked(url: str) -> None:
    with pytest.raises(IssuerUnavailable, match="no plain https URL"):
        https_get(url, Deadline.after(1))


@pytest.mark.parametrize("url", ["https://login.example.com:port/", "https://[::1/keys"])
def test_a_url_that_cannot_be_read_is_the_issuers_fault(url: str) -> None:
    with pytest.raises(IssuerUnavailable):
        https_get(url, Deadline.after(1))


def test_nothing_is_asked_once_the_time_is_over() -> None:
    with pytest.raises(IssuerUnavailable, match="TimeoutError"):
        https_get("https://login.example.com/keys", Deadline.after(0))
