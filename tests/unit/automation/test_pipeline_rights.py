"""What the pipeline's roles may do, and what no policy could give them beyond the boundary."""

import pytest

from components.account import Account
from components.documents import Document, ci, document, engine_state
from components.documents.footing import Footing
from tests.iam_evaluation import allowed

pytestmark = pytest.mark.unit

REGION = "eu-central-1"
ACCOUNT = Account(id="111122223333", region=REGION, partition="aws")
FOOTING = Footing(account=ACCOUNT, project="warmline", stack="prod", zone_id="ZOWN")
OTHER = Footing(account=ACCOUNT, project="warmline", stack="dev")
KEYS = {
    "state_key_arn": f"arn:aws:kms:{REGION}:111122223333:key/state",
    "secrets_key_arn": f"arn:aws:kms:{REGION}:111122223333:key/secrets",
}
BOUNDARY = ci.boundary(FOOTING, **KEYS)
PLAN = [engine_state.read_state(FOOTING, **KEYS), ci.preview(FOOTING)]
APPLY = [
    ci.see(FOOTING),
    engine_state.write_state(FOOTING, **KEYS),
    ci.change(FOOTING),
    ci.change_named(FOOTING),
    ci.manage_roles(FOOTING),
]
EVERYTHING = document({"Effect": "Allow", "Action": ["*"], "Resource": "*"})
OWN = FOOTING.iam("role/warmline/prod/predict")
WITHIN = {"iam:PermissionsBoundary": FOOTING.boundary_arn}
STATE = f"{FOOTING.bucket_arn}/.pulumi/stacks/warmline/prod.json"
HERE = {"aws:RequestedRegion": REGION}
FUNCTION = FOOTING.here("lambda", "function:serving-predict-1a2b3c4")
OWN_TAGS = {"aws:ResourceTag/project": "warmline", "aws:ResourceTag/stack": "prod"}
OTHER_TAGS = {"aws:ResourceTag/project": "warmline", "aws:ResourceTag/stack": "dev"}
AUTOMATION = FOOTING.here("lambda", "function:account-admin-automation")
OTHER_KEY = FOOTING.kms("key/of-another-team")


def may(
    policies: list[Document], action: str, resource: str = "*", **context: dict[str, str]
) -> bool:
    given = HERE | {key: value for each in context.values() for key, value in each.items()}
    return allowed(action, resource, policies, boundary=BOUNDARY, context=given)


