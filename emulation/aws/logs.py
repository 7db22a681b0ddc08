"""Log groups and saved queries (pulumi-aws keeps them in its `cloudwatch` module)."""

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Fidelity, Property, Resource
from emulation.aws.shapes import retag
from emulation.wire import Properties


def _create(aws: Aws, inputs: Properties) -> str:
    aws.call(
        "logs",
        "CreateLogGroup",
        logGroupName=inputs["name"],
        kmsKeyId=inputs.get("kmsKeyId"),
        tags=inputs.get("tags") or None,
    )
    return inputs["name"]


def _settle(aws: Aws, name: str, inputs: Properties) -> None:
    days = inputs.get("retentionInDays")
    if days:
        aws.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
    else:
        aws.call("logs", "DeleteRetentionPolicy", logGroupName=name)


def _read(aws: Aws, name: str, _inputs: Properties) -> Properties | None:
    answer = aws.call("logs", "DescribeLogGroups", logGroupNamePrefix=name)
    group = next((one for one in answer["logGroups"] if one["logGroupName"] == name), None)
    if group is None:
        return None
    arn = group["arn"].removesuffix(":*")
    return {
        "name": name,
        "arn": arn,
        "retentionInDays": group.get("retentionInDays", 0),
        "tags": aws.call("logs", "ListTagsForResource", resourceArn=arn).get("tags", {}),
    }


def _update(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    group = _read(aws, name, new)
    if group is None:
        return
    members = ("tags", "tagKeys")
    retag(aws, "logs", old, new, members=members, resourceArn=group["arn"])


def _delete(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("logs", "DeleteLogGroup", logGroupName=name)


LOG_GROUP = Resource(
    type="aws:cloudwatch/logGroup:LogGroup",
    note="functions write to it; its key is noted but encrypts nothing, and metric filters and "
    "embedded metrics are not extracted",
    auto_name=AutoName(property="name", longest=512),
    identity=("name",),
    outputs=("arn",),
    properties={
        "name": Property(replaces="CloudWatch Logs cannot rename a log group"),
        "kmsKeyId": Property(kept="AssociateKmsKey is missing; the key is stored at creation"),
        "retentionInDays": Property(default=0),
        "tags": Property(default={}),
    },
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
)


def _put_query(aws: Aws, inputs: Properties) -> str:
    answer = aws.call(
        "logs",
        "PutQueryDefinition",
        name=inputs["name"],
        logGroupNames=inputs.get("logGroupNames"),
        queryString=inputs["queryString"],
    )
    return answer["queryDefinitionId"]


QUERY_DEFINITION = Resource(
    type="aws:cloudwatch/queryDefinition:QueryDefinition",
    fidelity=Fidelity.SKIPPED,
    note="the emulator saves no queries, and its Logs Insights knows no stats",
    identity=("name",),
    properties={
        "name": Property(required=True),
        "logGroupNames": Property(),
        "queryString": Property(required=True),
    },
    create=_put_query,
)

TYPES = (LOG_GROUP, QUERY_DEFINITION)
