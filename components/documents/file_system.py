"""Policies of the shared file system: encrypted connections, one way in, and who may take it."""

from typing import Final

from components.documents import Document, deny_without_tls, document

_CLIENT: Final = [
    "elasticfilesystem:ClientMount",
    "elasticfilesystem:ClientRootAccess",
    "elasticfilesystem:ClientWrite",
]


def file_system(file_system_arn: str, access_point_arn: str) -> Document:
    """With a policy EFS asks IAM of every client, so one without a role gets nothing.

    Whom it lets in is written in roles; here is refused what none of them may do.
    """
    return document(
        deny_without_tls(_CLIENT, file_system_arn),
        {
            # Without the access point a client would say itself who it is.
            "Sid": "DenyOtherWaysIn",
            "Effect": "Deny",
            "Principal": "*",
            "Action": _CLIENT,
            "Resource": file_system_arn,
            "Condition": {"ArnNotEquals": {"elasticfilesystem:AccessPointArn": access_point_arn}},
        },
    )


def use_file_system(file_system_arn: str, access_point_arn: str) -> Document:
    """For a role that mounts it."""
    return document(
        {
            "Sid": "UseFileSystem",
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": file_system_arn,
            "Condition": {"ArnEquals": {"elasticfilesystem:AccessPointArn": access_point_arn}},
        }
    )
