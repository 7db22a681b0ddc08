"""Whether an image may be deployed to a stack: somebody whom the stack trusts signed it."""

from collections.abc import Collection, Mapping
from typing import Any

from automation.errors import Failure
from automation.images.registry import Image, Repository
from automation.images.signatures import ImageSigner, require_signed
from automation.models.stack import Stack


class NoKeys(Failure):
    """The stack, as it is deployed, trusts nobody who signs images."""

    def __init__(self) -> None:
        super().__init__(
            "this stack has no keys for images",
            "Name one in functions.images.signing_keys of its stack file, and bring it up; "
            "then push the image to the repository that is made, and sign it.",
        )


def keyring_of(stack: Stack) -> Mapping[str, str]:
    """Raises `NoKeys`."""
    images: Mapping[str, Any] = stack["images"]
    if not images:
        raise NoKeys
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


def check(stack: Stack, uri: str, trusted: Collection[str] | None = None) -> str:
    """The name of the key that signed the image. Raises `Failure` with the way out.

    `trusted`: the names of keys that count; None = all of the deployed stack.
    """
    image = Image.parse(uri)
    keyring = {
        name: key for name, key in keyring_of(stack).items() if trusted is None or name in trusted
    }
    return require_signed(image, repository_of(stack, image), keyring)


def require_all(
    stack: Stack, images: Mapping[str, str], trusted: Collection[str] | None = None
) -> dict[str, str]:
    """The gate before code of an image runs: what names each image -> the key that signed it.

    Raises one `Failure` for all images that may not run, and `NoKeys`.
    """
    keyring_of(stack)
    signers: dict[str, str] = {}
    causes: list[str] = []
    ways_out: list[str] = []
    for name, uri in images.items():
        try:
            signers[name] = check(stack, uri, trusted)
        except Failure as failure:
            causes.append(f"{name} is {uri!r}, which may not run: {failure.cause}")
            ways_out += [] if failure.way_out in ways_out else [failure.way_out]
    if causes:
        raise Failure("\n".join(causes), "\n".join(ways_out))
    return signers
