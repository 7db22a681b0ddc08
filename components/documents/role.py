"""What the roles of functions may do: exact actions on exact ARNs."""

from collections.abc import Sequence

from components.documents import Document, document
from contracts.manifest import MODEL_PREFIX
from contracts.registry import PARTITION_KEY, route_key, tenant_key


def lambda_trust() -> Document:
    return document(
        {
            "Sid": "RunAsLambda",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
        }
    )


def gateway_trust() -> Document:
    """As API Gateway checks it when its role for logs is set: without conditions."""
    return document(
        {
            "Sid": "WriteAsApiGateway",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
        }
    )


def logs_and_traces(log_group_arn: str) -> Document:
    """What every function does."""
    return document(
        {
            "Sid": "WriteLogLines",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
        },
        {
            "Sid": "SendTraces",
            "Effect": "Allow",
            "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            "Resource": "*",
        },
    )


def read_models(bucket_arn: str, key_arn: str, models: Sequence[str] = ()) -> Document:
    """`models` are those that may be read; none = all.

    Listing is there so that S3 answers 404, not 403, for a file that does not exist.
    """
    prefixes = [f"{MODEL_PREFIX}{model}/*" for model in models] or [f"{MODEL_PREFIX}*"]
    return document(
        {
            "Sid": "ListModelFiles",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": bucket_arn,
            "Condition": {"StringLike": {"s3:prefix": one_or_more(prefixes)}},
        },
        {
            "Sid": "ReadModelFiles",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": one_or_more([f"{bucket_arn}/{prefix}" for prefix in prefixes]),
        },
        {
            "Sid": "DecryptModelFiles",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": key_arn,
        },
    )


def read_registry(table_arn: str, key_arn: str, models: Sequence[str] = ()) -> Document:
    """`models` are those whose routes and versions may be read; none = every item.

    Whoever serves a model also reads which tenants may use it.
    """
    keys = [key[PARTITION_KEY]["S"] for key in map(route_key, models)]
    if keys:
        keys.append(tenant_key("*")[PARTITION_KEY]["S"])
    condition = {"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}}
    return document(
        {
            "Sid": "ReadRegistry",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem"],
            "Resource": table_arn,
        }
        | (condition if keys else {}),
        {
            "Sid": "DecryptRegistry",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": key_arn,
        },
    )


def send_and_receive(queue_arn: str, key_arn: str) -> Document:
    return document(
        {
            "Sid": "UseQueue",
            "Effect": "Allow",
            "Action": [
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
            ],
            "Resource": queue_arn,
        },
        _encrypt_messages(key_arn),
    )


def send_failures(queue_arn: str, key_arn: str) -> Document:
    """For a function that is called asynchronously: where its failed events go."""
    return document(
        {
            "Sid": "SendFailures",
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": queue_arn,
        },
        _encrypt_messages(key_arn),
    )


def one_or_more(values: list[str]) -> str | list[str]:
    """As IAM hands a list of one back, so that it does not look changed."""
    return values[0] if len(values) == 1 else values


def _encrypt_messages(key_arn: str) -> dict[str, object]:
    return {
        "Sid": "EncryptMessages",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key_arn,
    }
