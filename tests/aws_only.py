"""What the program makes on AWS and never on the laptop, with the request that makes it there.

The settings refuse these where the laptop cloud answers, with the reason
(settings/compatibility.py), and the local provider has none of them.
"""

from collections.abc import Callable, Mapping

from emulation.aws.calls import Aws
from tests.aws_only_front_door import FRONT_DOOR
from tests.aws_only_network import FILE_SYSTEMS, NETWORK, OF_FUNCTIONS
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


def _image_function(aws: Aws, made: Resource) -> None:
    given = made.inputs
    aws.call(
        "lambda",
        "CreateFunction",
        FunctionName=made.outputs["name"],
        Role=given["role"],
        PackageType=given["packageType"],
        Code={"ImageUri": given["imageUri"]},
        Architectures=given["architectures"],
        Publish=given["publish"],
        MemorySize=int(given["memorySize"]),
        Timeout=int(given["timeout"]),
        EphemeralStorage={"Size": int(given["ephemeralStorage"]["size"])},
        Environment={"Variables": given["environment"]["variables"]},
        KMSKeyArn=given["kmsKeyArn"],
        TracingConfig={"Mode": given["tracingConfig"]["mode"]},
        LoggingConfig={
            "LogFormat": given["loggingConfig"]["logFormat"],
            "LogGroup": given["loggingConfig"]["logGroup"],
        },
        Tags=given["tags"],
    )


def _snap_start(aws: Aws, made: Resource) -> None:
    aws.call(
        "lambda",
        "UpdateFunctionConfiguration",
        FunctionName=made.outputs["name"],
        SnapStart={"ApplyOn": made.inputs["snapStart"]["applyOn"]},
    )


def _layers(aws: Aws, made: Resource) -> None:
    aws.call(
        "lambda",
        "UpdateFunctionConfiguration",
        FunctionName=made.outputs["name"],
        Layers=made.inputs["layers"],
    )


def _tenancy(aws: Aws, made: Resource) -> None:
    aws.call(
        "lambda",
        "CreateFunction",
        FunctionName=made.outputs["name"],
        Role=made.inputs["role"],
        Code={"S3Bucket": made.inputs["s3Bucket"], "S3Key": made.inputs["s3Key"]},
        TenancyConfig={"TenantIsolationMode": made.inputs["tenancyConfig"]["tenantIsolationMode"]},
    )


AWS_ONLY: Mapping[str, Callable[[Aws, Resource], None]] = {
    "aws:lambda/codeSigningConfig:CodeSigningConfig": _code_signing_config,
    "aws:signer/signingJob:SigningJob": _signing_job,
    "aws:signer/signingProfile:SigningProfile": _signing_profile,
    **FILE_SYSTEMS,
    **FRONT_DOOR,
    **NETWORK,
}
"""Type -> its request."""
AWS_ONLY_INPUTS: Mapping[str, Callable[[Aws, Resource], None]] = {
    "codeSigningConfigArn": _attached_config,
    **OF_FUNCTIONS,
    "layers": _layers,
    "snapStart": _snap_start,
    "tenancyConfig": _tenancy,
}
"""Input of a type that both make -> its request."""


def own_request(made: Resource) -> Callable[[Aws, Resource], None] | None:
    """The request of what the local provider does not make; None = it does."""
    return _image_function if "imageUri" in made.inputs else AWS_ONLY.get(made.type)
