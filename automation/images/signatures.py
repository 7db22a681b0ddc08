"""Signs images, and says whether somebody trusted signed one: signatures as cosign keeps them.

A signature is about a small document that names the image's digest, and lies beside the image in
its repository, under a tag made of that digest (cosign's SIGNATURE_SPEC, "simple signing"). Keys
are ECDSA P-256 keys of KMS; whoever has cosign can make and check the same signatures.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from awscrt.crypto import EC

from automation.errors import Failure
from automation.images.registry import MANIFEST, Image, Repository, digest_of
from contracts.manifest import SIGNATURE_ALGORITHM

TYPE: Final = "cosign container image signature"
PAYLOAD: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
ANNOTATION: Final = "dev.cosignproject.cosign/signature"


@dataclass(frozen=True, kw_only=True)
class ImageSigner:
    """The KMS key that signs images now."""

    kms: Any
    key: str
    """Its name in the stack's image keyring."""
    key_arn: str

    def sign(self, payload: bytes) -> str:
        """One KMS call; the private key never leaves KMS."""
        answer = self.kms.sign(
            KeyId=self.key_arn,
            Message=hashlib.sha256(payload).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=SIGNATURE_ALGORITHM,
        )
        return base64.b64encode(answer["Signature"]).decode()


@dataclass(frozen=True, kw_only=True)
class _Signature:
    payload: bytes
    value: bytes


def payload_of(image: Image) -> bytes:
    """What is signed."""
    return json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": f"{image.registry}/{image.repository}"},
                "image": {"docker-manifest-digest": image.digest},
                "type": TYPE,
            },
            "optional": None,
        },
        separators=(",", ":"),
    ).encode()


def sign(image: Image, repository: Repository, signer: ImageSigner) -> None:
    """Puts a signature beside the image. Raises `Failure` where one is already, or no image is."""
    _require_image(image, repository)
    payload = payload_of(image)
    config = json.dumps({"architecture": "", "os": "", "config": {}}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": len(config), "digest": digest_of(config)},
        "layers": [
            {
                "mediaType": PAYLOAD,
                "size": len(payload),
                "digest": digest_of(payload),
                "annotations": {ANNOTATION: signer.sign(payload)},
            }
        ],
    }
    for content in (payload, config):
        repository.push_blob(content)
    repository.push_manifest(image.signature_tag, json.dumps(manifest).encode())


def require_signed(image: Image, repository: Repository, keyring: Mapping[str, str]) -> str:
    """The name of the trusted key that signed exactly this image.

    `keyring` is key name -> base64 of the DER public key. Raises `Failure` with the way out for an
    image that is not there, that nobody signed, or that nobody trusted signed.
    """
    _require_image(image, repository)
    raw = repository.manifest(image.signature_tag)
    if raw is None:
        raise Failure(f"nobody signed {image}", _sign_it(image))
    keys = {name: EC.new_key_from_der_data(base64.b64decode(key)) for name, key in keyring.items()}
    about_others = unverified = 0
    for signature in _signatures(raw, repository):
        digest = hashlib.sha256(signature.payload).digest()
        signed_by = [name for name, key in keys.items() if key.verify(digest, signature.value)]
        if not signed_by:
            unverified += 1
        elif _digest_in(signature.payload) != image.digest:
            about_others += 1
        else:
            return signed_by[0]
    trusted = ", ".join(keyring) or "none"
    if about_others:
        raise Failure(
            f"the signature beside {image} is one of another image",
            f"Somebody moved it there: find out who. {_sign_again(image)}",
        )
    if unverified:
        raise Failure(
            f"no trusted key made a signature beside {image}: trusted are {trusted}",
            "Its signature was altered, or its key is not one of functions.images.signing_keys. "
            f"Find out who signed it. {_sign_again(image)}",
        )
    raise Failure(
        f"what lies beside {image} under {image.signature_tag} is no signature",
        f"Find out who pushed it. {_sign_again(image)}",
    )


def _require_image(image: Image, repository: Repository) -> None:
    manifest = repository.manifest(image.digest)
    if manifest is None:
        raise Failure(f"there is no image {image}", "Push it, and take the digest that push tells.")
    if digest_of(manifest) != image.digest:
        raise Failure(
            f"the registry answers for {image} with a manifest of another digest",
            "Do not deploy it: the registry, or somebody on the way to it, is not honest.",
        )


def _sign_it(image: Image) -> str:
    return f"If it is yours, sign it: warmline images sign {image}"


def _sign_again(image: Image) -> str:
    return (
        "If the image is yours, delete the tag (aws ecr batch-delete-image --repository-name "
        f"{image.repository} --image-ids imageTag={image.signature_tag}), then sign it: "
        f"warmline images sign {image}"
    )


def _signatures(manifest: bytes, repository: Repository) -> Iterator[_Signature]:
    """Those that can be read; what cannot is as good as absent."""
    for layer in _layers(manifest):
        try:
            if layer["mediaType"] != PAYLOAD:
                continue
            value = base64.b64decode(layer["annotations"][ANNOTATION], validate=True)
            payload = repository.blob(str(layer["digest"]))
        except (KeyError, TypeError, ValueError):
            continue
        if payload is not None:
            yield _Signature(payload=payload, value=value)


def _layers(manifest: bytes) -> list[dict[str, Any]]:
    try:
        layers = json.loads(manifest)["layers"]
    except (ValueError, KeyError, TypeError):
        return []
    return cast("list[dict[str, Any]]", layers) if isinstance(layers, list) else []


def _digest_in(payload: bytes) -> str | None:
    """The digest of the image that a payload is about; None = it is about no image."""
    try:
        critical = json.loads(payload)["critical"]
        if critical["type"] == TYPE:
            return str(critical["image"]["docker-manifest-digest"])
    except (ValueError, KeyError, TypeError):
        pass
    return None
