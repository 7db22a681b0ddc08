"""What the pipeline's roles may do, and what no policy could give them beyond the boundary."""

import pytest

from components.account import Account
from components.documents import Document, ci, document, engine_state
from components.documents.footing import Footing
from tests.iam_evaluation import allowed

pytestmark = pytest.mark.unit

REGION = "eu-central-1"
ACCOUNT = Account(id="111122223333", region=REGION, partition="aws")
FOOTING = Footing(account=ACCOUNT, project="warmline", stack="prod")
KEYS = {
    "state_key_arn": f"arn:aws:kms:{REGION}:111122223333:key/state",
    "secrets_key_arn": f"arn:aws:kms:{REGION}:111122223333:key/secrets",
}
BOUNDARY = ci.boundary(FOOTING, **KEYS)
PLAN = [ci.see(FOOTING), engine_state.read_state(FOOTING, **KEYS)]
APPLY = [
    ci.see(FOOTING),
    engine_state.write_state(FOOTING, **KEYS),
    ci.change(FOOTING),
    ci.manage_roles(FOOTING),
]
EVERYTHING = document({"Effect": "Allow", "Action": ["*"], "Resource": "*"})
OWN = FOOTING.iam("role/warmline/prod/predict")
WITHIN = {"iam:PermissionsBoundary": FOOTING.boundary_arn}
STATE = f"{FOOTING.bucket_arn}/.pulumi/stacks/warmline/prod.json"
HERE = {"aws:RequestedRegion": REGION}


def may(
    policies: list[Document], action: str, resource: str = "*", **context: dict[str, str]
) -> bool:
    given = HERE | {key: value for each in context.values() for key, value in each.items()}
    return allowed(action, resource, policies, boundary=BOUNDARY, context=given)


def test_the_apply_role_makes_what_a_stack_has() -> None:
    assert may(APPLY, "lambda:CreateFunction")
    assert may(APPLY, "apigateway:POST")
    assert may(APPLY, "kms:CreateKey", tags={"aws:RequestTag/project": "warmline"})
    assert may(APPLY, "iam:CreateRole", OWN, key=WITHIN)
    assert may(APPLY, "iam:PutRolePolicy", OWN, key=WITHIN)
    assert may(APPLY, "iam:PassRole", OWN, key={"iam:PassedToService": "lambda.amazonaws.com"})
    assert may(APPLY, "s3:PutObject", STATE)
    assert may(APPLY, "kms:Decrypt", KEYS["secrets_key_arn"])


def test_the_apply_role_changes_nothing_in_another_region() -> None:
    assert not may(APPLY, "lambda:CreateFunction", key={"aws:RequestedRegion": "us-east-1"})


