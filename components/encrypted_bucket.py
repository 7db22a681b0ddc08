"""EncryptedBucket: the one way a bucket is made here."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.documents import bucket as documents
from components.render import rendered
from components.tags import DataClass, Tags


@dataclass(frozen=True, kw_only=True)
class EncryptedBucketArgs:
    data: DataClass
    account: Account
    kms_key_arn: pulumi.Input[str] | None
    """None = S3's own key: only for the bucket that takes access logs, because S3 delivers them to
    no bucket whose default encryption is SSE-KMS."""
    access_log_bucket: "EncryptedBucket | str | None"
    """The name of one that exists already; None only for the bucket that takes access logs."""
    force_destroy: bool
    protect: bool
    tags: Tags
    noncurrent_days: int
    """Overwritten and deleted objects are kept as long as this."""
    expire_days: int | None = None
    """Every object goes after this; None = never."""


class EncryptedBucket(pulumi.ComponentResource):
    """A private, versioned, encrypted bucket that answers through TLS only."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptedBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:EncryptedBucket", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            force_destroy=args.force_destroy,
            tags=args.tags.named(name, args.data),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        self._encryption(name, bucket, args.kms_key_arn, child)
        self._lifecycle(name, bucket, args, versioning)
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=_policy(bucket, args),
            # S3 refuses two changes of a bucket's access rules at the same moment.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )
        if args.access_log_bucket is not None:
            self._log_access(name, bucket, args.access_log_bucket)
        self.name = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _log_access(self, name: str, bucket: aws.s3.Bucket, to: "EncryptedBucket | str") -> None:
        given = isinstance(to, str)
        # Others log to a bucket that was here before.
        prefix = f"{pulumi.get_project()}-{pulumi.get_stack()}/{name}/" if given else f"{name}/"
        aws.s3.BucketLogging(
            name,
            bucket=bucket.bucket,
            target_bucket=to if given else to.name,
            target_prefix=prefix,
            # S3 asks the other bucket's policy, ownership and encryption; its name waits for none
            # of them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=None if given else [to]),
        )

    def _encryption(
        self,
        name: str,
        bucket: aws.s3.Bucket,
        kms_key_arn: pulumi.Input[str] | None,
        child: pulumi.ResourceOptions,
    ) -> None:
        rule: aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict = {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "AES256" if kms_key_arn is None else "aws:kms",
                "kms_master_key_id": kms_key_arn,
            },
            # One data key per bucket for a while: fewer KMS calls, same key policy.
            "bucket_key_enabled": kms_key_arn is not None,
        }
        aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket.bucket, rules=[rule], opts=child
        )

    def _lifecycle(
        self,
        name: str,
        bucket: aws.s3.Bucket,
        args: EncryptedBucketArgs,
        versioning: aws.s3.BucketVersioning,
    ) -> None:
        rule: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "tidy",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
            "noncurrent_version_expiration": {"noncurrent_days": args.noncurrent_days},
        }
        if args.expire_days is not None:
            rule["expiration"] = {"days": args.expire_days}
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[rule],
            # A rule on noncurrent versions means nothing before there are versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )


def _policy(bucket: aws.s3.Bucket, args: EncryptedBucketArgs) -> pulumi.Output[str]:
    if args.kms_key_arn is None:
        return rendered(
            documents.access_log_bucket, bucket_arn=bucket.arn, account_id=args.account.id
        )
    return rendered(documents.encrypted_bucket, bucket_arn=bucket.arn, key_arn=args.kms_key_arn)
