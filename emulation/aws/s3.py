"""Buckets, the settings that pulumi-aws 7 keeps as resources of their own, and objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.aws.calls import Aws, CallFailed
from emulation.aws.resource import AutoName, Fidelity, Property, Resource, put_again
from emulation.aws.shapes import blocks, request, seen, tag_list, tag_map
from emulation.wire import Properties

_US_EAST_1_ZONE = "Z3AQBSTGFYJSTF"
_BATCH = 1000  # objects in one DeleteObjects call


def _create(aws: Aws, inputs: Properties) -> str:
    # The oldest region has no name here: S3 refuses it as a location constraint.
    place = None if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
    aws.call("s3", "CreateBucket", Bucket=inputs["bucket"], CreateBucketConfiguration=place)
    return inputs["bucket"]


def _settle(aws: Aws, bucket: str, inputs: Properties) -> None:
    tags = tag_list(inputs.get("tags"))
    if tags:
        aws.call("s3", "PutBucketTagging", Bucket=bucket, Tagging={"TagSet": tags})
    else:
        aws.call("s3", "DeleteBucketTagging", Bucket=bucket)


def _read(aws: Aws, bucket: str, _inputs: Properties) -> Properties:
    aws.call("s3", "HeadBucket", Bucket=bucket)
    try:
        tags = aws.call("s3", "GetBucketTagging", Bucket=bucket)["TagSet"]
    except CallFailed as error:
        if error.code != "NoSuchTagSet":
            raise
        tags = []
    return {
        "bucket": bucket,
        "arn": f"arn:aws:s3:::{bucket}",
        "bucketDomainName": f"{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{bucket}.s3.{aws.region}.amazonaws.com",
        "bucketRegion": aws.region,
        "hostedZoneId": _US_EAST_1_ZONE,
        "tags": tag_map(tags),
    }


def _delete(aws: Aws, bucket: str, state: Properties) -> None:
    if state.get("forceDestroy"):
        _empty(aws, bucket)
    aws.call("s3", "DeleteBucket", Bucket=bucket)


def _empty(aws: Aws, bucket: str) -> None:
    """Deletes every version and every delete marker."""
    while True:
        page = aws.call("s3", "ListObjectVersions", Bucket=bucket, MaxKeys=_BATCH)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            return
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        answer = aws.call(
            "s3", "DeleteObjects", Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
        )
        for error in answer.get("Errors", []):
            raise CallFailed("s3", "DeleteObjects", error["Code"], f"{error['Key']}: {error}")


BUCKET = Resource(
    type="aws:s3/bucket:Bucket",
    note="objects lie in the emulator's memory",
    auto_name=AutoName(property="bucket", longest=63, lower=True),
    identity=("bucket",),
    outputs=(
        "arn",
        "bucketDomainName",
        "bucketRegion",
        "bucketRegionalDomainName",
        "hostedZoneId",
    ),
    properties={
        "bucket": Property(replaces="S3 cannot rename a bucket"),
        "forceDestroy": Property(kept="used when the bucket is deleted"),
        "tags": Property(default={}),
    },
    create=_create,
    settle=_settle,
    read=_read,
    delete=_delete,
)


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """One setting of a bucket: its operations, and its form on both sides."""

    operation: str
    """What follows Put and Get in the operations' names."""
    parameter: str
    to_api: Callable[[Properties], Any]
    from_api: Callable[[dict[str, Any]], Properties | None]
    """The properties in an answer of Get; None where it says that nothing is set."""
    delete: Callable[[Aws, str], Any]

    def put(self, aws: Aws, inputs: Properties) -> str:
        given = {self.parameter: self.to_api(inputs)}
        operation = f"Put{self.operation}"
        checked = request(aws, "s3", operation, {self.parameter: self.parameter}, given)
        aws.call("s3", operation, Bucket=inputs["bucket"], **checked)
        return inputs["bucket"]

    def read(self, aws: Aws, bucket: str, _inputs: Properties) -> Properties | None:
        found = self.from_api(aws.call("s3", f"Get{self.operation}", Bucket=bucket))
        return None if found is None else {"bucket": bucket} | found

    def remove(self, aws: Aws, bucket: str, _state: Properties) -> None:
        self.delete(aws, bucket)


def _setting(
    name: str, setting: _Setting, properties: Mapping[str, Property], **more: Any
) -> Resource:
    return Resource(
        type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        identity=("bucket",),
        properties={
            "bucket": Property(required=True, replaces="a setting belongs to one bucket"),
            **properties,
        },
        create=setting.put,
        read=setting.read,
        update=put_again(setting.put),
        delete=setting.remove,
        **more,
    )


def _deletes(operation: str) -> Callable[[Aws, str], Any]:
    return lambda aws, bucket: aws.call("s3", operation, Bucket=bucket)


