"""Examples for `policies.rules.conventions`."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import (
    ABSENT,
    MARKER,
    TAGS,
    Broken,
    Example,
)

EXAMPLES: tuple[Example, ...] = (
    Example(
        rule="aws-tags-complete",
        on=Token.BUCKET,
        props={"tags": TAGS},
        broken=(
            *(Broken(("tags", key), ABSENT, f"tags.{key} is absent") for key in TAGS),
            Broken(("tags", "owner"), "", "tags.owner is absent"),
            Broken(("tags",), ABSENT, "tags.owner is absent"),
        ),
    ),
    Example(
        rule="s3-bucket-separate-settings",
        on=Token.BUCKET,
        props={"forceDestroy": False, "tags": TAGS},
        broken=(
            Broken(("acl",), MARKER, "acl is set inside the bucket"),
            Broken(("versioning",), {"enabled": True}, "versioning is set inside the bucket"),
        ),
    ),
)
