"""Topics and their policies."""

import json

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Property, Resource, put_again
from emulation.aws.shapes import retag, tag_list, tag_map
from emulation.wire import Properties

_ATTRIBUTES = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}


def _create(aws: Aws, inputs: Properties) -> str:
    attributes = {
        attribute: inputs[name] for name, attribute in _ATTRIBUTES.items() if inputs.get(name)
    }
    tags = tag_list(inputs.get("tags"))
    answer = aws.call("sns", "CreateTopic", Name=inputs["name"], Attributes=attributes, Tags=tags)
    return answer["TopicArn"]


def _read(aws: Aws, arn: str, _inputs: Properties) -> Properties:
    attributes = aws.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
    tags = aws.call("sns", "ListTagsForResource", ResourceArn=arn).get("Tags")
    found = {name: attributes.get(attribute) for name, attribute in _ATTRIBUTES.items()}
    return found | {
        "arn": arn,
        "name": arn.rpartition(":")[2],
        "owner": attributes["Owner"],
        "tags": tag_map(tags),
    }


def _update(aws: Aws, arn: str, old: Properties, new: Properties) -> None:
    for name, attribute in _ATTRIBUTES.items():
        if old.get(name) != new.get(name):
            aws.call(
                "sns",
                "SetTopicAttributes",
                TopicArn=arn,
                AttributeName=attribute,
                AttributeValue=new.get(name, ""),
            )
    retag(aws, "sns", old, new, form=tag_list, ResourceArn=arn)


def _delete(aws: Aws, arn: str, _state: Properties) -> None:
    aws.call("sns", "DeleteTopic", TopicArn=arn)


TOPIC = Resource(
    type="aws:sns/topic:Topic",
    auto_name=AutoName(property="name", longest=256),
    identity=("name",),
    outputs=("arn", "owner"),
    properties={
        "name": Property(replaces="the name is part of the topic's ARN; SNS cannot rename"),
        "displayName": Property(),
        "kmsMasterKeyId": Property(),
        "tags": Property(default={}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)


def _put_policy(aws: Aws, inputs: Properties) -> str:
    arn = inputs["arn"]
    aws.call(
        "sns",
        "SetTopicAttributes",
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=inputs["policy"],
    )
    return arn


def _read_policy(aws: Aws, arn: str, _inputs: Properties) -> Properties:
    attributes = aws.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
    return {"arn": arn, "owner": attributes["Owner"], "policy": attributes.get("Policy")}


def _delete_policy(aws: Aws, arn: str, _state: Properties) -> None:
    # A topic always has a policy: what remains is the one that SNS gives a new topic.
    owner = arn.split(":")[4]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:Receive"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    _put_policy(aws, {"arn": arn, "policy": json.dumps(policy)})


TOPIC_POLICY = Resource(
    type="aws:sns/topicPolicy:TopicPolicy",
    note="evaluated only when the emulator runs with IAM enforcement",
    identity=("arn",),
    outputs=("owner",),
    properties={
        "arn": Property(required=True, replaces="the policy belongs to one topic"),
        "policy": Property(required=True, json=True),
    },
    create=_put_policy,
    read=_read_policy,
    update=put_again(_put_policy),
    delete=_delete_policy,
)

TYPES = (TOPIC, TOPIC_POLICY)
