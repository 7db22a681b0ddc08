"""Who calls a function: permissions and event source mappings."""

import json

from emulation.aws.calls import Aws
from emulation.aws.lambda_ import as_declared
from emulation.aws.resource import AutoName, Property, Resource
from emulation.aws.shapes import blocks, request, retag, seen
from emulation.wire import Properties


def _create_permission(aws: Aws, inputs: Properties) -> str:
    aws.call(
        "lambda",
        "AddPermission",
        FunctionName=inputs["function"],
        Qualifier=inputs.get("qualifier"),
        StatementId=inputs["statementId"],
        Action=inputs["action"],
        Principal=inputs["principal"],
        SourceArn=inputs.get("sourceArn"),
    )
    return inputs["statementId"]


def _read_permission(aws: Aws, statement_id: str, inputs: Properties) -> Properties | None:
    where = {"function": inputs["function"], "qualifier": inputs.get("qualifier")}
    answer = aws.call(
        "lambda", "GetPolicy", FunctionName=where["function"], Qualifier=where["qualifier"]
    )
    for statement in json.loads(answer["Policy"])["Statement"]:
        if statement["Sid"] == statement_id:
            principal = statement["Principal"]
            condition = statement.get("Condition", {}).get("ArnLike", {})
            return where | {
                "statementId": statement_id,
                "action": statement["Action"],
                "principal": principal if isinstance(principal, str) else _only(principal),
                "sourceArn": condition.get("AWS:SourceArn"),
            }
    return None


def _only(members: dict[str, str]) -> str:
    """The one value of a principal such as {"Service": ...}."""
    (value,) = members.values()
    return value


def _delete_permission(aws: Aws, statement_id: str, state: Properties) -> None:
    aws.call(
        "lambda",
        "RemovePermission",
        FunctionName=state["function"],
        Qualifier=state.get("qualifier"),
        StatementId=statement_id,
    )


_STATEMENT = "a policy statement can only be added or removed"
PERMISSION = Resource(
    type="aws:lambda/permission:Permission",
    note="stored; API Gateway calls the function without it, too",
    auto_name=AutoName(property="statementId", longest=100),
    identity=("function", "qualifier", "statementId"),
    properties={
        "action": Property(required=True, replaces=_STATEMENT),
        "function": Property(required=True, replaces=_STATEMENT),
        "principal": Property(required=True, replaces=_STATEMENT),
        "qualifier": Property(replaces=_STATEMENT),
        "sourceArn": Property(replaces=_STATEMENT),
        "statementId": Property(replaces=_STATEMENT),
    },
    create=_create_permission,
    read=_read_permission,
    delete=_delete_permission,
)

_MAPPING = {
    "batchSize": "BatchSize",
    "enabled": "Enabled",
    "eventSourceArn": "EventSourceArn",
    "functionName": "FunctionName",
    "functionResponseTypes": "FunctionResponseTypes",
    "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
    "scalingConfig": "ScalingConfig",
}
_MAPPING_SEEN = {
    name: member for name, member in _MAPPING.items() if name not in ("enabled", "functionName")
}


def _create_mapping(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, "lambda", "CreateEventSourceMapping", _MAPPING, inputs)
    tags = inputs.get("tags") or None
    return aws.call("lambda", "CreateEventSourceMapping", Tags=tags, **parameters)["UUID"]


def _read_mapping(aws: Aws, uuid: str, inputs: Properties) -> Properties | None:
    mapping = aws.call("lambda", "GetEventSourceMapping", UUID=uuid)
    if mapping["State"] == "Deleting":
        return None
    arn = mapping["EventSourceMappingArn"]
    return seen(mapping, _MAPPING_SEEN) | {
        "arn": arn,
        "uuid": uuid,
        "functionArn": mapping["FunctionArn"],
        "functionName": as_declared(
            inputs.get("functionName", mapping["FunctionArn"]), mapping["FunctionArn"]
        ),
        "enabled": mapping["State"] in ("Creating", "Enabled", "Enabling", "Updating"),
        "scalingConfig": blocks(mapping.get("ScalingConfig")),
        "tags": aws.call("lambda", "ListTags", Resource=arn).get("Tags", {}),
    }


def _update_mapping(aws: Aws, uuid: str, old: Properties, new: Properties) -> None:
    parameters = request(aws, "lambda", "UpdateEventSourceMapping", _MAPPING, new)
    parameters.setdefault("FunctionResponseTypes", [])
    parameters.setdefault("Enabled", True)
    answer = aws.call("lambda", "UpdateEventSourceMapping", UUID=uuid, **parameters)
    retag(aws, "lambda", old, new, Resource=answer["EventSourceMappingArn"])


def _delete_mapping(aws: Aws, uuid: str, _state: Properties) -> None:
    aws.call("lambda", "DeleteEventSourceMapping", UUID=uuid)


EVENT_SOURCE_MAPPING = Resource(
    type="aws:lambda/eventSourceMapping:EventSourceMapping",
    note="queues work, with failures per message; the limit on concurrency is noted only",
    outputs=("arn", "functionArn", "uuid"),
    properties={
        "batchSize": Property(default=10),
        "enabled": Property(default=True),
        "eventSourceArn": Property(required=True, replaces="Lambda cannot change the source"),
        "functionName": Property(required=True),
        "functionResponseTypes": Property(unordered=True),
        "maximumBatchingWindowInSeconds": Property(default=0),
        "scalingConfig": Property(),
        "tags": Property(default={}),
    },
    create=_create_mapping,
    read=_read_mapping,
    update=_update_mapping,
    delete=_delete_mapping,
    unsettled=lambda old, new: (
        {"functionArn"} if old.get("functionName") != new.get("functionName") else set()
    ),
)

TYPES = (PERMISSION, EVENT_SOURCE_MAPPING)
