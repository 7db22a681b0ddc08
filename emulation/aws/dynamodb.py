"""Tables, and items that the program owns."""

import json
from typing import Any

from emulation.aws.calls import Aws, CallFailed
from emulation.aws.resource import AutoName, Property, Resource, wait_until
from emulation.aws.shapes import retag, tag_list, tag_map
from emulation.wire import Properties


def _create(aws: Aws, inputs: Properties) -> str:
    keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
    if inputs.get("rangeKey"):
        keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
    aws.call(
        "dynamodb",
        "CreateTable",
        TableName=inputs["name"],
        BillingMode=inputs.get("billingMode", "PROVISIONED"),
        KeySchema=keys,
        AttributeDefinitions=[
            {"AttributeName": one["name"], "AttributeType": one["type"]}
            for one in inputs["attributes"]
        ],
        SSESpecification=_encryption(inputs),
        DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled", False),
        Tags=tag_list(inputs.get("tags")),
    )
    return inputs["name"]


def _encryption(inputs: Properties) -> dict[str, Any]:
    wanted = inputs.get("serverSideEncryption") or {"enabled": False}
    if not wanted["enabled"]:
        return {"Enabled": False}
    key = wanted.get("kmsKeyArn")
    return {"Enabled": True, "SSEType": "KMS"} | ({"KMSMasterKeyId": key} if key else {})


def _settle(aws: Aws, name: str, inputs: Properties) -> None:
    def active() -> bool:
        table = aws.call("dynamodb", "DescribeTable", TableName=name)["Table"]
        return table["TableStatus"] == "ACTIVE"

    wait_until(active, f"the table {name} becoming active")
    recovery = (inputs.get("pointInTimeRecovery") or {}).get("enabled", False)
    aws.call(
        "dynamodb",
        "UpdateContinuousBackups",
        TableName=name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery},
    )


def _read(aws: Aws, name: str, _inputs: Properties) -> Properties | None:
    table = aws.call("dynamodb", "DescribeTable", TableName=name)["Table"]
    if table["TableStatus"] == "DELETING":
        return None
    keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
    backups = aws.call("dynamodb", "DescribeContinuousBackups", TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    tags = aws.call("dynamodb", "ListTagsOfResource", ResourceArn=table["TableArn"]).get("Tags")
    encryption = table.get("SSEDescription", {})
    encrypted = encryption.get("Status") == "ENABLED"
    return {
        "name": name,
        "arn": table["TableArn"],
        "attributes": [
            {"name": one["AttributeName"], "type": one["AttributeType"]}
            for one in table["AttributeDefinitions"]
        ],
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "hashKey": keys["HASH"],
        "rangeKey": keys.get("RANGE"),
        "pointInTimeRecovery": {"enabled": recovery.get("PointInTimeRecoveryStatus") == "ENABLED"},
        "serverSideEncryption": {
            "enabled": encrypted,
            **({"kmsKeyArn": encryption.get("KMSMasterKeyArn")} if encrypted else {}),
        },
        "tags": tag_map(tags),
    }


def _update(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    # One kind of change a call, as DynamoDB asks for.
    protected = new.get("deletionProtectionEnabled", False)
    aws.call("dynamodb", "UpdateTable", TableName=name, DeletionProtectionEnabled=protected)
    if _encryption(old) != _encryption(new):
        aws.call("dynamodb", "UpdateTable", TableName=name, SSESpecification=_encryption(new))
    if old.get("billingMode") != new.get("billingMode"):
        mode = new.get("billingMode", "PROVISIONED")
        aws.call("dynamodb", "UpdateTable", TableName=name, BillingMode=mode)
    arn = aws.call("dynamodb", "DescribeTable", TableName=name)["Table"]["TableArn"]
    retag(aws, "dynamodb", old, new, form=tag_list, ResourceArn=arn)


def _delete(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("dynamodb", "DeleteTable", TableName=name)

    def gone() -> bool:
        try:
            aws.call("dynamodb", "DescribeTable", TableName=name)
        except CallFailed as error:
            return error.missing
        return False

    wait_until(gone, f"the deletion of the table {name}")


TABLE = Resource(
    type="aws:dynamodb/table:Table",
    note="conditions, transactions and backups work; a restore to a moment takes what is there now",
    auto_name=AutoName(property="name", longest=255),
    identity=("name",),
    outputs=("arn",),
    properties={
        "name": Property(replaces="DynamoDB cannot rename a table"),
        "attributes": Property(
            required=True,
            unordered=True,
            replaces="they describe the key; the local stack has no indexes",
        ),
        "billingMode": Property(default="PROVISIONED"),
        "deletionProtectionEnabled": Property(default=False),
        "hashKey": Property(required=True, replaces="DynamoDB cannot change a table's key"),
        "pointInTimeRecovery": Property(default={"enabled": False}, partial=True),
        "rangeKey": Property(replaces="DynamoDB cannot change a table's key"),
        "serverSideEncryption": Property(default={"enabled": False}, partial=True),
        "tags": Property(default={}),
    },
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
)


def _key(inputs: Properties) -> dict[str, Any]:
    item = json.loads(inputs["item"])
    names = [inputs["hashKey"], inputs.get("rangeKey")]
    return {name: item[name] for name in names if name}


def _item_id(inputs: Properties) -> str:
    parts = [inputs["tableName"]]
    for name, value in _key(inputs).items():
        parts += [name, *map(str, value.values())]
    return "|".join(parts)


def _create_item(aws: Aws, inputs: Properties) -> str:
    aws.call(
        "dynamodb",
        "PutItem",
        TableName=inputs["tableName"],
        Item=json.loads(inputs["item"]),
        # Never over an item that something else owns; pulumi-aws does the same.
        ConditionExpression="attribute_not_exists(#key)",
        ExpressionAttributeNames={"#key": inputs["hashKey"]},
    )
    return _item_id(inputs)


def _read_item(aws: Aws, _id: str, inputs: Properties) -> Properties | None:
    answer = aws.call(
        "dynamodb",
        "GetItem",
        TableName=inputs["tableName"],
        Key=_key(inputs),
        ConsistentRead=True,
    )
    if "Item" not in answer:
        return None
    known = {name: inputs.get(name) for name in ("tableName", "hashKey", "rangeKey")}
    return known | {"item": json.dumps(answer["Item"], sort_keys=True)}


def _update_item(aws: Aws, _id: str, old: Properties, new: Properties) -> None:
    aws.call("dynamodb", "PutItem", TableName=new["tableName"], Item=json.loads(new["item"]))
    if _key(old) != _key(new):
        _delete_item(aws, _id, old)


def _delete_item(aws: Aws, _id: str, state: Properties) -> None:
    aws.call("dynamodb", "DeleteItem", TableName=state["tableName"], Key=_key(state))


TABLE_ITEM = Resource(
    type="aws:dynamodb/tableItem:TableItem",
    properties={
        "hashKey": Property(required=True, replaces="the item's key is its identity"),
        "item": Property(required=True, json=True),
        "rangeKey": Property(replaces="the item's key is its identity"),
        "tableName": Property(required=True, replaces="an item cannot move between tables"),
    },
    create=_create_item,
    read=_read_item,
    update=_update_item,
    delete=_delete_item,
)

TYPES = (TABLE, TABLE_ITEM)
