"""Images in the stack's own repository: pushed, signed and checked over the registry's protocol."""

import json
from dataclasses import replace
from itertools import count

import pytest

from automation import outputs
from automation.errors import Failure
from automation.images import before_up
from automation.images.check import check, repository_of, signer_of
from automation.images.registry import MANIFEST, Image, Repository, digest_of
from automation.images.signatures import CONFIG, ImageSigner, sign
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated

_numbers = count()


@pytest.fixture
def image(local_stack: LocalStack) -> Image:
    """An image that was just pushed; nobody has signed it."""
    return push(local_stack, f"build-{next(_numbers)}")


def push(stack: LocalStack, tag: str, content: str = "") -> Image:
    """What a build pipeline does: blobs, then a manifest under a tag; the digest comes of it."""
    config = json.dumps({"architecture": "arm64", "os": "linux", "content": content or tag})
    layers = {"mediaType": CONFIG, "digest": digest_of(config.encode()), "size": len(config)}
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": layers, "layers": []}
    ).encode()
    uri = f"{stack.outputs['images']['repository']}@{digest_of(manifest)}"
    found = Image.parse(uri)
    repository = repository_of(stack.outputs, found)
    repository.push_blob(config.encode())
    repository.push_manifest(tag, manifest)
    return found


def other_signer(stack: LocalStack) -> ImageSigner:
    """A key of the same account that the stack does not trust."""
    kms = stack.client("kms")
    made = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    return ImageSigner(kms=kms, key="images", key_arn=made["KeyMetadata"]["Arn"])


def test_an_image_is_refused_until_it_is_signed_by_command(
    local_stack: LocalStack, image: Image
) -> None:
    before = local_stack.warmline("images", "verify", str(image))
    assert before.returncode == 1
    assert f"nobody signed {image}" in before.stderr
    assert f"warmline images sign {image}" in before.stderr

    signed = local_stack.warmline("images", "sign", str(image))
    assert signed.returncode == 0, signed.stderr
    after = local_stack.warmline("images", "verify", str(image), "--json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout) == {"image": str(image), "key": "images"}


def test_the_signature_is_an_image_of_its_own_that_ecr_lists_beside_the_other(
    local_stack: LocalStack, image: Image
) -> None:
    sign(image, repository_of(local_stack.outputs, image), signer_of(local_stack.outputs))
    listed = local_stack.client("ecr").describe_images(repositoryName=image.repository)
    tags = {tag for one in listed["imageDetails"] for tag in one.get("imageTags", [])}
    assert image.signature_tag in tags


def test_up_of_a_stack_file_that_names_an_image_asks_for_its_signature(
    local_stack: LocalStack, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator runs no images, so the settings stop `up` there; what it asks is asked here."""
    monkeypatch.setattr(outputs, "read", lambda _stack: local_stack.outputs)
    config = {
        "warmline:groups": [{"launch": {"image": str(image)}}],
        "warmline:functions": {"images": {"signing_keys": ["images"]}},
    }
    with pytest.raises(Failure, match="nobody signed") as refused:
        before_up.signed("local", {"config": config})
    assert f"groups.0.launch.image is {str(image)!r}, which may not run" in refused.value.cause

    sign(image, repository_of(local_stack.outputs, image), signer_of(local_stack.outputs))
    said = before_up.signed("local", {"config": config})
    assert said == "groups.0.launch.image is signed with images"


def test_a_key_that_the_stack_does_not_trust_signs_nothing(
    local_stack: LocalStack, image: Image
) -> None:
    sign(image, repository_of(local_stack.outputs, image), other_signer(local_stack))
    with pytest.raises(Failure, match="no trusted key made a signature beside") as caught:
        check(local_stack.outputs, str(image))
    assert "trusted are images" in caught.value.cause


def test_a_signature_that_is_there_cannot_be_replaced(
    local_stack: LocalStack, image: Image
) -> None:
    repository = repository_of(local_stack.outputs, image)
    sign(image, repository, other_signer(local_stack))
    with pytest.raises(Failure, match="immutable") as caught:
        sign(image, repository, signer_of(local_stack.outputs))
    assert "tags never move" in caught.value.way_out

    local_stack.client("ecr").batch_delete_image(
        repositoryName=image.repository, imageIds=[{"imageTag": image.signature_tag}]
    )
    sign(image, repository, signer_of(local_stack.outputs))
    assert check(local_stack.outputs, str(image)) == "images"


def test_a_signature_of_another_image_moved_beside_this_one_is_refused(
    local_stack: LocalStack, image: Image
) -> None:
    repository = repository_of(local_stack.outputs, image)
    other = push(local_stack, f"other-{next(_numbers)}")
    sign(other, repository, signer_of(local_stack.outputs))
    manifest = repository.manifest(other.signature_tag)
    assert manifest is not None
    repository.push_manifest(image.signature_tag, manifest)
    with pytest.raises(Failure, match="is one of another image"):
        check(local_stack.outputs, str(image))
    assert check(local_stack.outputs, str(other)) == "images"


def test_a_tag_never_moves_to_another_image(local_stack: LocalStack) -> None:
    tag = f"release-{next(_numbers)}"
    first = push(local_stack, tag)
    with pytest.raises(Failure, match="immutable"):
        push(local_stack, tag, content="other content")
    repository = repository_of(local_stack.outputs, first)
    kept = repository.manifest(tag)
    assert kept is not None
    assert digest_of(kept) == first.digest


def test_an_image_that_was_never_pushed_or_lies_elsewhere_is_refused(
    local_stack: LocalStack, image: Image
) -> None:
    absent = replace(image, digest=f"sha256:{'0' * 64}")
    with pytest.raises(Failure, match="there is no image"):
        check(local_stack.outputs, str(absent))
    away = str(image).replace(image.region, "ap-south-1")
    with pytest.raises(Failure, match="lies in ap-south-1") as caught:
        check(local_stack.outputs, away)
    assert "Lambda takes images from its own region" in caught.value.way_out


def test_a_registry_that_does_not_answer_is_told_from_an_image_that_is_not_signed(
    local_stack: LocalStack, image: Image
) -> None:
    found = repository_of(local_stack.outputs, image)
    silent = Repository(url="http://127.0.0.1:9", name=found.name)
    with pytest.raises(Failure, match="cannot be asked"):
        silent.manifest(image.digest)
