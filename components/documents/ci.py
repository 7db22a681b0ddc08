"""The two roles that a pipeline takes to deploy a stack, and the boundary of both.

`warmline bootstrap` makes it, docs/bootstrap.md tells of it. The plan role reads the state and what
a preview looks up; the apply role changes what belongs to the stack. The boundary is what neither
they nor any role that they make can go beyond.
"""

from components.documents import Document, Statement, deploy_actions, deploy_names, document
from components.documents.engine_state import LOSE_STATE
from components.documents.footing import GITHUB, Footing

AUDIENCE = "sts.amazonaws.com"
UNNAMED = ("apigateway", "cognito-idp", "elasticfilesystem", "signer", "wafv2", "xray")
"""Services whose resources are told by nothing but tags; a role made by the pipeline can have any
action of them that its policies name."""
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
_START_KEYS = ["kms:EnableKey", "kms:EnableKeyRotation", "kms:TagResource"]
"""Asked of a key that was made a moment ago: IAM may not know its tags yet."""
_MANAGE_KEYS = [
    "kms:DisableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
]
_USE_KEYS = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
_ALIASES = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
_MACHINES = ["ec2:*Fleet*", "ec2:*Instance*", "ec2:*Spot*"]
"""They run code as roles of the account."""
_CHANGE_BUCKET = [
    "s3:DeleteBucket*",
    "s3:PutBucket*",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
]
_CHANGE_KEYS = [
    "kms:*Alias",
    "kms:*agResource",
    "kms:Disable*",
    "kms:Put*",
    "kms:Schedule*",
    "kms:Update*",
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


def preview(footing: Footing) -> Document:
    """What the program looks up, and who signed an image. A preview does not refresh: it reads no
    resource, and so no secret of a client, key of an API, or code of a function."""
    return document(
        {
            "Sid": "LookUp",
            "Effect": "Allow",
            "Action": ["ec2:DescribeAvailabilityZones", "ecr:GetAuthorizationToken"],
            "Resource": "*",
            "Condition": _in_region(footing),
        },
        _allow(
            "SeeImages",
            ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            deploy_names.repositories(footing),
        ),
        _allow("SeePublicKeys", ["kms:DescribeKey", "kms:GetPublicKey"], footing.kms("key/*")),
    )


def see(footing: Footing) -> Document:
    """How everything of the program is set: what a refresh reads."""
    return document(
        {
            "Sid": "SeeSettings",
            "Effect": "Allow",
            "Action": [
                *deploy_actions.reads(),
                *deploy_actions.reads(deploy_actions.IMAGES),
            ],
            "Resource": "*",
            "Condition": _in_region(footing),
        },
        _allow("SeeBudgets", deploy_actions.reads(deploy_actions.GLOBAL), _budgets(footing)),
        *_records(footing, "SeeRecords", deploy_actions.reads(deploy_actions.RECORDS)),
        _allow("SeeRoles", _READ_ROLES, footing.iam(f"role{footing.path}*")),
        _allow("SeeKeys", _READ_KEYS, footing.kms("key/*")),
        _allow("SeeAliases", ["kms:ListAliases"], "*"),
    )


def change_named(footing: Footing) -> Document:
    """Makes, changes and deletes what a stack has and what its name tells."""
    actions = deploy_actions.writes() + deploy_actions.writes(deploy_actions.IMAGES)
    apart = {*deploy_names.NAMELESS, *deploy_names.OF_MAPPINGS}
    return document(
        {
            "Sid": "ChangeNamed",
            "Effect": "Allow",
            "Action": [each for each in actions if _named(each) and each not in apart],
            "Resource": deploy_names.names(footing),
            "Condition": _in_region(footing) | _not_of_others(footing),
        },
        {
            "Sid": "ChangeMappings",
            "Effect": "Allow",
            "Action": list(deploy_names.OF_MAPPINGS),
            "Resource": "*",
            "Condition": _in_region(footing)
            | {"ArnLike": {"lambda:FunctionArn": deploy_names.functions(footing)}},
        },
    )


def change(footing: Footing) -> Document:
    """Makes, changes and deletes what else a stack has, but for roles."""
    actions = [
        each
        for each in deploy_actions.writes()
        if not _named(each) or each in deploy_names.NAMELESS
    ]
    return document(
        {
            "Sid": "ChangeStack",
            "Effect": "Allow",
            "Action": [each for each in actions if not _of_networks(each)],
            "Resource": "*",
            "Condition": _in_region(footing) | _not_of_others(footing),
        },
        {
            # A network that was there before carries somebody else's tags.
            "Sid": "ChangeNetwork",
            "Effect": "Allow",
            "Action": [each for each in actions if _of_networks(each)],
            "Resource": "*",
            "Condition": _in_region(footing),
        },
        _allow("ChangeBudgets", deploy_actions.writes(deploy_actions.GLOBAL), _budgets(footing)),
        *_records(footing, "ChangeRecords", deploy_actions.writes(deploy_actions.RECORDS)),
        *_keys(footing),
    )


def _keys(footing: Footing) -> list[Statement]:
    account, key = footing.account, footing.kms("key/*")
    return [
        {
            "Sid": "MakeKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateKey"],
            "Resource": "*",
            "Condition": {"StringEquals": _tags("aws:RequestTag", footing)},
        },
        {
            "Sid": "StartKeys",
            "Effect": "Allow",
            "Action": _START_KEYS,
            "Resource": key,
            "Condition": _not_of_others(footing),
        },
        {
            "Sid": "ManageKeys",
            "Effect": "Allow",
            "Action": _MANAGE_KEYS,
            "Resource": key,
            "Condition": {"StringEquals": _tags("aws:ResourceTag", footing)},
        },
        {
            # Asked of both, and an alias has no tags.
            "Sid": "ManageAliases",
            "Effect": "Allow",
            "Action": _ALIASES,
            "Resource": _aliased(footing),
            "Condition": _not_of_others(footing),
        },
        {
            # Uploads, tables and functions that are encrypted with the stack's keys.
            "Sid": "UseKeys",
            "Effect": "Allow",
            "Action": _USE_KEYS,
            "Resource": key,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        f"{service}.{account.region}.amazonaws.com"
                        for service in ("dynamodb", "ecr", "lambda", "s3", "sns", "sqs")
                    ]
                }
            },
        },
    ]


