"""Queues."""

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Property, Resource, put_again
from emulation.aws.shapes import as_text, retag
from emulation.wire import Properties

_ATTRIBUTES = {
    "delaySeconds": "DelaySeconds",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_TEXTS = frozenset({"kmsMasterKeyId", "redriveAllowPolicy", "redrivePolicy"})


def _attributes(inputs: Properties) -> dict[str, str]:
    return {
        attribute: as_text(inputs[name])
        for name, attribute in _ATTRIBUTES.items()
        if inputs.get(name) is not None
    }


def _create(aws: Aws, inputs: Properties) -> str:
    answer = aws.call(
        "sqs",
        "CreateQueue",
        QueueName=inputs["name"],
        Attributes=_attributes(inputs),
        tags=inputs.get("tags") or None,
    )
    return answer["QueueUrl"]


def _read(aws: Aws, url: str, _inputs: Properties) -> Properties:
    answer = aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    attributes = answer["Attributes"]
    found: Properties = {"arn": attributes["QueueArn"], "url": url, "name": url.rpartition("/")[2]}
    for name, attribute in _ATTRIBUTES.items():
        text = attributes.get(attribute)
        if text in (None, ""):
            continue
        if name in _TEXTS:
            found[name] = text
        else:
            found[name] = text == "true" if text in ("true", "false") else int(text)
    found["tags"] = aws.call("sqs", "ListQueueTags", QueueUrl=url).get("Tags", {})
    return found


def _update(aws: Aws, url: str, old: Properties, new: Properties) -> None:
    gone = {
        attribute: _reset(name)
        for name, attribute in _ATTRIBUTES.items()
        if old.get(name) is not None and new.get(name) is None
    }
    aws.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=gone | _attributes(new))
    retag(aws, "sqs", old, new, kind="Queue", QueueUrl=url)


def _reset(name: str) -> str:
    default = QUEUE.properties[name].default
    return "" if default is None else as_text(default)


def _delete(aws: Aws, url: str, _state: Properties) -> None:
    aws.call("sqs", "DeleteQueue", QueueUrl=url)


QUEUE = Resource(
    type="aws:sqs/queue:Queue",
    note="queues, dead-letter queues and visibility work; a visibility timeout below the "
    "function's timeout, which AWS refuses, is accepted",
    auto_name=AutoName(property="name", longest=80),
    identity=("name",),
    outputs=("arn", "url"),
    properties={
        "name": Property(replaces="the name is part of the queue's URL; SQS cannot rename"),
        "delaySeconds": Property(default=0),
        "kmsDataKeyReusePeriodSeconds": Property(default=300),
        "kmsMasterKeyId": Property(),
        "maxMessageSize": Property(computed=True),
        "messageRetentionSeconds": Property(default=345600),
        "receiveWaitTimeSeconds": Property(default=0),
        "redriveAllowPolicy": Property(json=True),
        "redrivePolicy": Property(json=True),
        "sqsManagedSseEnabled": Property(computed=True),
        "tags": Property(default={}),
        "visibilityTimeoutSeconds": Property(default=30),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)


def _create_policy(aws: Aws, inputs: Properties) -> str:
    attributes = {"Policy": inputs["policy"]}
    aws.call("sqs", "SetQueueAttributes", QueueUrl=inputs["queueUrl"], Attributes=attributes)
    return inputs["queueUrl"]


def _read_policy(aws: Aws, url: str, _inputs: Properties) -> Properties | None:
    answer = aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])
    policy = answer.get("Attributes", {}).get("Policy")
    return {"queueUrl": url, "policy": policy} if policy else None


def _delete_policy(aws: Aws, url: str, _state: Properties) -> None:
    aws.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


QUEUE_POLICY = Resource(
    type="aws:sqs/queuePolicy:QueuePolicy",
    note="evaluated only when the emulator runs with IAM enforcement",
    identity=("queueUrl",),
    properties={
        "queueUrl": Property(required=True, replaces="the policy belongs to one queue"),
        "policy": Property(required=True, json=True),
    },
    create=_create_policy,
    read=_read_policy,
    update=put_again(_create_policy),
    delete=_delete_policy,
)

TYPES = (QUEUE, QUEUE_POLICY)
