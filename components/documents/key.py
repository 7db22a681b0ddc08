"""Key policies.

The account's root may administer every key, so that no key can lock out its owner; it may not use
one. Use is open to principals of this account, through one service each: what a single role may do
is written in the role. No policy names a principal that is made in the same deployment.
"""

from components.account import Account
from components.documents import Document, Statement, document
from components.tags import DataClass

_ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]
_ENCRYPT = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]


def administration(root_arn: str) -> Statement:
    return {
        "Sid": "AdministerThroughIam",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn},
        "Action": _ADMINISTER,
        "Resource": "*",
    }


def use_through(services: list[str], root_arn: str, account_id: str) -> Statement:
    """`services` as in `kms:ViaService`: `s3.eu-central-1.amazonaws.com`."""
    return {
        "Sid": "UseThroughService",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn},
        "Action": [*_ENCRYPT, "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:ViaService": services, "kms:CallerAccount": account_id},
        },
    }


def grant_through(services: list[str], root_arn: str, account_id: str) -> Statement:
    """For services that keep working with the key after the call that set them up."""
    return {
        "Sid": "GrantToService",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn},
        "Action": ["kms:CreateGrant"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:ViaService": services, "kms:CallerAccount": account_id},
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        },
    }


def log_groups(region: str, account_id: str, partition: str) -> Statement:
    """CloudWatch Logs itself, for the log groups of this account and region.

    The encryption context names the log group, and with it the account.
    """
    return {
        "Sid": "EncryptLogGroups",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": _ENCRYPT,
        "Resource": "*",
        "Condition": {
            "StringLike": {
                "kms:EncryptionContext:aws:logs:arn": (
                    f"arn:{partition}:logs:{region}:{account_id}:log-group:*"
                )
            },
        },
    }


def alarms(account_id: str) -> Statement:
    """CloudWatch and AWS Budgets, which publish to the encrypted alarm topic."""
    return {
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }


def signing(root_arn: str, account_id: str) -> Statement:
    """Who may sign is decided by IAM policies in the account; nothing signs through a service."""
    return {
        "Sid": "SignThroughIam",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn},
        "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": account_id}},
    }


def encryption_key(data: DataClass, account: Account, *, on_efs: bool = False) -> Document:
    """The key policy of a data class: who administers, and which services use it.

    `on_efs` = models lie on a file system too.
    """

    def through(*services: str) -> list[str]:
        return [f"{service}.{account.region}.amazonaws.com" for service in services]

    root, owner = account.root_arn, account.id
    statements = [administration(root)]
    match data:
        case DataClass.MODELS:
            services = through("s3", "elasticfilesystem") if on_efs else through("s3")
            statements.append(use_through(services, root, owner))
            if on_efs:
                statements.append(grant_through(through("elasticfilesystem"), root, owner))
        case DataClass.REGISTRY:
            statements.append(use_through(through("dynamodb"), root, owner))
            statements.append(grant_through(through("dynamodb"), root, owner))
        case DataClass.LOGS:
            statements.append(log_groups(account.region, owner, account.partition))
        case DataClass.QUEUES:
            statements.append(use_through(through("sqs", "sns"), root, owner))
            statements.append(alarms(owner))
        case DataClass.CODE:
            statements.append(use_through(through("s3", "lambda", "ecr"), root, owner))
            statements.append(grant_through(through("lambda", "ecr"), root, owner))
        case DataClass.NONE:
            raise ValueError("data class 'none' holds no data and has no key")
    return document(*statements)


def signing_key(account: Account) -> Document:
    """The policy of a key that signs manifests or images."""
    return document(
        administration(account.root_arn),
        signing(account.root_arn, account.id),
    )
