"""A repository of images in memory, and signers whose keys are made for one test."""

import base64
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from awscrt.crypto import EC
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from automation.errors import Failure
from automation.images import check
from automation.images.registry import Image, Repository, digest_of
from automation.images.signatures import ImageSigner, sign

MANIFEST = b'{"schemaVersion": 2, "layers": []}'
IMAGE = Image(
    registry="123456789012.dkr.ecr.us-east-1.amazonaws.com",
    account="123456789012",
    region="us-east-1",
    repository="warmline/predict",
    digest=digest_of(MANIFEST),
)


@dataclass
class InMemory:
    """Stands for `automation.images.registry.Repository`."""

    manifests: dict[str, bytes] = field(default_factory=lambda: {IMAGE.digest: MANIFEST})
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def manifest(self, reference: str) -> bytes | None:
        return self.manifests.get(reference)

    def blob(self, digest: str) -> bytes | None:
        content = self.blobs.get(digest)
        return content if content is not None and digest_of(content) == digest else None

    def push_blob(self, content: bytes) -> None:
        self.blobs[digest_of(content)] = content

    def push_manifest(self, tag: str, manifest: bytes) -> None:
        if tag in self.manifests:
            raise Failure(f"the tag {tag} is there", "Tags never move.")
        self.manifests[tag] = manifest

    def sign(self, by: "Kms", image: Image = IMAGE) -> None:
        sign(image, cast("Repository", self), by.signer("images"))

    def retag_signature_of_another(self, by: "Kms") -> None:
        """Beside the image lies, under its tag, what signs another one."""
        other = replace(IMAGE, digest=digest_of(b"another"))
        self.manifests[other.digest] = b"another"
        self.sign(by, other)
        self.manifests[IMAGE.signature_tag] = self.manifests[other.signature_tag]


def serve(repository: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stack's images lie in it."""
    monkeypatch.setattr(check, "repository_of", lambda _stack, _image: repository)


@dataclass
class Kms:
    """One P-256 key that signs as KMS does."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def sign(self, **request: Any) -> dict[str, bytes]:
        assert request["MessageType"] == "DIGEST"
        assert request["SigningAlgorithm"] == "ECDSA_SHA_256"
        algorithm = ec.ECDSA(Prehashed(hashes.SHA256()))
        return {"Signature": self.private.sign(request["Message"], algorithm)}

    @property
    def public(self) -> str:
        der = self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        EC.new_key_from_der_data(der)
        return base64.b64encode(der).decode()

    def signer(self, name: str) -> ImageSigner:
        return ImageSigner(kms=self, key=name, key_arn=f"arn:aws:kms:::{name}")