def manage_roles(footing: Footing) -> Document:
    """Roles on the stack's own path, and only with the boundary."""
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
    keys = [state_key_arn, secrets_key_arn]
    aliases = [footing.kms(alias) for alias in (footing.state_alias, footing.secrets_alias)]
    others = [service for service in deploy_names.NAMED if service not in deploy_names.BOUNDED]
    names = deploy_names.names(footing, deploy_names.BOUNDED)
    managed, own = manage_roles(footing)["Statement"], footing.iam(f"role{footing.path}*")
    return document(
        {
            "Sid": "StayWithinNames",
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in deploy_names.BOUNDED],
            "Resource": [*names, *footing.repositories, f"{footing.bucket_arn}*"],
            "Condition": _in_region(footing) | _not_of_others(footing),
        },
        {
            "Sid": "StayWithinServices",
            "Effect": "Allow",
            "Action": [
                *(f"{service}:*" for service in (*UNNAMED, *others)),
                *deploy_names.BOUNDED_NAMELESS,
            ],
            "Resource": "*",
            "Condition": _in_region(footing) | _not_of_others(footing),
        },
        {
            "Sid": "StayInRegion",
            "Effect": "Allow",
            "Action": ["ec2:*"],
            "Resource": "*",
            "Condition": _in_region(footing),
        },
        _allow("StayWithinBudgets", ["budgets:*"], _budgets(footing)),
        *_records(footing, "StayWithinZone", ["route53:*"]),
        {
            # No role of the program signs, and none decides on a key that is not the stack's.
            "Sid": "MakeAndSeeKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateKey", "kms:Describe*", "kms:Get*", "kms:List*", *_START_KEYS],
            "Resource": "*",
            "Condition": _not_of_others(footing),
        },
        _allow("NameKeys", ["kms:*Alias"], _aliased(footing)),
        *(each for each in _keys(footing) if each["Sid"] == "ManageKeys"),
        {
            "Sid": "UseKeysThroughServices",
            "Effect": "Allow",
            "Action": _USE_KEYS,
            "Resource": "*",
            "Condition": {
                "StringLike": {"kms:ViaService": f"*.{footing.account.region}.amazonaws.com"}
            },
        },
        _allow("UseStateKeys", _USE_KEYS, keys),
        *(each for each in managed if each["Sid"] != "ManageOwnRoles"),
        _allow("SeeAndManageRoles", [*_ROLES, "iam:GetRole*", "iam:List*"], own),
        {"Sid": "DenyMachines", "Effect": "Deny", "Action": _MACHINES, "Resource": "*"},
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
            "Action": _CHANGE_KEYS,
            "Resource": [*keys, *aliases],
        },
    )


def _allow(sid: str, actions: list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _budgets(footing: Footing) -> str:
    """Budgets are of no region."""
    return f"arn:{footing.account.partition}:budgets::{footing.account.id}:budget/*"


def _records(footing: Footing, sid: str, actions: list[str]) -> list[Statement]:
    """On the one zone that the stack file names; nothing where it names none."""
    if footing.zone_id is None:
        return []
    arn = f"arn:{footing.account.partition}:route53:::"
    return [_allow(sid, actions, [f"{arn}hostedzone/{footing.zone_id}", f"{arn}change/*"])]


def _aliased(footing: Footing) -> list[str]:
    return [footing.kms("key/*"), footing.kms(f"alias/{footing.prefix}-*")]


def _named(action: str) -> bool:
    return action.partition(":")[0] in deploy_names.NAMED


def _of_networks(action: str) -> bool:
    return action.startswith("ec2:")


def _in_region(footing: Footing) -> dict[str, dict[str, str]]:
    return {"StringEquals": {"aws:RequestedRegion": footing.account.region}}


def _not_of_others(footing: Footing) -> dict[str, dict[str, str]]:
    """What is tagged as another project's or stack's is out of reach. What has no tags, or is of a
    kind whose tags IAM does not ask, is not."""
    return {"StringEqualsIfExists": _tags("aws:ResourceTag", footing)}


def _tags(key: str, footing: Footing) -> dict[str, str]:
    return {f"{key}/project": footing.project, f"{key}/stack": footing.stack}
