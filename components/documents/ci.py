"""The two roles that a pipeline takes to deploy a stack, and the boundary of both.

`warmline bootstrap` makes it, docs/bootstrap.md tells of it. The plan role sees how things are set
and reads the state; the apply role changes what belongs to the stack. The boundary is what neither
they nor any role that they make can go beyond.
"""

from components.documents import Document, Statement, deploy_actions, document
from components.documents.engine_state import LOSE_STATE
from components.documents.footing import GITHUB, Footing

AUDIENCE = "sts.amazonaws.com"
BOUNDED = (
    *deploy_actions.ACTIONS,
    *deploy_actions.GLOBAL,
    *deploy_actions.RECORDS,
    "kms",
    "xray",
)
"""Services of which a role made by the pipeline can have any action that its policies name."""
PASSED_TO = ("lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com")
"""Services that the stack's roles are handed to."""
LINKED = ("ops.apigateway.amazonaws.com",)
"""Services whose own role may be made: API Gateway's, for access logs."""
_GRANTS = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
]
"""What gives a role its rights. IAM can tell of each whether the role has the boundary."""
_ROLES = [
    "iam:DeleteRole",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
]
_READ_ROLES = [
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
]
_READ_KEYS = [
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListResourceTags",
]
_MANAGE_KEYS = [
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]
_ESCALATIONS = [
    "ec2:RunInstances",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateGroup",
    "iam:CreateLoginProfile",
    "iam:CreateOpenIDConnectProvider",
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:CreateSAMLProvider",
    "iam:CreateUser",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateLoginProfile",
    "iam:UpdateOpenIDConnectProviderThumbprint",
    "iam:UpdateSAMLProvider",
]
_CHANGE_BUCKET = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
]


def trusts(
    provider_arn: str, repository: str, *, branch: str, environment: str | None
) -> dict[str, Document]:
    """Who takes each of the two roles, by what GitHub's tokens say.

    The subject of a job that names an environment has the environment in the branch's place.
    """
    pushed = f"repo:{repository}:ref:refs/heads/{branch}"
    pulled = f"repo:{repository}:pull_request"
    deployed = f"repo:{repository}:environment:{environment}" if environment else pushed
    return {
        "plan": github_trust(provider_arn, [pulled, pushed]),
        "apply": github_trust(provider_arn, [deployed], branch=branch if environment else None),
    }


def github_trust(provider_arn: str, whom: list[str], *, branch: str | None = None) -> Document:
    """Whole subjects, never patterns: `*` would let a fork's or another branch's job in.

    `branch` where the subjects name none: a token has it as a claim of its own, and any branch can
    name an environment. STS compares this claim of GitHub's since 2026-01.
    """
    held: dict[str, str | list[str]] = {f"{GITHUB}:aud": AUDIENCE, f"{GITHUB}:sub": whom}
    if branch is not None:
        held[f"{GITHUB}:ref"] = f"refs/heads/{branch}"
    return document(
        {
            "Sid": "TakenByWorkflow",
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": ["sts:AssumeRoleWithWebIdentity"],
            "Condition": {"StringEquals": held},
        }
    )


def see(footing: Footing) -> Document:
    """How everything of the program is set, and no data."""
    return document(
        {
            "Sid": "SeeSettings",
            "Effect": "Allow",
            "Action": deploy_actions.reads(),
            "Resource": "*",
            "Condition": _in_region(footing),
        },
        _allow("SeeImages", deploy_actions.reads(deploy_actions.IMAGES), _repositories(footing)),
        _allow("SeeBudgets", deploy_actions.reads(deploy_actions.GLOBAL), _budgets(footing)),
        _allow(
            "SeeRecords",
            deploy_actions.reads(deploy_actions.RECORDS),
            _names(footing, "change", "hostedzone"),
        ),
        _allow("SeeRoles", _READ_ROLES, footing.iam(f"role{footing.path}*")),
        _allow("SeeKeys", _READ_KEYS, footing.kms("key/*")),
        _allow("SeeAliases", ["kms:ListAliases"], "*"),
    )


