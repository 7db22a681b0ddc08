"""Where a stack's state and its secrets are kept, and who may read and write them."""

from components.account import Account
from components.documents import Document, bucket, document, key
from components.documents.footing import Footing

STATE_FOLDER = ".pulumi"
"""Pulumi keeps everything of a bucket's state below it."""
LOSE_STATE = ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"]


def state_bucket(footing: Footing, key_arn: str) -> Document:
    """As every bucket of ours, and nobody deletes a version of the state or the bucket itself.

    Lifecycle rules work in spite of a policy: they alone end old versions.
    """
    held = bucket.encrypted_bucket(footing.bucket_arn, key_arn)
    return document(
        *held["Statement"],
        {
            "Sid": "DenyLossOfState",
            "Effect": "Deny",
            "Principal": "*",
            "Action": LOSE_STATE,
            "Resource": f"{footing.bucket_arn}/*",
        },
        {
            "Sid": "DenyLossOfBucket",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteBucket"],
            "Resource": footing.bucket_arn,
        },
    )


def state_key(account: Account) -> Document:
    return document(
        key.administration(account.root_arn),
        key.use_through([f"s3.{account.region}.amazonaws.com"], account.root_arn, account.id),
    )


def secrets_key(account: Account) -> Document:
    """The engine asks KMS itself, through no service; who may is written in IAM."""
    return document(
        key.administration(account.root_arn),
        {
            "Sid": "UseThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": account.root_arn},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"],
            "Resource": "*",
        },
    )


def read_state(footing: Footing, *, state_key_arn: str, secrets_key_arn: str) -> Document:
    """What a preview needs: it takes no lock and writes nothing."""
    return document(
        {
            "Sid": "ListState",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": footing.bucket_arn,
        },
        {
            "Sid": "ReadState",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": _state_objects(footing),
        },
        {
            "Sid": "DecryptState",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [state_key_arn, secrets_key_arn],
        },
    )


def write_state(footing: Footing, *, state_key_arn: str, secrets_key_arn: str) -> Document:
    """What an update needs: state is written over, and locks come and go."""
    reading = read_state(footing, state_key_arn=state_key_arn, secrets_key_arn=secrets_key_arn)
    return document(
        *reading["Statement"],
        {
            "Sid": "WriteState",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:PutObject"],
            "Resource": _state_objects(footing),
        },
        {
            "Sid": "EncryptState",
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": [state_key_arn, secrets_key_arn],
        },
    )


def _state_objects(footing: Footing) -> str:
    return f"{footing.bucket_arn}/{STATE_FOLDER}/*"
