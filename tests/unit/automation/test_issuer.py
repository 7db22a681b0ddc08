"""An issuer that differs from its own document by a slash would have every token refused."""

import json
from urllib.error import URLError

import pytest

from automation import issuer
from automation.errors import Failure

pytestmark = pytest.mark.unit

SLASH, NONE = "https://login.example.com/", "https://login.example.com"


def compared(written: str, document: object, kind: str = "issuer") -> str | None:
    def read(url: str) -> bytes:
        assert url == "https://login.example.com/.well-known/openid-configuration"
        if isinstance(document, Exception):
            raise document
        return json.dumps(document).encode()

    return issuer.compare({"kind": kind, "issuer": written}, "prod", read)


@pytest.mark.parametrize("written", [SLASH, NONE])
def test_an_issuer_that_is_written_as_it_calls_itself_passes(written: str) -> None:
    assert compared(written, {"issuer": written}) == "issuer as it calls itself"


@pytest.mark.parametrize(("written", "named"), [(NONE, SLASH), (SLASH, NONE)])
def test_one_slash_of_difference_is_refused_with_both_values(written: str, named: str) -> None:
    with pytest.raises(Failure) as caught:
        compared(written, {"issuer": named})
    assert repr(written) in caught.value.cause
    assert repr(named) in caught.value.cause
    assert caught.value.way_out.startswith(f'Write issuer: "{named}"')


@pytest.mark.parametrize(
    "document", [URLError("no route"), TimeoutError(), {"other": 1}, ["no object"], None]
)
def test_an_issuer_that_cannot_be_asked_from_here_is_said_to_be_unchecked(document: object) -> None:
    assert str(compared(SLASH, document)).startswith("issuer not compared, ")


def test_a_pool_of_the_stacks_own_is_not_asked() -> None:
    assert compared(SLASH, AssertionError("asked"), kind="cognito") is None
