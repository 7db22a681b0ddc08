"""Before `up`: the images that a stack file names, held to the stack that is deployed.

Repository and keys are the stack's own, so they are there before the first image is.
"""

from collections.abc import Mapping
from typing import Any

from automation import outputs
from automation.errors import Failure
from automation.stages import Stages
from automation.workspace import NAMESPACE

FIRST = (
    "The stack makes the repository and the keys itself: bring it up with package 'zip' and with "
    "functions.images.signing_keys, then push the image, sign it (warmline images sign IMAGE), "
    "name it, and bring the stack up again."
)


def named(source: Mapping[str, Any]) -> dict[str, str]:
    """Key of a stack file -> the image that it names."""
    return {
        f"groups.{index}.launch.image": image
        for index, group in enumerate(source["config"][f"{NAMESPACE}:groups"])
        if (image := group["launch"]["image"]) is not None
    }


def judge(stack: str, source: Mapping[str, Any], stages: Stages) -> None:
    """A stage for a stack file that names images. Raises `StageFailure` where one may not run."""
    if named(source):
        with stages.stage("images") as stage:
            stage.result = signed(stack, source)


def signed(stack: str, source: Mapping[str, Any]) -> str:
    """Who signed the images, in words.

    A key that the stack file no longer lists counts no more. Raises `Failure` for all images that
    may not run.
    """
    from automation.images import check  # imports what checks signatures

    images = named(source)
    trusted = source["config"][f"{NAMESPACE}:functions"]["images"]["signing_keys"]
    try:
        signers = check.require_all(outputs.read(stack), images, trusted)
    except (outputs.NotUp, check.NoKeys) as error:
        found = ", ".join(f"{key} is {image!r}" for key, image in images.items())
        raise Failure(
            f"{found}; nobody whom stack {stack} trusts can have signed it, because {error.cause}",
            FIRST,
        ) from error
    return ", ".join(f"{key} is signed with {signer}" for key, signer in signers.items())
