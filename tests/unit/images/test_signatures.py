"""Who signed an image: nobody is believed but a trusted key, about exactly this image."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from automation.errors import Failure
from automation.images.registry import Image, Repository, digest_of
from automation.images.signatures import ANNOTATION, PAYLOAD, payload_of, require_signed, sign
from tests.unit.images.in_memory import IMAGE, MANIFEST, InMemory, Kms

pytestmark = pytest.mark.unit

OURS, NEXT, OTHER = Kms(), Kms(), Kms()
KEYRING = {"images": OURS.public, "images-next": NEXT.public}
TAG = IMAGE.signature_tag
SIGN_IT = f"warmline images sign {IMAGE}"


def signed(by: Kms = OURS, image: Image = IMAGE) -> InMemory:
    repository = InMemory()
    repository.manifests[image.digest] = MANIFEST if image is IMAGE else b"another"
    sign(image, cast("Repository", repository), by.signer("images"))
    return repository


def verified(repository: InMemory, keyring: dict[str, str] | None = None) -> str:
    ring = KEYRING if keyring is None else keyring
    return require_signed(IMAGE, cast("Repository", repository), ring)


def refusal(repository: InMemory, keyring: dict[str, str] | None = None) -> Failure:
    with pytest.raises(Failure) as caught:
        verified(repository, keyring)
    return caught.value


def edited(repository: InMemory, **changes: Any) -> InMemory:
    """The signature's only layer with other members."""
    manifest = json.loads(repository.manifests[TAG])
    manifest["layers"][0] |= changes
    repository.manifests[TAG] = json.dumps(manifest).encode()
    return repository


def test_an_image_that_we_signed_is_known_by_the_name_of_the_key() -> None:
    assert verified(signed(by=OURS)) == "images"
    assert verified(signed(by=NEXT)) == "images-next"


def test_a_signature_is_where_and_what_cosign_looks_for() -> None:
    """Checked with another library, step by step as cosign's specification has it."""
    repository = signed()
    digest = hashlib.sha256(MANIFEST).hexdigest()
    manifest = json.loads(repository.manifests[f"sha256-{digest}.sig"])
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.dev.cosign.simplesigning.v1+json"
    payload = repository.blobs[layer["digest"]]
    assert (layer["size"], layer["digest"]) == (len(payload), digest_of(payload))
    critical = json.loads(payload)["critical"]
    assert critical["type"] == "cosign container image signature"
    assert critical["image"] == {"docker-manifest-digest": f"sha256:{digest}"}
    assert critical["identity"] == {"docker-reference": f"{IMAGE.registry}/{IMAGE.repository}"}
    signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    OURS.private.public_key().verify(signature, payload, ec.ECDSA(hashes.SHA256()))


def test_an_image_that_nobody_signed_is_refused() -> None:
    told = refusal(InMemory())
    assert told.cause == f"nobody signed {IMAGE}"
    assert SIGN_IT in told.way_out


def test_a_key_that_is_not_trusted_signs_nothing() -> None:
    told = refusal(signed(by=OTHER))
    assert f"no trusted key made a signature beside {IMAGE}" in told.cause
    assert "trusted are images, images-next" in told.cause
    assert "functions.images.signing_keys" in told.way_out
    assert f"--image-ids imageTag={TAG}" in told.way_out
    assert SIGN_IT in told.way_out


def test_a_key_that_was_taken_out_of_the_ring_is_trusted_no_more() -> None:
    assert verified(signed(), {"images": OURS.public}) == "images"
    told = refusal(signed(), {"images-next": NEXT.public})
    assert "trusted are images-next" in told.cause


def test_an_empty_ring_trusts_nobody() -> None:
    assert "trusted are none" in refusal(signed(), {}).cause


def test_a_signature_of_another_image_is_no_signature_of_this_one() -> None:
    repository = InMemory()
    another = replace(IMAGE, digest=digest_of(b"another"))
    other = signed(image=another)
    repository.blobs = other.blobs
    repository.manifests[TAG] = other.manifests[another.signature_tag]
    told = refusal(repository)
    assert told.cause == f"the signature beside {IMAGE} is one of another image"
    assert "find out who" in told.way_out


