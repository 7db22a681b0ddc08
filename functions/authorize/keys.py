"""The issuer's keys, and how long they are believed."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from jwt import PyJWK

from functions.authorize.refusals import IssuerUnavailable

Keys = Mapping[tuple[str, str], PyJWK]
"""(key id, algorithm) -> public key."""


class KeyKind(NamedTuple):
    type: str
    curve: str | None


ALGORITHMS = {
    "RS256": KeyKind("RSA", None),
    "ES256": KeyKind("EC", "P-256"),
}
"""Signatures that are accepted, and the kind of key that each needs: asymmetric ones only, so that
nothing which the issuer publishes can make a token."""
RSA_BITS = range(2_048, 8_193)

FRESH_SECONDS = 300
"""Keys older than this are asked for again."""
ASK_AGAIN_SECONDS = 10
"""The issuer is never asked twice within this time, whatever callers send and however it fails."""
STALE_SECONDS = 3_600
"""While the issuer does not answer, keys are believed for this long: a bound for how long a
withdrawn key lives on."""


def usable_keys(document: Mapping[str, Any]) -> Keys:
    """Keys of a JSON Web Key Set that may verify; all others are passed over.

    Passed over are: other algorithms, encryption keys, symmetric and private ones, weak or huge RSA
    keys, keys without an id, and different keys under one id and algorithm, since nothing says
    which of them is meant.
    """
    listed: object = document.get("keys")
    found: dict[tuple[str, str], PyJWK] = {}
    entries: dict[tuple[str, str], object] = {}
    for entry in cast("list[object]", listed) if isinstance(listed, list) else []:
        name, key = _usable(entry)
        if name is None or key is None:
            continue
        if name in entries and entries[name] != entry:
            found.pop(name, None)
        elif name not in entries:
            entries[name], found[name] = entry, key
    return found


def _usable(entry: object) -> tuple[tuple[str, str] | None, PyJWK | None]:
    if not isinstance(entry, dict):
        return None, None
    jwk = cast("dict[str, Any]", entry)
    kind = KeyKind(jwk.get("kty", ""), jwk.get("crv"))
    algorithm = next((name for name, needed in ALGORITHMS.items() if needed == kind), None)
    key_id, purposes = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if (
        algorithm is None
        or jwk.get("alg", algorithm) != algorithm
        or jwk.get("use", "sig") != "sig"
        or not (isinstance(purposes, list) and "verify" in purposes)
        or "d" in jwk
        or not (isinstance(key_id, str) and key_id)
    ):
        return None, None
    try:
        key = PyJWK(jwk, algorithm)
    except Exception:  # noqa: BLE001 - whatever is wrong with one key, the others are good
        return None, None
    if kind.type == "RSA" and key.key.key_size not in RSA_BITS:
        return None, None
    return (key_id, algorithm), key


class IssuerKeys:
    """The issuer's keys as it last told them. Safe for threads: one asks while the others wait."""

    def __init__(self, fetch: Callable[[], Keys], *, now: Callable[[], float] = time.time) -> None:
        """`now` gives wall-clock seconds: it runs on while Lambda has the environment frozen."""
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._keys: Keys = {}
        self._told_at = self._asked_at = float("-inf")
        self._problem = "the issuer was not asked yet"

    def find(self, key_id: str, algorithm: str) -> PyJWK | None:
        """`None` = the issuer has no such key. Raises `IssuerUnavailable`."""
        if not self._within(self._told_at, FRESH_SECONDS):
            self.ask()
        key = self._believed().get((key_id, algorithm))
        if key is None:
            # Perhaps a new key; perhaps a made-up one, which must not cost the issuer more.
            self.ask()
            key = self._believed().get((key_id, algorithm))
        return key

    def ask(self) -> None:
        """Asks the issuer, unless that was done a moment ago; a failure shows in `find`."""
        with self._lock:
            if self._within(self._asked_at, ASK_AGAIN_SECONDS):
                return
            try:
                self._keys = self._fetch()
                self._told_at, self._problem = self._now(), ""
            except IssuerUnavailable as error:
                self._problem = str(error)
            except Exception as error:  # noqa: BLE001 - nothing that an issuer sends may end us
                self._problem = f"the issuer's answer cannot be read: {type(error).__name__}"
            finally:
                self._asked_at = self._now()

    @property
    def problem(self) -> str:
        """Why the issuer's last answer was none; empty when it was one."""
        return self._problem

    def _believed(self) -> Keys:
        if not self._within(self._told_at, STALE_SECONDS):
            raise IssuerUnavailable(self._problem)
        return self._keys

    def _within(self, since: float, seconds: float) -> bool:
        """A clock that was set back counts as time that has passed."""
        return 0 <= self._now() - since < seconds
