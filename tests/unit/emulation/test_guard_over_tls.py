"""How the emulator reaches itself while it speaks TLS."""

import pytest

from emulation.guard import over_tls

pytestmark = pytest.mark.unit
OWN = "http://localhost:5000/"


@pytest.mark.parametrize(
    ("asked", "fetched"),
    [
        (f"{OWN}pool/.well-known/jwks.json", "https://localhost:5000/pool/.well-known/jwks.json"),
        ("http://localhost:50001/keys", "http://localhost:50001/keys"),
        ("https://issuer.example/keys", "https://issuer.example/keys"),
    ],
)
def test_only_its_own_address_is_fetched_over_tls(asked: str, fetched: str) -> None:
    seen: list[tuple[str, float]] = []
    over_tls(lambda url, seconds: seen.append((url, seconds)), OWN)(asked, 5.0)
    assert seen == [(fetched, 5.0)]