def change(footing: Footing) -> Document:
    """Makes, changes and deletes what a stack has, but for roles."""
    account = footing.account
    return document(
        {
            "Sid": "ChangeStack",
            "Effect": "Allow",
            "Action": deploy_actions.writes(),
            "Resource": "*",
            "Condition": _in_region(footing),
        },
        _allow("ChangeBudgets", deploy_actions.writes(deploy_actions.GLOBAL), _budgets(footing)),
        {
            "Sid": "MakeKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestTag/project": footing.project}},
        },
        _allow("ManageKeys", _MANAGE_KEYS, [footing.kms("key/*"), footing.kms("alias/*")]),
        {
            # Uploads, tables and functions that are encrypted with the stack's keys.
            "Sid": "UseKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": footing.kms("key/*"),
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        f"{service}.{account.region}.amazonaws.com"
                        for service in ("dynamodb", "ecr", "lambda", "s3", "sns", "sqs")
                    ]
                }
            },
        },
    )


def manage_roles(footing: Footing) -> Document:
    """Roles on the stack's own path, and only with the boundary; and repositories of images and
    records of names, for which `change` has no room left."""
    own = footing.iam(f"role{footing.path}*")
    return document(
        {
            "Sid": "GrantWithinBoundary",
            "Effect": "Allow",
            "Action": _GRANTS,
            "Resource": own,
            "Condition": {"ArnEquals": {"iam:PermissionsBoundary": footing.boundary_arn}},
        },
        _allow("ManageOwnRoles", _ROLES, own),
        {
            "Sid": "PassOwnRoles",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": own,
            "Condition": {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        },
        _allow(
            "ChangeImages", deploy_actions.writes(deploy_actions.IMAGES), _repositories(footing)
        ),
        _allow(
            "ChangeRecords",
            deploy_actions.writes(deploy_actions.RECORDS),
            _names(footing, "hostedzone"),
        ),
        {
            "Sid": "LinkServices",
            "Effect": "Allow",
            "Action": ["iam:CreateServiceLinkedRole"],
            "Resource": footing.iam("role/aws-service-role/*"),
            "Condition": {"StringEquals": {"iam:AWSServiceName": list(LINKED)}},
        },
    )


def boundary(footing: Footing, *, state_key_arn: str, secrets_key_arn: str) -> Document:
    """The most that the pipeline's roles, and the roles that they make, can ever do."""
    roles = manage_roles(footing)["Statement"]
    seen = [each for each in see(footing)["Statement"] if each["Sid"] == "SeeRoles"]
    return document(
        {
            "Sid": "StayWithinServices",
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in BOUNDED],
            "Resource": "*",
        },
        *roles,
        *seen,
        {"Sid": "DenyEscalation", "Effect": "Deny", "Action": _ESCALATIONS, "Resource": "*"},
        {
            "Sid": "DenyRolesWithoutBoundary",
            "Effect": "Deny",
            "Action": _GRANTS,
            "Resource": "*",
            "Condition": {"ArnNotEquals": {"iam:PermissionsBoundary": footing.boundary_arn}},
        },
        {
            "Sid": "DenyChangesOfThePipeline",
            "Effect": "Deny",
            "Action": [*_GRANTS, *_ROLES, "iam:PassRole"],
            "Resource": [footing.iam(f"role/{name}") for name in (footing.plan, footing.apply)],
        },
        {
            "Sid": "DenyChangesOfStateBucket",
            "Effect": "Deny",
            "Action": _CHANGE_BUCKET,
            "Resource": footing.bucket_arn,
        },
        {
            "Sid": "DenyLossOfState",
            "Effect": "Deny",
            "Action": LOSE_STATE,
            "Resource": f"{footing.bucket_arn}/*",
        },
        {
            "Sid": "DenyChangesOfStateKeys",
            "Effect": "Deny",
            "Action": ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            "Resource": [state_key_arn, secrets_key_arn],
        },
    )


def _allow(sid: str, actions: list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _budgets(footing: Footing) -> str:
    """Budgets are of no region."""
    return f"arn:{footing.account.partition}:budgets::{footing.account.id}:budget/*"


def _repositories(footing: Footing) -> str:
    account = footing.account
    return f"arn:{account.partition}:ecr:{account.region}:{account.id}:repository/*"


def _names(footing: Footing, *kinds: str) -> list[str]:
    return [f"arn:{footing.account.partition}:route53:::{kind}/*" for kind in kinds]


def _in_region(footing: Footing) -> dict[str, dict[str, str]]:
    return {"StringEquals": {"aws:RequestedRegion": footing.account.region}}
