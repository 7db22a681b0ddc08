"""CodeSigning: who signs function archives, and what Lambda does with one that nobody signed."""

import re
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.tags import Tags

UNSIGNED: Final = "unsigned/"
SIGNED: Final = "signed/"
_PLATFORM: Final = "AWSLambda-SHA384-ECDSA"
_PREFIX_LENGTH: Final = 38
"""The provider adds 26 characters, and a profile's name has at most 64 (2026-11)."""


def profile_prefix(name: str) -> str:
    """Start of a profile's name, which may hold letters, digits and underscores only."""
    return re.sub(r"[^A-Za-z0-9]", "_", name)[: _PREFIX_LENGTH - 1] + "_"


@dataclass(frozen=True, kw_only=True)
class CodeSigningArgs:
    name_prefix: str
    """Start of the profile's name; what a profile may not be called becomes an underscore."""
    extra_publishers: tuple[str, ...]
    """ARNs of versions of other signer profiles whose code is accepted beside our own."""
    tags: Tags


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Where an archive lies, for Lambda to take."""

    bucket: pulumi.Output[str]
    key: pulumi.Output[str]
    version: pulumi.Output[str] | None = None
    """None where the key stands for one content."""


class CodeSigning(pulumi.ComponentResource):
    """A signer profile, and a configuration with which functions take code of its version alone.

    Functions attach the configuration, and have their archives signed with `sign`.
    """

    profile_name: pulumi.Output[str]
    config_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: CodeSigningArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:CodeSigning", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        profile = aws.signer.SigningProfile(
            name,
            platform_id=_PLATFORM,
            # A name of Pulumi's own would hold a hyphen, and one given here could come only once:
            # the name of a cancelled profile stays taken.
            name_prefix=profile_prefix(args.name_prefix),
            tags=args.tags.named(name),
            opts=child,
        )
        config = aws.lambda_.CodeSigningConfig(
            name,
            description=f"{args.name_prefix}: takes signed code only",
            allowed_publishers={
                "signing_profile_version_arns": [profile.version_arn, *args.extra_publishers]
            },
            policies={"untrusted_artifact_on_deployment": "Enforce"},
            tags=args.tags.named(name),
            opts=child,
        )
        self.profile_name = profile.name
        self.config_arn = config.arn
        self.register_outputs({"profile_name": self.profile_name, "config_arn": self.config_arn})

    def sign(
        self, name: str, unsigned: aws.s3.BucketObjectv2, opts: pulumi.ResourceOptions
    ) -> Archive:
        """The signed archive, under a key that the job gives it, in the bucket of the unsigned one.

        Nothing but another version of the upload, or another profile, makes another job.
        """
        job = aws.signer.SigningJob(
            name,
            profile_name=self.profile_name,
            source={
                "s3": {
                    "bucket": unsigned.bucket,
                    "key": unsigned.key,
                    "version": unsigned.version_id,
                }
            },
            destination={"s3": {"bucket": unsigned.bucket, "prefix": SIGNED}},
            opts=opts,
        )
        return Archive(bucket=unsigned.bucket, key=job.signed_objects[0]["s3s"][0]["key"])
