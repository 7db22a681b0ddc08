"""The steps of the two keys and the state bucket."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from automation.bootstrap.step import Step, absent_as_none, holds
from automation.bootstrap.wanted import Bootstrap, document_step, mapping, pairs
from automation.errors import Failure
from components.documents import Document, engine_state

KEPT_DAYS = 90
"""That overwritten state can be brought back; what a restore needs is mostly hours old."""
PUBLIC_ACCESS_BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
LIFECYCLE: list[dict[str, Any]] = [
    {
        "ID": "end-old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        # Locks that came and went leave only a marker behind.
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }
]
FOREIGN: dict[str, Any] = {"owner": "another"}
S3_OWN_KEY = "AES256"
"""What S3 encrypts with where nobody chose: no choice of somebody else."""


def key(to: Bootstrap, alias: str, data: str, policy: Document) -> Iterator[Step]:
    kms = to.clients("kms")
    tags = to.tags_of(alias)

    def described() -> Any:
        """Found by its alias; or, where a run was cut off before that, by its tags."""
        found = absent_as_none(lambda: kms.describe_key(KeyId=alias)["KeyMetadata"])
        found = found or _unnamed_key(to, alias)
        if found is not None:
            to.key_arns[alias] = found["Arn"]
        return found

    def against(found: Any) -> str:
        if found["KeyManager"] != "CUSTOMER" or found["KeyState"] != "Enabled":
            return (
                f"{alias} names key {found['KeyId']}, which is {found['KeyState']}; state "
                "under a key that cannot be used is lost. Cancel its deletion and enable "
                "it, or point the alias at another key"
            )
        return to.foreign(alias, _key_tags(to, found["KeyId"]))

    def make() -> None:
        made = kms.create_key(
            Description=f"{to.footing.prefix}: {data}",
            Policy=json.dumps(policy),
            Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()],
        )
        to.key_arns[alias] = made["KeyMetadata"]["Arn"]

    yield Step(what=f"key of {alias}", read=described, wanted=dict, write=make, against=against)
    yield Step(
        what=alias,
        read=lambda: kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"],
        wanted=lambda: to.arn(alias),
        write=lambda: kms.create_alias(AliasName=alias, TargetKeyId=to.arn(alias)),
    )
    yield Step(
        what=f"rotation of {alias}",
        read=lambda: alias in to.key_arns and kms.get_key_rotation_status(KeyId=to.arn(alias)),
        wanted=lambda: {"KeyRotationEnabled": True},
        write=lambda: kms.enable_key_rotation(KeyId=to.arn(alias)),
    )
    yield document_step(
        f"policy of {alias}",
        lambda: (
            alias in to.key_arns
            and kms.get_key_policy(KeyId=to.arn(alias), PolicyName="default")["Policy"]
        ),
        lambda: policy,
        lambda text: kms.put_key_policy(KeyId=to.arn(alias), PolicyName="default", Policy=text),
    )


def _key_tags(to: Bootstrap, key: str) -> dict[str, str]:
    pages = to.clients("kms").get_paginator("list_resource_tags").paginate(KeyId=key)
    return {tag["TagKey"]: tag["TagValue"] for page in pages for tag in page["Tags"]}


def _unnamed_key(to: Bootstrap, alias: str) -> Any:
    """Raises `Failure` for several: tags are no proof of who made a key."""
    kms, tagged = to.clients("kms"), list[Any]()
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            found = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if found["KeyManager"] != "CUSTOMER" or found["KeyState"] != "Enabled":
                continue
            wanted = to.mark | {"Name": alias}
            if holds(wanted, _key_tags(to, key["KeyId"])):
                tagged.append(found)
    if len(tagged) > 1:
        raise Failure(
            f"{alias} does not exist, and keys {', '.join(key['KeyId'] for key in tagged)} carry "
            "its tags; one of them is not what an earlier bootstrap made",
            "Look who made them (CloudTrail, kms:CreateKey), and take the tags off the others.",
        )
    return tagged[0] if tagged else None


def bucket(to: Bootstrap) -> Iterator[Step]:
    s3, region = to.clients("s3"), to.footing.account.region
    name = {"Bucket": to.footing.bucket}
    tags = to.tags_of(to.footing.bucket)
    place = {} if region == "us-east-1" else {"LocationConstraint": region}

    def make() -> None:
        s3.create_bucket(
            **name,
            **({"CreateBucketConfiguration": place} if place else {}),
            ObjectLockEnabledForBucket=True,
            ObjectOwnership="BucketOwnerEnforced",
        )
        s3.get_waiter("bucket_exists").wait(**name)

    def there() -> Any:
        try:
            return s3.head_bucket(**name, ExpectedBucketOwner=to.footing.account.id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "403":
                return FOREIGN
            raise

    def their_tags() -> dict[str, str]:
        found = absent_as_none(lambda: s3.get_bucket_tagging(**name)["TagSet"]) or []
        return mapping(found)

    def foreign(found: Any) -> str:
        if found is FOREIGN:
            return (
                f"bucket {to.footing.bucket} belongs to another account, or these "
                "credentials may not see it; state would go to somebody else. Look with "
                f"`aws s3api head-bucket --bucket {to.footing.bucket}`"
            )
        theirs = their_tags()
        if not theirs and not s3.list_objects_v2(**name, MaxKeys=1).get("Contents"):
            return ""  # a run was cut off before it could say whose it is
        return to.foreign(f"bucket {to.footing.bucket}", theirs)

    def other_key(found: Any) -> str:
        default = found[0]["ApplyServerSideEncryptionByDefault"]
        named = default.get("KMSMasterKeyID")
        if default["SSEAlgorithm"] == S3_OWN_KEY or named == to.arn(to.footing.state_alias):
            return ""
        return (
            f"bucket {to.footing.bucket} encrypts with {named or default['SSEAlgorithm']}; "
            f"{to.footing.state_alias} is expected, and what is there stays readable only "
            "with the other key. Look who changed it, and set it back"
        )

    def encryption() -> list[dict[str, Any]]:
        key = to.arn(to.footing.state_alias)
        by = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        return [{"ApplyServerSideEncryptionByDefault": by}]

    yield Step(
        what=f"bucket {to.footing.bucket}",
        read=there,
        wanted=dict,
        write=make,
        against=foreign,
    )
    yield Step(
        what="tags of the bucket",
        read=lambda: their_tags() or None,
        wanted=lambda: tags,
        write=lambda: s3.put_bucket_tagging(**name, Tagging={"TagSet": pairs(their_tags() | tags)}),
    )
    yield Step(
        what="public access block of the bucket",
        read=lambda: s3.get_public_access_block(**name)["PublicAccessBlockConfiguration"],
        wanted=lambda: PUBLIC_ACCESS_BLOCK,
        write=lambda: s3.put_public_access_block(
            **name, PublicAccessBlockConfiguration=PUBLIC_ACCESS_BLOCK
        ),
    )
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    yield Step(
        what="ownership of the bucket's objects",
        read=lambda: s3.get_bucket_ownership_controls(**name)["OwnershipControls"],
        wanted=lambda: owned,
        write=lambda: s3.put_bucket_ownership_controls(**name, OwnershipControls=owned),
    )
    yield Step(
        what="versioning of the bucket",
        read=lambda: s3.get_bucket_versioning(**name).get("Status"),
        wanted=lambda: "Enabled",
        write=lambda: s3.put_bucket_versioning(
            **name, VersioningConfiguration={"Status": "Enabled"}
        ),
    )
    locked = {"ObjectLockEnabled": "Enabled"}
    yield Step(
        what="lock of the bucket, by which versioning cannot be suspended",
        read=lambda: s3.get_object_lock_configuration(**name)["ObjectLockConfiguration"],
        wanted=lambda: locked,
        write=lambda: s3.put_object_lock_configuration(**name, ObjectLockConfiguration=locked),
    )
    yield Step(
        what="encryption of the bucket",
        read=lambda: s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"],
        wanted=encryption,
        write=lambda: s3.put_bucket_encryption(
            **name,
            ServerSideEncryptionConfiguration={
                "Rules": [rule | {"BucketKeyEnabled": True} for rule in encryption()]
            },
        ),
        against=other_key,
    )
    yield Step(
        what="lifecycle of the bucket",
        read=lambda: s3.get_bucket_lifecycle_configuration(**name)["Rules"],
        wanted=lambda: LIFECYCLE,
        write=lambda: s3.put_bucket_lifecycle_configuration(
            **name, LifecycleConfiguration={"Rules": LIFECYCLE}
        ),
    )
    yield document_step(
        "policy of the bucket",
        lambda: s3.get_bucket_policy(**name)["Policy"],
        lambda: engine_state.state_bucket(to.footing, to.arn(to.footing.state_alias)),
        lambda text: s3.put_bucket_policy(**name, Policy=text),
    )