def _suspend(aws: Aws, bucket: str) -> None:
    # A bucket that was versioned once can only be suspended; pulumi-aws does the same.
    aws.call(
        "s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    )


_VERSIONING = _Setting(
    operation="BucketVersioning",
    parameter="VersioningConfiguration",
    to_api=lambda inputs: inputs["versioningConfiguration"],
    from_api=lambda answer: (
        {"versioningConfiguration": {"status": answer["Status"]}} if "Status" in answer else None
    ),
    delete=_suspend,
)
_ENCRYPTION = _Setting(
    operation="BucketEncryption",
    parameter="ServerSideEncryptionConfiguration",
    to_api=lambda inputs: {"Rules": inputs["rules"]},
    from_api=lambda answer: {"rules": blocks(answer["ServerSideEncryptionConfiguration"]["Rules"])},
    delete=_deletes("DeleteBucketEncryption"),
)
_BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}
_PUBLIC_ACCESS = _Setting(
    operation="PublicAccessBlock",
    parameter="PublicAccessBlockConfiguration",
    to_api=lambda inputs: {name: inputs.get(name, False) for name in _BLOCKS},
    from_api=lambda answer: seen(answer["PublicAccessBlockConfiguration"], _BLOCKS),
    delete=_deletes("DeletePublicAccessBlock"),
)
_OWNERSHIP = _Setting(
    operation="BucketOwnershipControls",
    parameter="OwnershipControls",
    to_api=lambda inputs: {"Rules": [inputs["rule"]]},
    from_api=lambda answer: {"rule": blocks(answer["OwnershipControls"]["Rules"][0])},
    delete=_deletes("DeleteBucketOwnershipControls"),
)
_POLICY = _Setting(
    operation="BucketPolicy",
    parameter="Policy",
    to_api=lambda inputs: inputs["policy"],
    from_api=lambda answer: {"policy": answer["Policy"]},
    delete=_deletes("DeleteBucketPolicy"),
)
_LIFECYCLE = _Setting(
    operation="BucketLifecycleConfiguration",
    parameter="LifecycleConfiguration",
    to_api=lambda inputs: {"Rules": inputs["rules"]},
    from_api=lambda answer: {"rules": blocks(answer["Rules"])},
    delete=_deletes("DeleteBucketLifecycle"),
)
_LOGGING_NAMES = {"targetBucket": "TargetBucket", "targetPrefix": "TargetPrefix"}
_LOGGING = _Setting(
    operation="BucketLogging",
    parameter="BucketLoggingStatus",
    to_api=lambda inputs: {"LoggingEnabled": {name: inputs[name] for name in _LOGGING_NAMES}},
    from_api=lambda answer: (
        seen(answer["LoggingEnabled"], _LOGGING_NAMES) if "LoggingEnabled" in answer else None
    ),
    delete=lambda aws, bucket: aws.call(
        "s3", "PutBucketLogging", Bucket=bucket, BucketLoggingStatus={}
    ),
)


def _put_object(aws: Aws, inputs: Properties) -> str:
    bucket, key = inputs["bucket"], inputs["key"]
    source = inputs.get("source")
    text = inputs.get("content") if source is None else source.text or None
    if text is not None:
        _upload(aws, inputs, text.encode())
    else:
        assert source is not None  # noqa: S101 -- `input_problems` has refused neither
        with Path(source.path).open("rb") as file:
            _upload(aws, inputs, file)
    return f"{bucket}/{key}"


def _upload(aws: Aws, inputs: Properties, body: Any) -> None:
    aws.call(
        "s3",
        "PutObject",
        Bucket=inputs["bucket"],
        Key=inputs["key"],
        Body=body,
        ContentType=inputs.get("contentType"),
    )


def _read_object(aws: Aws, object_id: str, inputs: Properties) -> Properties:
    bucket, _, key = object_id.partition("/")
    head = aws.call("s3", "HeadObject", Bucket=bucket, Key=key)
    etag = head["ETag"].strip('"')
    ours = inputs.get("etag") in (None, etag)
    return {
        "bucket": bucket,
        "key": key,
        "arn": f"arn:aws:s3:::{bucket}/{key}",
        "contentType": head.get("ContentType"),
        "etag": etag,
        "versionId": head.get("VersionId"),
        # Content is compared by digest: where it changed, what the program gave is no more.
        "source": inputs.get("source") if ours else None,
        "content": inputs.get("content") if ours else None,
    }


def _delete_object(aws: Aws, object_id: str, _state: Properties) -> None:
    bucket, _, key = object_id.partition("/")
    page = aws.call("s3", "ListObjectVersions", Bucket=bucket, Prefix=key)
    for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
        if one["Key"] == key:
            aws.call("s3", "DeleteObject", Bucket=bucket, Key=key, VersionId=one["VersionId"])


OBJECT = Resource(
    type="aws:s3/bucketObjectv2:BucketObjectv2",
    auto_name=AutoName(property="key", longest=1024),
    identity=("bucket", "key"),
    outputs=("arn", "etag", "versionId"),
    one_of=("source", "content"),
    properties={
        "bucket": Property(required=True, replaces="an object cannot move between buckets"),
        "content": Property(),
        "contentType": Property(computed=True),
        "key": Property(replaces="S3 cannot rename an object"),
        "source": Property(),
    },
    create=_put_object,
    read=_read_object,
    update=put_again(_put_object),
    delete=_delete_object,
    unsettled=lambda _old, _new: {"etag", "versionId"},
)

TYPES = (
    BUCKET,
    _setting("BucketVersioning", _VERSIONING, {"versioningConfiguration": Property(required=True)}),
    _setting(
        "BucketServerSideEncryptionConfiguration",
        _ENCRYPTION,
        {"rules": Property(required=True, partial=True)},
        note="objects show the key; whether their reader may use it is not checked",
    ),
    _setting(
        "BucketPublicAccessBlock",
        _PUBLIC_ACCESS,
        {name: Property(default=False) for name in _BLOCKS},
    ),
    _setting("BucketOwnershipControls", _OWNERSHIP, {"rule": Property(required=True)}),
    _setting(
        "BucketPolicy",
        _POLICY,
        {"policy": Property(required=True, json=True)},
        note="evaluated only when the emulator runs with IAM enforcement",
    ),
    _setting(
        "BucketLifecycleConfiguration",
        _LIFECYCLE,
        {"rules": Property(required=True, partial=True)},
        fidelity=Fidelity.RECORD,
        note="stored; nothing expires",
    ),
    _setting(
        "BucketLogging",
        _LOGGING,
        {name: Property(required=True) for name in _LOGGING_NAMES},
        fidelity=Fidelity.RECORD,
        note="stored; no access log is written",
    ),
    OBJECT,
)
