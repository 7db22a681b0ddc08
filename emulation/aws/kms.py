"""Keys and their aliases."""

from functools import partial

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Property, Resource
from emulation.aws.shapes import request, retag, tag_list, tag_map
from emulation.wire import Properties

_CREATE = {
    "customerMasterKeySpec": "KeySpec",
    "description": "Description",
    "keyUsage": "KeyUsage",
    "policy": "Policy",
}
_SYMMETRIC = "SYMMETRIC_DEFAULT"
_tags = partial(tag_list, key="TagKey", value="TagValue")


def _create(aws: Aws, inputs: Properties) -> str:
    tags = _tags(inputs.get("tags"))
    parameters = request(aws, "kms", "CreateKey", _CREATE, inputs)
    return aws.call("kms", "CreateKey", Tags=tags, **parameters)["KeyMetadata"]["KeyId"]


def _settle(aws: Aws, key: str, inputs: Properties) -> None:
    if inputs.get("customerMasterKeySpec", _SYMMETRIC) == _SYMMETRIC:
        rotated = inputs.get("enableKeyRotation", False)
        aws.call("kms", "EnableKeyRotation" if rotated else "DisableKeyRotation", KeyId=key)


def _read(aws: Aws, key: str, _inputs: Properties) -> Properties | None:
    about = aws.call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]
    if about["KeyState"] == "PendingDeletion":
        return None
    found: Properties = {
        "arn": about["Arn"],
        "keyId": about["KeyId"],
        "description": about.get("Description", ""),
        "keyUsage": about["KeyUsage"],
        "customerMasterKeySpec": about["KeySpec"],
        "policy": aws.call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"],
        "tags": tag_map(
            aws.call("kms", "ListResourceTags", KeyId=key).get("Tags"), "TagKey", "TagValue"
        ),
    }
    if about["KeySpec"] == _SYMMETRIC:
        status = aws.call("kms", "GetKeyRotationStatus", KeyId=key)
        found["enableKeyRotation"] = status["KeyRotationEnabled"]
    return found


def _update(aws: Aws, key: str, old: Properties, new: Properties) -> None:
    aws.call("kms", "UpdateKeyDescription", KeyId=key, Description=new.get("description", ""))
    if new.get("policy"):
        aws.call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=new["policy"])
    retag(aws, "kms", old, new, form=_tags, KeyId=key)


def _delete(aws: Aws, key: str, state: Properties) -> None:
    about = aws.call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]
    if about["KeyState"] != "PendingDeletion":
        days = state.get("deletionWindowInDays")
        aws.call("kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=days)


KEY = Resource(
    type="aws:kms/key:Key",
    note="encrypts, signs and verifies; who may use a key is checked only with IAM enforcement on",
    outputs=("arn", "keyId"),
    properties={
        "customerMasterKeySpec": Property(
            default=_SYMMETRIC, replaces="key material is made once, for one spec"
        ),
        "deletionWindowInDays": Property(kept="used when the key is deleted"),
        "description": Property(),
        "enableKeyRotation": Property(default=False),
        "keyUsage": Property(
            default="ENCRYPT_DECRYPT", replaces="KMS fixes a key's usage at its creation"
        ),
        "policy": Property(json=True, computed=True),
        "tags": Property(default={}),
    },
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
)


def _create_alias(aws: Aws, inputs: Properties) -> str:
    name = inputs["name"]
    aws.call("kms", "CreateAlias", AliasName=name, TargetKeyId=inputs["targetKeyId"])
    return name


def _read_alias(aws: Aws, name: str, inputs: Properties) -> Properties:
    key = aws.call("kms", "DescribeKey", KeyId=name)["KeyMetadata"]
    by_arn = inputs.get("targetKeyId") == key["Arn"]
    return {
        "name": name,
        "targetKeyId": key["Arn"] if by_arn else key["KeyId"],
        "targetKeyArn": key["Arn"],
        "arn": key["Arn"].partition(":key/")[0] + f":{name}",
    }


def _update_alias(aws: Aws, name: str, _old: Properties, new: Properties) -> None:
    aws.call("kms", "UpdateAlias", AliasName=name, TargetKeyId=new["targetKeyId"])


def _delete_alias(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("kms", "DeleteAlias", AliasName=name)


ALIAS = Resource(
    type="aws:kms/alias:Alias",
    auto_name=AutoName(property="name", longest=256, prefix="alias/"),
    identity=("name",),
    outputs=("arn", "targetKeyArn"),
    properties={
        "name": Property(replaces="KMS cannot rename an alias"),
        "targetKeyId": Property(required=True),
    },
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
    unsettled=lambda _old, _new: {"targetKeyArn"},
)

TYPES = (KEY, ALIAS)
