"""Policies of a private network: what passes its endpoints, who writes its log, and what Lambda
may do with network interfaces."""

from typing import Final

from components.account import Account
from components.documents import Document, document
from components.documents.bucket import DATA_ACTIONS
from components.documents.messaging import QUEUE_ACTIONS

ACTIONS: Final = {
    "dynamodb": [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
    ],
    "ecr.api": ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetAuthorizationToken"],
    "ecr.dkr": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "events": ["events:PutEvents"],
    "execute-api": ["execute-api:Invoke"],
    "kinesis-streams": [
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    ],
    "kms": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GetPublicKey"],
    "lambda": ["lambda:InvokeFunction"],
    "logs": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
    "monitoring": ["cloudwatch:GetMetricData", "cloudwatch:PutMetricData"],
    "s3": DATA_ACTIONS,
    "secretsmanager": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
    "sqs": QUEUE_ACTIONS,
    "sts": ["sts:AssumeRole", "sts:GetCallerIdentity"],
    "xray": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
}
"""Endpoint -> what may be asked through it: the use of data, and no administration."""

_INTERFACES: Final = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
]
_LOOK_UPS: Final = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]


def endpoint_perimeter(service: str, account_id: str) -> Document:
    """Callers of this account only: credentials of another one carry no data out.

    What each caller may do with which resource is written in its role.
    """
    return document(
        {
            "Sid": "ThisAccountOnly",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ACTIONS[service],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": account_id}},
        }
    )


def private_api_perimeter(account: Account, vpc_id: str) -> Document:
    """Callers of a private API come with a token or none, and are nobody to IAM: what holds them is
    where they are. The API's own authorizer decides about the rest."""
    return document(
        {
            "Sid": "CallFromThisVpc",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ACTIONS["execute-api"],
            "Resource": (f"arn:{account.partition}:execute-api:{account.region}:{account.id}:*"),
            "Condition": {"StringEquals": {"aws:SourceVpc": vpc_id}},
        }
    )


def gateway_perimeter(service: str, account_id: str) -> Document:
    """As `endpoint_perimeter`, and to resources of this account only."""
    perimeter = endpoint_perimeter(service, account_id)
    perimeter["Statement"][0]["Condition"]["StringEquals"]["aws:ResourceAccount"] = account_id
    return perimeter


def flow_log_trust(account: Account) -> Document:
    return document(
        {
            "Sid": "WriteAsFlowLog",
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {
                    "aws:SourceArn": (
                        f"arn:{account.partition}:ec2:{account.region}:{account.id}:vpc-flow-log/*"
                    )
                },
            },
        }
    )


def write_flow_log(log_group_arn: str) -> Document:
    return document(
        {
            "Sid": "WriteFlowLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
        },
        {
            "Sid": "FindFlowLog",
            "Effect": "Allow",
            "Action": ["logs:DescribeLogGroups"],
            "Resource": "*",
        },
    )


def network_interfaces(account: Account) -> Document:
    """What Lambda itself needs to put a function into a VPC, and a refusal of the same to the
    function's code, whose requests alone carry `lambda:SourceFunctionArn`."""
    return document(
        {
            "Sid": "ManageInterfaces",
            "Effect": "Allow",
            "Action": _INTERFACES,
            "Resource": f"arn:{account.partition}:ec2:{account.region}:{account.id}:*/*",
        },
        {
            "Sid": "FindInterfaces",
            "Effect": "Allow",
            "Action": _LOOK_UPS,
            "Resource": "*",
        },
        {
            "Sid": "DenyInterfacesToCode",
            "Effect": "Deny",
            "Action": [*_INTERFACES, *_LOOK_UPS],
            "Resource": "*",
            "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
        },
    )
