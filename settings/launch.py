"""What a stack file says of how a function's environments come to be, and of its images.

Which of these go together is a table of its own: settings/compatibility.py.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from settings import limits
from settings.section import Section, once, rule
from settings.values import Name, ProfileVersionArn

ImageUri = Annotated[
    str,
    StringConstraints(
        pattern=r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9][a-z0-9._/-]{1,255}@sha256:[0-9a-f]{64}$"
    ),
]
LayerVersionArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]{1,140}:[1-9]\d*$"
    ),
]


class Layer(Section):
    """A layer, and who signed it."""

    arn: LayerVersionArn
    """One version of the layer."""
    publisher: ProfileVersionArn | None
    """Version of the signer profile that signed it, from `functions.extra_publishers`;
    null = nobody is known to have."""


class Launch(Section):
    """How environments of a group's function come to be (docs/launch-profiles.md)."""

    package: Literal["zip", "image"]
    """`zip` = the archive that is built here; `image` = a container image."""
    image: ImageUri | None
    """The image in ECR, by its digest; null with package 'zip'."""
    snap_start: bool
    """Environments start from a snapshot that is taken when a version is published."""
    provisioned_concurrency: int = Field(ge=0)
    """Environments that are kept warm on the live version; 0 = none. `release.owner` keeps them."""
    tenancy: Literal["shared", "isolated"]
    """`isolated` = Lambda gives each tenant environments of its own; never changed afterwards."""
    accelerator_memory_gib: Literal[3, 6, 12, 16, 24, 48] | None
    """GiB of a GPU's memory; null = no GPU."""
    layers: tuple[Layer, ...] = Field(max_length=limits.LAMBDA_LAYERS)
    """Layers of the function, in the order in which they are laid over each other."""

    @rule
    def _image_is_named(self) -> Iterator[str]:
        if self.package == "image" and self.image is None:
            yield (
                "image is null while package is 'image'; it must be the image's URI with its "
                "digest (...@sha256:...), because a tag could come to mean another image"
            )

    @rule
    def _archive_is_no_image(self) -> Iterator[str]:
        if self.package == "zip" and self.image is not None:
            yield (
                f"image is {self.image!r} while package is 'zip'; it must be null, because the "
                "archive that is built here would run in its place (an image: package 'image')"
            )

    @rule
    def _layers_once(self) -> Iterator[str]:
        yield from once("layers is", (layer.arn for layer in self.layers), "layer version")


class Images(Section):
    """The repository for images of this stack's functions, and who signs them."""

    signing_keys: tuple[Name, ...] = Field(max_length=limits.SIGNING_KEYS)
    """Keys that images may be signed with; the first signs, all verify.
    [] = no repository, and every function is an archive."""
    untagged_days: int = Field(ge=1)
    """Days that an image without a tag is kept."""

    @rule
    def _signing_keys_once(self) -> Iterator[str]:
        yield from once("signing_keys is", self.signing_keys, "name")
