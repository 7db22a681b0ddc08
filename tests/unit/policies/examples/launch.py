"""Examples for `policies.rules.launch`."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import ABSENT, Broken, Example

_REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/predict"

EXAMPLES: tuple[Example, ...] = (
    Example(
        rule="lambda-image-by-digest",
        on=Token.FUNCTION,
        props={"packageType": "Image", "imageUri": f"{_REPOSITORY}@sha256:{'0a' * 32}"},
        broken=(
            Broken(("imageUri",), f"{_REPOSITORY}:latest", "imageUri names no digest"),
            Broken(("imageUri",), f"{_REPOSITORY}@sha256:{'0a' * 31}", "imageUri names no digest"),
            Broken(("imageUri",), ABSENT, "imageUri names no digest"),
        ),
        fine=((("imageUri",), f"{_REPOSITORY}:v7@sha256:{'0a' * 32}"),),
        exempt=((("packageType",), "Zip"), (("packageType",), ABSENT)),
    ),
    Example(
        rule="ecr-repository-immutable-tags",
        on=Token.IMAGE_REPOSITORY,
        props={"imageTagMutability": "IMMUTABLE"},
        broken=(
            Broken(("imageTagMutability",), "MUTABLE", "imageTagMutability is not IMMUTABLE"),
            Broken(
                ("imageTagMutability",),
                "IMMUTABLE_WITH_EXCLUSION",
                "imageTagMutability is not IMMUTABLE",
            ),
            Broken(("imageTagMutability",), ABSENT, "imageTagMutability is not IMMUTABLE"),
        ),
    ),
    Example(
        rule="lambda-warm-published-version",
        on=Token.PROVISIONED_CONCURRENCY,
        props={"functionName": "f", "qualifier": "7", "provisionedConcurrentExecutions": 1},
        broken=(
            Broken(("qualifier",), "live", "qualifier is not a published version"),
            Broken(("qualifier",), "$LATEST", "qualifier is not a published version"),
            Broken(("qualifier",), ABSENT, "qualifier is not a published version"),
        ),
    ),
)
