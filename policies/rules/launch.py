"""How environments come to be: which image, and what keeps them warm."""

import re

from policies.props import Resource, Stack
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Verdict, not_applicable, ok, violation

_BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


@rule(
    "lambda-image-by-digest",
    on=Token.FUNCTION,
    severity=Severity.HIGH,
    why="A tag can come to mean another image between the check and the deployment.",
    fix="imageUri that ends in @sha256: and the image's digest.",
)
def image_by_digest(function: Resource) -> Verdict:
    if function.text("packageType", "Zip") != "Image":
        return not_applicable("the function is an archive")
    if not _BY_DIGEST.fullmatch(function.text("imageUri")):
        return violation("imageUri", "names no digest")
    return ok()


@rule(
    "ecr-repository-immutable-tags",
    on=Token.IMAGE_REPOSITORY,
    severity=Severity.HIGH,
    why="Whoever may push could put another image, or another signature, under a tag in use.",
    fix="imageTagMutability IMMUTABLE.",
)
def repository_immutable(repository: Resource) -> Verdict:
    if repository.text("imageTagMutability") != "IMMUTABLE":
        return violation("imageTagMutability", "is not IMMUTABLE")
    return ok()


@rule(
    "lambda-warm-published-version",
    on=Token.PROVISIONED_CONCURRENCY,
    severity=Severity.HIGH,
    why="On an alias warm environments exclude weights and block its next move; $LATEST has none.",
    fix="qualifier of a published version.",
)
def warm_published_version(warm: Resource) -> Verdict:
    if not warm.text("qualifier").isdecimal():
        return violation("qualifier", "is not a published version")
    return ok()


@rule(
    "lambda-warm-or-snapshot",
    on=Token.PROVISIONED_CONCURRENCY,
    severity=Severity.HIGH,
    why="Lambda refuses warm environments of a function that starts from snapshots.",
    fix="snapStart or provisioned concurrency, not both.",
)
def warm_or_snapshot(warm: Resource, stack: Stack) -> Verdict:
    functions = [
        other
        for other in stack.resources
        if other.token == Token.FUNCTION
        and other.urn in warm.references.get("functionName", frozenset())
    ]
    if not functions:
        return not_applicable("the function is none of the stack")
    if any(one.child("snapStart").text("applyOn") == "PublishedVersions" for one in functions):
        return violation("functionName", "is a function with SnapStart")
    return ok()
