"""What the program makes on AWS and never on the laptop, with the request that makes it there.

The emulator's signer writes a receipt in place of a signed archive, so the settings refuse code
signing where the laptop cloud answers, and the local provider has none of these.
"""

from collections.abc import Callable, Mapping

from emulation.aws.calls import Aws
from tests.aws_only_network import NETWORK, OF_FUNCTIONS
from tests.harness import Resource


def _signing_profile(aws: Aws, made: Resource) -> None:
    aws.call(
        "signer",
        "PutSigningProfile",
        profileName=made.outputs["name"],
        platformId=made.inputs.get("platformId"),
        tags=made.inputs["tags"],
    )


def _signing_job(aws: Aws, made: Resource) -> None:
    source, destination = made.inputs["source"]["s3"], made.inputs["destination"]["s3"]
    aws.call(
        "signer",
        "StartSigningJob",
        source={
            "s3": {
                "bucketName": source["bucket"],
                "key": source["key"],
                "version": source["version"],
            }
        },
        destination={"s3": {"bucketName": destination["bucket"], "prefix": destination["prefix"]}},
        profileName=made.inputs["profileName"],
        clientRequestToken="once",
    )


def _code_signing_config(aws: Aws, made: Resource) -> None:
    publishers, policies = made.inputs["allowedPublishers"], made.inputs["policies"]
    aws.call(
        "lambda",
        "CreateCodeSigningConfig",
        Description=made.inputs["description"],
        AllowedPublishers={"SigningProfileVersionArns": publishers["signingProfileVersionArns"]},
        CodeSigningPolicies={
            "UntrustedArtifactOnDeployment": policies["untrustedArtifactOnDeployment"]
        },
        Tags=made.inputs["tags"],
    )


def _attached_config(aws: Aws, made: Resource) -> None:
    aws.call(
        "lambda",
        "PutFunctionCodeSigningConfig",
        CodeSigningConfigArn=made.inputs["codeSigningConfigArn"],
        FunctionName=made.outputs["name"],
    )


AWS_ONLY: Mapping[str, Callable[[Aws, Resource], None]] = {
    "aws:lambda/codeSigningConfig:CodeSigningConfig": _code_signing_config,
    "aws:signer/signingJob:SigningJob": _signing_job,
    "aws:signer/signingProfile:SigningProfile": _signing_profile,
    **NETWORK,
}
"""Type -> its request."""
AWS_ONLY_INPUTS: Mapping[str, Callable[[Aws, Resource], None]] = {
    "codeSigningConfigArn": _attached_config,
    **OF_FUNCTIONS,
}
"""Input of a type that both make -> its request."""