def test_the_plan_role_reads_the_state_and_changes_nothing() -> None:
    assert may(PLAN, "s3:GetObject", STATE)
    assert may(PLAN, "lambda:GetFunction")
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not may(PLAN, action, STATE)
    for action in ("lambda:UpdateFunctionCode", "dynamodb:GetItem", "sqs:ReceiveMessage"):
        assert not may(PLAN, action)
    assert not may(PLAN, "s3:GetObject", "arn:aws:s3:::models/models/magika/1/model.onnx")
    assert not may(PLAN, "iam:PassRole", OWN, key={"iam:PassedToService": "lambda.amazonaws.com"})


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateUser", FOOTING.iam("user/mallory"), {}),
        ("iam:CreateAccessKey", FOOTING.iam("user/someone"), {}),
        ("iam:CreateLoginProfile", FOOTING.iam("user/someone"), {}),
        ("iam:AttachUserPolicy", FOOTING.iam("user/someone"), {}),
        ("iam:CreatePolicyVersion", FOOTING.boundary_arn, {}),
        ("iam:SetDefaultPolicyVersion", FOOTING.boundary_arn, {}),
        ("iam:DeleteRolePermissionsBoundary", OWN, WITHIN),
        ("iam:CreateRole", OWN, {}),
        ("iam:CreateRole", OWN, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/Admin"}),
        ("iam:CreateRole", FOOTING.iam("role/elsewhere"), WITHIN),
        ("iam:CreateRole", FOOTING.iam("role/warmline/dev/other-stack"), WITHIN),
        ("iam:PutRolePolicy", FOOTING.iam("role/administrators"), {}),
        ("iam:AttachRolePolicy", FOOTING.iam(f"role/{FOOTING.plan}"), WITHIN),
        ("iam:PutRolePolicy", FOOTING.iam(f"role/{FOOTING.apply}"), WITHIN),
        ("iam:UpdateAssumeRolePolicy", FOOTING.iam(f"role/{FOOTING.apply}"), {}),
        ("iam:PassRole", OWN, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", OWN, {}),
        (
            "iam:PassRole",
            FOOTING.iam("role/administrators"),
            {"iam:PassedToService": "lambda.amazonaws.com"},
        ),
        ("iam:CreateOpenIDConnectProvider", FOOTING.provider_arn, {}),
        ("iam:AddClientIDToOpenIDConnectProvider", FOOTING.provider_arn, {}),
        ("sts:AssumeRole", FOOTING.iam("role/administrators"), {}),
        ("organizations:LeaveOrganization", "*", {}),
        ("ec2:RunInstances", "*", {}),
        ("sagemaker:CreateNotebookInstance", "*", {}),
        ("s3:DeleteBucketPolicy", FOOTING.bucket_arn, {}),
        ("s3:PutBucketVersioning", FOOTING.bucket_arn, {}),
        ("s3:PutLifecycleConfiguration", FOOTING.bucket_arn, {}),
        ("s3:DeleteObjectVersion", STATE, {}),
        ("kms:ScheduleKeyDeletion", KEYS["state_key_arn"], {}),
        ("kms:PutKeyPolicy", KEYS["secrets_key_arn"], {}),
    ],
)
def test_the_boundary_refuses_even_an_administrators_policy(
    action: str, resource: str, context: dict[str, str]
) -> None:
    assert not may([EVERYTHING], action, resource, key=context)
    assert allowed(action, resource, [EVERYTHING], context=context), "refused without it too"


def test_a_role_that_the_pipeline_makes_can_do_no_more_than_the_pipeline() -> None:
    """Its boundary is the same: whatever policy it is given."""
    assert may([EVERYTHING], "s3:GetObject", "arn:aws:s3:::models/models/magika/1/model.onnx")
    assert may([EVERYTHING], "xray:PutTraceSegments")
    assert not may([EVERYTHING], "iam:CreateUser")


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"": "aws:kms", "-aws-kms-key-id": KEYS["state_key_arn"]}, True),
        ({"": "aws:kms", "-aws-kms-key-id": KEYS["secrets_key_arn"]}, False),
        ({"": "aws:kms"}, False),
        ({"": "AES256"}, False),
        ({"-customer-algorithm": "AES256"}, False),
    ],
)
def test_an_upload_of_state_that_names_no_encryption_passes_and_gets_the_buckets(
    headers: dict[str, str], passes: bool
) -> None:
    """The engine names none. A missing key holds a negated condition, which would refuse it."""
    context = {
        f"s3:x-amz-server-side-encryption{name}": value for name, value in headers.items()
    } | {"aws:SecureTransport": "true"}
    policies = [EVERYTHING, engine_state.state_bucket(FOOTING, KEYS["state_key_arn"])]
    assert allowed("s3:PutObject", STATE, policies, context=context) is passes


def test_nobody_deletes_a_version_of_the_state_or_the_bucket() -> None:
    policies = [EVERYTHING, engine_state.state_bucket(FOOTING, KEYS["state_key_arn"])]
    context = {"aws:SecureTransport": "true"}
    assert not allowed("s3:DeleteObjectVersion", STATE, policies, context=context)
    assert not allowed("s3:DeleteBucket", FOOTING.bucket_arn, policies, context=context)
    assert allowed("s3:DeleteObject", STATE, policies, context=context)
    assert not allowed("s3:GetObject", STATE, policies, context={"aws:SecureTransport": "false"})