def test_the_apply_role_makes_what_a_stack_has() -> None:
    assert may(APPLY, "lambda:CreateFunction", FUNCTION)
    assert may(APPLY, "lambda:UpdateFunctionCode", FUNCTION, tags=OWN_TAGS)
    assert may(APPLY, "s3:CreateBucket", "arn:aws:s3:::store-models-1a2b3c4")
    assert may(APPLY, "apigateway:POST")
    requested = {"aws:RequestTag/project": "warmline", "aws:RequestTag/stack": "prod"}
    assert may(APPLY, "kms:CreateKey", tags=requested)
    assert may(APPLY, "kms:TagResource", FOOTING.kms("key/new"))
    assert may(APPLY, "kms:EnableKeyRotation", FOOTING.kms("key/new"))
    assert may(APPLY, "kms:PutKeyPolicy", FOOTING.kms("key/own"), tags=OWN_TAGS)
    assert may(APPLY, "kms:CreateAlias", FOOTING.kms("alias/warmline-prod-models"))
    assert may(APPLY, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/ZOWN")
    mapped = {"lambda:FunctionArn": FUNCTION}
    assert may(APPLY, "lambda:CreateEventSourceMapping", tags=mapped)
    assert may(APPLY, "iam:CreateRole", OWN, key=WITHIN)
    assert may(APPLY, "iam:PutRolePolicy", OWN, key=WITHIN)
    assert may(APPLY, "iam:PassRole", OWN, key={"iam:PassedToService": "lambda.amazonaws.com"})
    assert may(APPLY, "s3:PutObject", STATE)
    assert may(APPLY, "kms:Decrypt", KEYS["secrets_key_arn"])


def test_the_apply_role_changes_nothing_in_another_region() -> None:
    elsewhere = {"aws:RequestedRegion": "us-east-1"}
    assert not may(APPLY, "lambda:CreateFunction", FUNCTION, key=elsewhere)
    for action in ("ec2:CreateVpc", "apigateway:POST", "xray:PutTraceSegments"):
        assert not may([EVERYTHING], action, key=elsewhere)


def test_the_plan_role_reads_the_state_and_changes_nothing() -> None:
    assert may(PLAN, "s3:GetObject", STATE)
    assert may(PLAN, "ec2:DescribeAvailabilityZones")
    assert may(PLAN, "kms:GetPublicKey", FOOTING.kms("key/signing"))
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not may(PLAN, action, STATE)
    for action in ("lambda:UpdateFunctionCode", "dynamodb:GetItem", "sqs:ReceiveMessage"):
        assert not may(PLAN, action)
    assert not may(PLAN, "s3:GetObject", "arn:aws:s3:::models/models/magika/1/model.onnx")
    assert not may(PLAN, "iam:PassRole", OWN, key={"iam:PassedToService": "lambda.amazonaws.com"})


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cognito-idp:DescribeUserPoolClient", FOOTING.here("cognito-idp", "userpool/own")),
        ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/apikeys/abc"),
        ("lambda:GetFunction", FUNCTION),
        ("lambda:GetFunctionConfiguration", FUNCTION),
        ("lambda:GetFunction", AUTOMATION),
        ("s3:ListBucket", "arn:aws:s3:::store-models-1a2b3c4"),
        ("ecr:GetDownloadUrlForLayer", FOOTING.here("ecr", "repository/others")),
        ("logs:DescribeLogGroups", "*"),
    ],
)
def test_the_plan_role_reads_no_secret_and_no_code(action: str, resource: str) -> None:
    """The author of a pull request runs with it. A preview reads no resource."""
    assert not may(PLAN, action, resource, tags=OWN_TAGS)


