import base64
import dataclasses
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.manifest import Signature
from contracts.registry import VersionRecord
from functions.predict.keyring import Keyring, KeyringError
from functions.shared.errors import ModelIntegrity
from tests.unit.model_cache.cache_fakes import SigningKey, keyring_text, make_manifest, make_record

pytestmark = pytest.mark.unit

OLD, NEW, FOREIGN = SigningKey("old"), SigningKey("new"), SigningKey("foreign")
MANIFEST = make_manifest({"model.onnx": b"bytes"})


def resigned(record: VersionRecord, value: str) -> VersionRecord:
    assert record.signature is not None
    return dataclasses.replace(record, signature=Signature(key=record.signature.key, value=value))


def test_a_manifest_signed_by_a_key_of_the_ring_is_read() -> None:
    assert Keyring.parse(keyring_text(OLD)).verify(make_record(MANIFEST, OLD)) == MANIFEST


def test_after_a_rotation_manifests_of_the_old_and_of_the_new_key_verify() -> None:
    keyring = Keyring.parse(keyring_text(NEW, OLD))
    other = make_manifest({"model.onnx": b"bytes"}, version=2)
    assert keyring.verify(make_record(MANIFEST, OLD)) == MANIFEST
    assert keyring.verify(make_record(other, NEW)) == other


def test_after_the_old_key_is_taken_out_its_manifests_are_refused() -> None:
    with pytest.raises(ModelIntegrity, match="not trusted"):
        Keyring.parse(keyring_text(NEW)).verify(make_record(MANIFEST, OLD))


def test_a_foreign_key_under_a_trusted_name_is_refused() -> None:
    impostor = SigningKey("old")
    with pytest.raises(ModelIntegrity, match="does not fit"):
        Keyring.parse(keyring_text(OLD)).verify(make_record(MANIFEST, impostor))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda r: dataclasses.replace(r, signature=None), "not signed"),
        (lambda r: resigned(r, ""), "does not fit"),
        (lambda r: resigned(r, "%%%"), "not base64"),
        (
            lambda r: resigned(r, base64.b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x01").decode()),
            "fit",
        ),
        (lambda r: resigned(r, base64.b64encode(b"junk" * 18).decode()), "does not fit"),
        (lambda r: dataclasses.replace(r, manifest=r.manifest.replace("demo", "Demo")), "fit"),
        (lambda r: dataclasses.replace(r, manifest=r.manifest + " "), "does not fit"),
        (lambda r: dataclasses.replace(r, manifest="\ud800"), "does not fit"),
        (lambda r: dataclasses.replace(r, model="other"), "another version"),
        (lambda r: dataclasses.replace(r, version=2), "another version"),
    ],
)
def test_a_record_that_was_changed_in_any_way_is_refused(
    spoil: Callable[[VersionRecord], VersionRecord], says: str
) -> None:
    keyring = Keyring.parse(keyring_text(OLD))
    record = make_record(MANIFEST, OLD)
    keyring.verify(record)  # what was verified before lends nothing to what was changed
    with pytest.raises(ModelIntegrity, match=says):
        keyring.verify(spoil(record))


def test_a_signed_text_that_is_no_canonical_manifest_is_refused() -> None:
    class Loose:
        def __init__(self, text: str) -> None:
            self.text = text

        def digest(self) -> bytes:
            import hashlib

            return hashlib.sha256(self.text.encode()).digest()

    text = json.dumps(json.loads(MANIFEST.canonical()), indent=1)
    record = dataclasses.replace(
        make_record(MANIFEST, OLD),
        manifest=text,
        signature=OLD.sign(Loose(text)),  # type: ignore[arg-type] - only its digest is used
    )
    with pytest.raises(ModelIntegrity, match="canonical"):
        Keyring.parse(keyring_text(OLD)).verify(record)


def test_a_version_is_verified_once_and_what_is_remembered_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring = Keyring.parse(keyring_text(OLD))
    checks = []
    check = keyring._verify
    monkeypatch.setattr(keyring, "_verify", lambda *args: checks.append(1) or check(*args))
    record = make_record(MANIFEST, OLD)
    for _ in range(5):
        keyring.verify(record)
    assert len(checks) == 1
    for version in range(2, 400):
        keyring.verify(make_record(make_manifest({"m": b"b"}, version=version), OLD))
    assert len(keyring._verified) == 256


def _der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[]", "JSON object"),
        ("{}", "at least one"),
        ('{"a": 1}', "'a'"),
        ('{"a": "%%"}', "'a'"),
        ('{"a": "anVuaw=="}', "'a'"),
        (json.dumps({"a": _der(ec.generate_private_key(ec.SECP384R1()))}), "P-256"),
        (json.dumps({"a": _der(rsa.generate_private_key(65537, 2048))}), "'a'"),
    ],
)
def test_a_keyring_that_cannot_be_used_says_which_key_and_why(text: str, says: str) -> None:
    with pytest.raises(KeyringError, match=says):
        Keyring.parse(text)
