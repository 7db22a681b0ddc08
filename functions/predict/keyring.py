"""Who may vouch for a model: pinned public keys, and the check of a manifest's signature.

The keys come with the function's configuration, never from the place that also holds the
manifests. Several keys verify at once, so a key can be rotated without signing anything again.
"""

import base64
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import cast

from awscrt.crypto import EC

from contracts.manifest import Manifest, ManifestError, Signature
from contracts.registry import VersionRecord
from functions.shared.errors import ModelIntegrity

P256_COORDINATE_BYTES = 32
MAX_REMEMBERED = 256
"""Verified manifests that are kept, so that each is verified once."""


class KeyringError(ValueError):
    """The configured keyring is no JSON object of names and P-256 public keys."""


class Keyring:
    """Verifies the manifests of version records, each once."""

    def __init__(self, keys: Mapping[str, EC]) -> None:
        self._keys = keys
        self._verified: OrderedDict[tuple[str, Signature], Manifest] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """`text` is a JSON object: key name -> base64 of the DER SubjectPublicKeyInfo.

        Raises `KeyringError`, which names the key.
        """
        try:
            entries = json.loads(text)
        except ValueError as error:
            raise KeyringError(f"the keyring is not JSON: {error}") from None
        if not isinstance(entries, dict) or not entries:
            raise KeyringError("the keyring must be a JSON object with at least one key")
        keys = cast(dict[str, object], entries)
        return cls({name: _public_key(name, value) for name, value in keys.items()})

    def verify(self, record: VersionRecord) -> Manifest:
        """The record's manifest, signed by a key of the ring and about this very version.

        Raises `ModelIntegrity`.
        """
        what = f"{record.model} version {record.version}"
        signature = record.signature
        if signature is None:
            raise ModelIntegrity(f"the manifest of {what} is not signed")
        remembered = (record.manifest, signature)
        with self._lock:
            manifest = self._verified.get(remembered)
            if manifest is not None:
                self._verified.move_to_end(remembered)
        if manifest is None:
            manifest = self._verify(record.manifest, signature, what)
            with self._lock:
                self._verified[remembered] = manifest
                if len(self._verified) > MAX_REMEMBERED:
                    self._verified.popitem(last=False)
        if (manifest.model, manifest.version) != (record.model, record.version):
            raise ModelIntegrity(f"the manifest of {what} describes another version")
        return manifest

    def _verify(self, text: str, signature: Signature, what: str) -> Manifest:
        key = self._keys.get(signature.key)
        if key is None:
            raise ModelIntegrity(f"the manifest of {what} is signed with a key that is not trusted")
        raw = text.encode("utf-8", "surrogatepass")
        try:
            value = base64.b64decode(signature.value, validate=True)
        except ValueError:
            raise ModelIntegrity(f"the signature of {what} is not base64") from None
        if not key.verify(hashlib.sha256(raw).digest(), value):
            raise ModelIntegrity(f"the signature of {what} does not fit its manifest")
        try:
            return Manifest.parse(raw)
        except ManifestError as error:
            raise ModelIntegrity(f"the manifest of {what} cannot be used: {error}") from None


def _public_key(name: str, value: object) -> EC:
    try:
        if not isinstance(value, str):
            raise TypeError("it is not text")
        key = EC.new_key_from_der_data(base64.b64decode(value, validate=True))
        if len(key.get_public_coords().x) != P256_COORDINATE_BYTES:
            raise ValueError("its curve is not P-256")
    except (ValueError, TypeError, RuntimeError) as error:
        raise KeyringError(
            f"keyring key {name!r} is not the base64 of a DER P-256 public key: {error}"
        ) from None
    return key
