"""Whether an image may be deployed to a stack: somebody whom the stack trusts signed it."""

from collections.abc import Mapping
from typing import Any

from automation.errors import Failure
from automation.images.registry import Image, Repository
from automation.images.signatures import ImageSigner, require_signed
from automation.models.stack import Stack


def keyring_of(stack: Stack) -> Mapping[str, str]:
    """Raises `Failure` for a stack that trusts no keys for images."""
    images: Mapping[str, Any] = stack["images"]
    if not images:
        raise Failure(
            "this stack has no keys for images",
            "Name one in functions.images.signing_keys of its stack file, and bring it up; "
            "then push the image to the repository that is made, and sign it.",
        )
    return images["keyring"]


def signer_of(stack: Stack) -> ImageSigner:
    """The first of `functions.images.signing_keys`. Raises `Failure` where there is none."""
    key = next(iter(keyring_of(stack)))
    return ImageSigner(
        kms=stack.clients("kms"), key=key, key_arn=stack["images"]["signing_keys"][key]
    )


def repository_of(stack: Stack, image: Image) -> Repository:
    """Raises `Failure` for an image of another region, which no function of the stack may run."""
    if image.region != stack["region"]:
        raise Failure(
            f"{image} lies in {image.region}, and the stack in {stack['region']}",
            "Lambda takes images from its own region: push it to the stack's repository, or have "
            "ECR replicate it.",
        )
    return Repository.of(image, stack.clients)


def check(stack: Stack, uri: str) -> str:
    """The name of the key that signed the image. Raises `Failure` with the way out."""
    image = Image.parse(uri)
    return require_signed(image, repository_of(stack, image), keyring_of(stack))
