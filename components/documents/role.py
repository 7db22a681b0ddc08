"""What the roles of functions may do: exact actions on exact ARNs."""

from components.documents import Document, document

MODEL_PREFIX = "models/"


def lambda_trust() -> Document:
    return document(
        {
            "Sid": "RunAsLambda",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
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


def read_models(bucket_arn: str, key_arn: str) -> Document:
    """Listing is there so that S3 answers 404, not 403, for a file that does not exist."""
    return document(
        {
            "Sid": "ListModelFiles",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": bucket_arn,
            "Condition": {"StringLike": {"s3:prefix": f"{MODEL_PREFIX}*"}},
        },
        {
            "Sid": "ReadModelFiles",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": f"{bucket_arn}/{MODEL_PREFIX}*",
        },
        {
            "Sid": "DecryptModelFiles",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": key_arn,
        },
    )


def read_registry(table_arn: str, key_arn: str) -> Document:
    return document(
        {
            "Sid": "ReadRegistry",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem"],
            "Resource": table_arn,
        },
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


def _encrypt_messages(key_arn: str) -> dict[str, object]:
    return {
        "Sid": "EncryptMessages",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key_arn,
    }