@pytest.mark.parametrize("role", ["apply", "made"])
@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("lambda:UpdateFunctionCode", AUTOMATION, {}),
        ("lambda:UpdateFunctionConfiguration", AUTOMATION, {}),
        ("lambda:AddPermission", AUTOMATION, {}),
        ("lambda:TagResource", AUTOMATION, {}),
        ("lambda:InvokeFunction", AUTOMATION, {}),
        ("lambda:GetFunction", AUTOMATION, {}),
        ("lambda:DeleteFunctionCodeSigningConfig", AUTOMATION, {}),
        ("lambda:UpdateFunctionCode", FUNCTION, OTHER_TAGS),
        ("lambda:TagResource", FUNCTION, OTHER_TAGS),
        ("s3:GetObject", "arn:aws:s3:::company-cloudtrail/AWSLogs/x", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::company-data", {}),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::company-data/x", {}),
        ("s3:GetObject", f"{OTHER.bucket_arn}/.pulumi/stacks/warmline/dev.json", {}),
        ("s3:PutObject", f"{OTHER.bucket_arn}/.pulumi/stacks/warmline/dev.json", {}),
        ("s3:PutBucketPolicy", OTHER.bucket_arn, {}),
        ("s3:PutReplicationConfiguration", FOOTING.bucket_arn, {}),
        ("s3:PutBucketAcl", FOOTING.bucket_arn, {}),
        ("s3:PutBucketTagging", FOOTING.bucket_arn, {}),
        ("s3:PutBucketLogging", FOOTING.bucket_arn, {}),
        ("kms:PutKeyPolicy", OTHER_KEY, {}),
        ("kms:PutKeyPolicy", OTHER_KEY, OTHER_TAGS),
        ("kms:TagResource", OTHER_KEY, OTHER_TAGS),
        ("kms:ScheduleKeyDeletion", OTHER_KEY, {}),
        ("kms:Decrypt", OTHER_KEY, {}),
        ("kms:CreateGrant", OTHER_KEY, {}),
        ("kms:Sign", FOOTING.kms("key/signing"), OWN_TAGS),
        ("kms:DeleteAlias", FOOTING.kms(FOOTING.secrets_alias), {}),
        ("kms:DeleteAlias", FOOTING.kms("alias/of-another-team"), {}),
        ("kms:UpdateAlias", FOOTING.kms(FOOTING.state_alias), {}),
        ("kms:UpdateAlias", KEYS["state_key_arn"], OWN_TAGS),
        ("kms:DisableKeyRotation", KEYS["state_key_arn"], OWN_TAGS),
        ("kms:TagResource", KEYS["state_key_arn"], OWN_TAGS),
        ("kms:UntagResource", KEYS["secrets_key_arn"], OWN_TAGS),
        ("kms:ReplicateKey", KEYS["secrets_key_arn"], OWN_TAGS),
        ("kms:CreateGrant", FOOTING.kms("key/own"), OWN_TAGS),
        ("dynamodb:PutItem", FOOTING.here("dynamodb", "table/payroll"), {}),
        ("dynamodb:PutItem", FOOTING.here("dynamodb", "table/registry-1a2b3c4"), OTHER_TAGS),
        ("sqs:ReceiveMessage", FOOTING.here("sqs", "payroll"), {}),
        ("logs:DeleteLogGroup", FOOTING.here("logs", "log-group:/aws/lambda/payroll"), {}),
        ("ecr:SetRepositoryPolicy", FOOTING.here("ecr", "repository/others"), {}),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/ZCOMPANY", {}),
        ("ec2:ModifyInstanceAttribute", "*", {}),
        ("ec2:StartInstances", "*", {}),
        ("ec2:RequestSpotInstances", "*", {}),
        ("ec2:CreateFleet", "*", {}),
        ("cognito-idp:CreateUserPoolClient", FOOTING.here("cognito-idp", "userpool/x"), OTHER_TAGS),
        ("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/restapis/x", OTHER_TAGS),
        ("wafv2:DeleteWebACL", FOOTING.here("wafv2", "regional/webacl/x/y"), OTHER_TAGS),
        ("sns:Publish", FOOTING.here("sns", "observability-pages-1a2b3c4"), OTHER_TAGS),
        ("lambda:UpdateFunctionCode", FUNCTION, {"aws:RequestedRegion": "us-east-1"}),
    ],
)
def test_what_is_not_the_stacks_is_out_of_reach(
    role: str, action: str, resource: str, context: dict[str, str]
) -> None:
    """Of the apply role, and of a role that it makes with whatever policy under the boundary."""
    policies = APPLY if role == "apply" else [EVERYTHING]
    assert not may(policies, action, resource, key=context)
    assert allowed(action, resource, [EVERYTHING], context=HERE | context), "refused in any case"


def test_a_mapping_calls_no_function_of_others() -> None:
    for action in ("lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"):
        assert not may(APPLY, action, key={"lambda:FunctionArn": AUTOMATION})


def test_without_a_zone_no_record_is_changed() -> None:
    zoneless = Footing(account=ACCOUNT, project="warmline", stack="prod")
    action, zone = "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/ZOWN"
    boundary = ci.boundary(zoneless, **KEYS)
    assert not allowed(action, zone, [ci.change(zoneless)], context=HERE)
    assert not allowed(action, zone, [EVERYTHING], boundary=boundary, context=HERE)


def test_nobody_revokes_a_signature() -> None:
    """It cannot be undone, and no resource needs it."""
    assert not may(APPLY, "signer:RevokeSignature")


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
    model = "arn:aws:s3:::store-models-1a2b3c4/models/magika/1/model.onnx"
    assert may([EVERYTHING], "s3:GetObject", model)
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert may([EVERYTHING], "kms:Decrypt", FOOTING.kms("key/own"), key=through)
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
