"""Bucket policies: TLS only, our key only, and who may deliver access logs."""

from typing import Any, Final

from components.documents import Document, Statement, deny_without_tls, document

DATA_ACTIONS = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersion",
    "s3:DeleteObjectVersionTagging",
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAttributes",
    "s3:GetObjectVersionTagging",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging",
    "s3:RestoreObject",
]
"""Everything that moves objects or tells their names, without a wildcard."""
_ENCRYPTION: Final = "s3:x-amz-server-side-encryption"
_KEY: Final = f"{_ENCRYPTION}-aws-kms-key-id"


def _tls_only(bucket_arn: str) -> Statement:
    return deny_without_tls(DATA_ACTIONS, [bucket_arn, f"{bucket_arn}/*"])


def encrypted_bucket(bucket_arn: str, key_arn: str) -> Document:
    """TLS only, and no upload that asks for other encryption than the bucket's own: by S3's key, by
    another key of KMS or none in particular, or by a key that the caller keeps (SSE-C).

    An upload that says nothing is encrypted with the bucket's default. `Null` lets it pass: in a
    Deny, `StringNotEquals` is true of what is not said, and so is `StringNotEqualsIfExists`.
    Source: IAM User Guide, condition operators, 2026-11.
    """

    def deny(sid: str, condition: dict[str, Any]) -> Statement:
        return {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:PutObject"],
            "Resource": f"{bucket_arn}/*",
            "Condition": condition,
        }

    return document(
        _tls_only(bucket_arn),
        deny(
            "DenyOtherEncryption",
            {
                "Null": {_ENCRYPTION: "false"},
                "StringNotEquals": {_ENCRYPTION: "aws:kms"},
            },
        ),
        deny(
            "DenyOtherKey",
            {"Null": {_KEY: "false"}, "ArnNotEquals": {_KEY: key_arn}},
        ),
        # S3 would take the key that AWS manages, not the bucket's.
        deny("DenyUnnamedKey", {"Null": {_ENCRYPTION: "false", _KEY: "true"}}),
        # Whoever sends a key with each request keeps the only copy of it.
        deny("DenyCallersKey", {"Null": {f"{_ENCRYPTION}-customer-algorithm": "false"}}),
    )


def access_log_bucket(bucket_arn: str, account_id: str) -> Document:
    return document(
        _tls_only(bucket_arn),
        {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": f"{bucket_arn}/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        },
    )