def test_a_signature_over_an_altered_payload_is_refused() -> None:
    repository = signed()
    payload = payload_of(IMAGE).replace(b"null", b'{"approved":true}')
    repository.push_blob(payload)
    told = refusal(edited(repository, digest=digest_of(payload), size=len(payload)))
    assert "no trusted key made a signature" in told.cause
    assert "Its signature was altered" in told.way_out


def test_a_payload_that_is_not_what_its_digest_says_is_no_signature() -> None:
    repository = signed()
    for digest in list(repository.blobs):
        repository.blobs[digest] += b" "
    assert "is no signature" in refusal(repository).cause


def test_a_document_of_another_kind_that_a_trusted_key_signed_is_no_signature() -> None:
    repository = signed()
    payload = json.dumps({"model": "m", "version": 1, "digest": IMAGE.digest}).encode()
    repository.push_blob(payload)
    value = OURS.signer("images").sign(payload)
    forged = edited(repository, digest=digest_of(payload), annotations={ANNOTATION: value})
    assert "is one of another image" in refusal(forged).cause


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaType": "application/vnd.oci.image.layer.v1.tar"},
        {"annotations": {}},
        {"annotations": None},
        {"annotations": {ANNOTATION: "not base64!"}},
        {"digest": "sha256:gone"},
        {"digest": None},
    ],
)
def test_a_layer_that_is_no_signature_counts_for_nothing(changes: dict[str, Any]) -> None:
    assert "is no signature" in refusal(edited(signed(), **changes)).cause


@pytest.mark.parametrize("value", [b"", b"0", b"\x30\x06\x02\x01\x01\x02\x01\x01", b"x" * 200])
def test_garbage_in_place_of_a_signature_verifies_nowhere(value: bytes) -> None:
    annotations = {ANNOTATION: base64.b64encode(value).decode()}
    assert "no trusted key" in refusal(edited(signed(), annotations=annotations)).cause


@pytest.mark.parametrize("raw", [b"", b"no JSON", b"[]", b"{}", b'{"layers": 7}', b"null"])
def test_what_is_no_manifest_is_no_signature(raw: bytes) -> None:
    repository = signed()
    repository.manifests[TAG] = raw
    told = refusal(repository)
    assert told.cause == f"what lies beside {IMAGE} under {TAG} is no signature"


def test_one_good_signature_among_others_is_enough() -> None:
    repository, others = signed(by=OTHER), signed(by=NEXT)
    manifest, more = (json.loads(each.manifests[TAG]) for each in (repository, others))
    assert all(layer["mediaType"] == PAYLOAD for layer in more["layers"])
    manifest["layers"] += more["layers"]
    repository.manifests[TAG] = json.dumps(manifest).encode()
    assert verified(repository) == "images-next"


def test_an_image_that_is_not_there_is_neither_signed_nor_deployed() -> None:
    repository = signed()
    del repository.manifests[IMAGE.digest]
    assert refusal(repository).cause == f"there is no image {IMAGE}"
    with pytest.raises(Failure, match="there is no image"):
        sign(IMAGE, cast("Repository", InMemory({})), OURS.signer("images"))


def test_a_registry_that_answers_with_another_image_is_not_believed() -> None:
    repository = signed()
    repository.manifests[IMAGE.digest] = b"another"
    assert "a manifest of another digest" in refusal(repository).cause


def test_a_signature_is_not_replaced() -> None:
    repository = signed(by=OTHER)
    with pytest.raises(Failure, match="is there"):
        sign(IMAGE, cast("Repository", repository), OURS.signer("images"))
    assert "no trusted key" in refusal(repository).cause


@pytest.mark.parametrize(
    "uri",
    [
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:latest",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com/a@sha256:{'0' * 63}",
        f"docker.io/library/python@sha256:{'0' * 64}",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example/a@sha256:{'0' * 64}",
        "",
    ],
)
def test_what_names_no_image_by_digest_in_ecr_is_refused(uri: str) -> None:
    with pytest.raises(Failure, match="is no image of ECR by its digest"):
        Image.parse(uri)


def test_an_image_is_read_from_its_uri_and_written_the_same() -> None:
    assert Image.parse(str(IMAGE)) == IMAGE
