"""ModelStore: where the files of model versions lie."""

from dataclasses import dataclass

import pulumi

from components.account import Account
from components.documents.role import read_models
from components.encrypted_bucket import EncryptedBucket, EncryptedBucketArgs
from components.render import rendered
from components.tags import DataClass, Tags
from settings import Protection, Storage


@dataclass(frozen=True, kw_only=True)
class ModelStoreArgs:
    account: Account
    models_key_arn: pulumi.Input[str]
    code_key_arn: pulumi.Input[str]
    storage: Storage
    protection: Protection
    tags: Tags


class ModelStore(pulumi.ComponentResource):
    """The bucket of models, the bucket of function archives, and the log of who read them."""

    models: EncryptedBucket
    artefacts: EncryptedBucket
    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:ModelStore", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        access_logs = args.storage.access_log_bucket or EncryptedBucket(
            f"{name}-access-logs",
            EncryptedBucketArgs(
                data=DataClass.LOGS,
                account=args.account,
                kms_key_arn=None,
                access_log_bucket=None,
                force_destroy=args.protection.force_destroy,
                protect=args.protection.protect,
                tags=args.tags,
                noncurrent_days=1,
                expire_days=args.storage.access_log_days,
            ),
            child,
        )
        self.models = EncryptedBucket(
            f"{name}-models",
            EncryptedBucketArgs(
                data=DataClass.MODELS,
                account=args.account,
                kms_key_arn=args.models_key_arn,
                access_log_bucket=access_logs,
                force_destroy=args.protection.force_destroy,
                protect=args.protection.protect,
                tags=args.tags,
                noncurrent_days=args.storage.noncurrent_version_days,
            ),
            child,
        )
        self.artefacts = EncryptedBucket(
            f"{name}-artefacts",
            EncryptedBucketArgs(
                data=DataClass.CODE,
                account=args.account,
                kms_key_arn=args.code_key_arn,
                access_log_bucket=access_logs,
                # Archives are built from source: nothing is lost with them.
                force_destroy=True,
                protect=False,
                tags=args.tags,
                noncurrent_days=args.storage.noncurrent_version_days,
            ),
            child,
        )
        self.bucket_name = self.models.name
        self.bucket_arn = self.models.arn
        self._key_arn = args.models_key_arn
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})

    def read_policy_of(self, *models: str) -> pulumi.Output[str]:
        """Policy document for a role that reads the files of these models; none = of all."""
        return rendered(
            read_models, bucket_arn=self.bucket_arn, key_arn=self._key_arn, models=models
        )
