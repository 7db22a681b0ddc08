"""For each rule a compliant resource, and for each way to fail one changed field with its message.

Values that could be secret carry MARKER, which must never be printed.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.tokens import Token

MARKER = "MARKER-123"
ABSENT = object()

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/0000"
ACCOUNT_ROOT = "arn:aws:iam::111122223333:root"
TAGS = {"owner": MARKER, "environment": "prod", "cost-centre": MARKER, "data-class": "models"}

Path = tuple[str | int, ...]
Props = dict[str, Any]


@dataclass(frozen=True)
class Broken:
    path: Path
    """The one changed field; inside `policy` and its like, a path into the document."""
    value: Any
    says: str


@dataclass(frozen=True)
class Example:
    rule: str
    on: Token
    props: Props
    broken: tuple[Broken, ...]
    fine: tuple[tuple[Path, Any], ...] = ()
    """Changes that leave the resource compliant: the other side of a boundary."""
    exempt: tuple[tuple[Path, Any], ...] = ()
    """Changes after which the rule does not apply."""
    name: str = "subject"
    documents: frozenset[str] = frozenset()
    """Properties that the provider takes as JSON text."""

    def with_change(self, path: Path, value: Any) -> Props:
        return self.as_sent(changed(self.props, path, value))

    def as_sent(self, props: Mapping[str, Any]) -> Props:
        """As the provider takes them: documents as text, where the change left a document."""
        return {
            key: json.dumps(value) if key in self.documents and isinstance(value, dict) else value
            for key, value in props.items()
        }

    def holds(self, path: Path) -> bool:
        """Whether the compliant resource has a value there."""
        found: Any = self.props
        for key in path:
            if isinstance(found, dict) and key not in found:
                return False
            found = found[key]
        return True


def changed(props: Props, path: Path, value: Any) -> Props:
    result = copy.deepcopy(props)
    target: Any = result
    for key in path[:-1]:
        target = target[key]
    if value is ABSENT:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return result


def document(*statements: Props) -> Props:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def tls_denial(action: str, resources: list[str]) -> Props:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def key_missing(path: Path, said: str) -> tuple[Broken, ...]:
    return (
        Broken(path, ABSENT, f"{said} is absent"),
        Broken(path, "", f"{said} is absent"),
        Broken(path, "alias/aws/s3", f"{said} is a key that AWS manages"),
        Broken(path, 7, f"{said} is not text"),
    )


POLICY = frozenset({"policy"})
AT = ("policy", "Statement", 0)
IN = "policy.Statement[0]"

_BUCKET_DENIAL = document(
    tls_denial("s3:*", ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]),
)
_TLS_BROKEN = (
    Broken((*AT, "Effect"), "Allow", "does not deny requests without TLS"),
    Broken((*AT, "Principal"), {"AWS": ACCOUNT_ROOT}, "does not deny requests without TLS"),
    Broken((*AT, "Condition", "Bool", "aws:SecureTransport"), "true", "does not deny requests"),
    Broken((*AT, "Condition", "IpAddress"), {"aws:SourceIp": "::/0"}, "does not deny requests"),
    Broken((*AT, "Action"), "s3:DeleteBucket", "does not deny requests without TLS"),
    Broken(("policy", "Statement"), [], "policy.Statement does not deny requests without TLS"),
    Broken(("policy",), ABSENT, "policy.Statement does not deny requests without TLS"),
    Broken(("policy",), f"{{{MARKER}", "policy is not a JSON object"),
)
_ROLE_STATEMENT = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": "arn:aws:s3:::models/magika/*",
}


def permissions(rule: str, *broken: Broken, fine: tuple[tuple[Path, Any], ...] = ()) -> Example:
    return Example(
        rule=rule,
        on=Token.ROLE_POLICY,
        documents=POLICY,
        props={"role": "predict", "policy": document(_ROLE_STATEMENT)},
        broken=broken,
        fine=(((*AT, "Effect"), "Deny"), *fine),
    )


def throttling(**changes: Any) -> Props:
    return {"throttlingRateLimit": 50.0, "throttlingBurstLimit": 100.0} | changes


EXAMPLES: tuple[Example, ...] = (
    Example(
        rule="s3-bucket-customer-key",
        on=Token.BUCKET_ENCRYPTION,
        props={
            "bucket": "models",
            "rules": [
                {
                    "bucketKeyEnabled": True,
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": KEY_ARN,
                    },
                }
            ],
        },
        broken=(
            Broken(("rules",), ABSENT, "rules is absent"),
            Broken(("rules",), [], "rules is absent"),
            Broken(
                ("rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm"),
                "AES256",
                "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm is not a KMS algorithm",
            ),
            *key_missing(
                ("rules", 0, "applyServerSideEncryptionByDefault", "kmsMasterKeyId"),
                "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
            ),
        ),
    ),
    Example(
        rule="dynamodb-table-customer-key",
        on=Token.TABLE,
        props={"serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY_ARN}},
        broken=(
            Broken(("serverSideEncryption",), ABSENT, "serverSideEncryption.enabled is not true"),
            Broken(
                ("serverSideEncryption", "enabled"),
                False,
                "serverSideEncryption.enabled is not true",
            ),
            *key_missing(("serverSideEncryption", "kmsKeyArn"), "serverSideEncryption.kmsKeyArn"),
        ),
    ),
    Example(
        rule="sqs-queue-customer-key",
        on=Token.QUEUE,
        props={"kmsMasterKeyId": KEY_ARN},
        broken=key_missing(("kmsMasterKeyId",), "kmsMasterKeyId"),
    ),
    Example(
        rule="sns-topic-customer-key",
        on=Token.TOPIC,
        props={"kmsMasterKeyId": KEY_ARN},
        broken=key_missing(("kmsMasterKeyId",), "kmsMasterKeyId"),
    ),
    Example(
        rule="logs-group-customer-key",
        on=Token.LOG_GROUP,
        props={"kmsKeyId": KEY_ARN},
        broken=key_missing(("kmsKeyId",), "kmsKeyId"),
    ),
    Example(
        rule="lambda-environment-customer-key",
        on=Token.FUNCTION,
        props={"environment": {"variables": {"API_KEY": MARKER}}, "kmsKeyArn": KEY_ARN},
        broken=key_missing(("kmsKeyArn",), "kmsKeyArn"),
        exempt=((("environment",), ABSENT), (("environment", "variables"), {})),
    ),
    Example(
        rule="kms-key-rotates",
        on=Token.KEY,
        props={"enableKeyRotation": True},
        broken=(
            Broken(("enableKeyRotation",), False, "enableKeyRotation is not true"),
            Broken(("enableKeyRotation",), ABSENT, "enableKeyRotation is not true"),
            Broken(("enableKeyRotation",), "yes", "enableKeyRotation is not true or false"),
        ),
        fine=((("customerMasterKeySpec",), "SYMMETRIC_DEFAULT"),),
        exempt=((("customerMasterKeySpec",), "ECC_NIST_P256"),),
    ),
    Example(
        rule="kms-key-root-administers",
        on=Token.KEY,
        documents=POLICY,
        props={
            "policy": document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": ACCOUNT_ROOT},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            )
        },
        broken=(
            Broken(("bypassPolicyLockoutSafetyCheck",), True, "bypassPolicyLockoutSafetyCheck is"),
            Broken(("policy",), ABSENT, "policy is absent"),
            Broken(("policy",), MARKER, "policy is not a JSON object"),
            Broken((*AT, "Effect"), "Deny", "gives the account root no administration"),
            Broken((*AT, "Action"), "kms:Decrypt", "gives the account root no administration"),
            Broken((*AT, "Resource"), KEY_ARN, "gives the account root no administration"),
            Broken(
                (*AT, "Principal", "AWS"),
                f"arn:aws:iam::111122223333:role/{MARKER}",
                "policy.Statement gives the account root no administration",
            ),
            Broken(
                (*AT, "Condition"),
                {"StringEquals": {"aws:SourceAccount": "111122223333"}},
                "gives the account root no administration",
            ),
        ),
        fine=(
            ((*AT, "Principal", "AWS"), [ACCOUNT_ROOT]),
            ((*AT, "Action"), ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]),
        ),
    ),
    Example(
        rule="iam-policy-exact-actions",
        on=Token.ROLE,
        props={
            "inlinePolicies": [{"name": "use", "policy": json.dumps(document(_ROLE_STATEMENT))}]
        },
        broken=(
            Broken(
                ("inlinePolicies", 0, "policy"),
                json.dumps(document(_ROLE_STATEMENT | {"Action": "*"})),
                "inlinePolicies[0].policy.Statement[0].Action has a wildcard",
            ),
        ),
        exempt=((("inlinePolicies",), ABSENT),),
    ),
    permissions(
        "iam-policy-exact-actions",
        Broken((*AT, "Action"), "*", f"{IN}.Action has a wildcard"),
        Broken((*AT, "Action"), ["s3:GetObject", "kms:*"], f"{IN}.Action has a wildcard"),
        Broken((*AT, "Action"), ["s3:Get?bject"], f"{IN}.Action has a wildcard"),
        Broken(("policy",), MARKER, "policy is not a JSON object"),
    ),
    permissions(
        "iam-policy-exact-resources",
        *(
            Broken((*AT, "Resource"), each, f"{IN}.Resource takes in resources that are not named")
            for each in (
                "*",
                ["arn:aws:s3:::models", "*"],
                "arn:aws:s3:::*",
                "arn:aws:dynamodb:eu-west-1:111122223333:table/*",
                "arn:aws:lambda:eu-west-1:111122223333:function:*",
                "arn:aws:*:eu-west-1:111122223333:queue",
                "arn:aws:sqs:eu-west-1:*:queue",
            )
        ),
        fine=(
            ((*AT, "Resource"), "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/a:*"),
            ((*AT, "Resource"), ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]),
        ),
    ),
    Example(
        rule="iam-policy-exact-resources",
        on=Token.IAM_POLICY,
        documents=POLICY,
        props={
            "policy": document(
                {
                    "Effect": "Allow",
                    "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                    "Resource": "*",
                }
            )
        },
        broken=(
            Broken(
                (*AT, "Action"),
                ["xray:PutTraceSegments", "s3:GetObject"],
                f"{IN}.Resource takes in resources that are not named",
            ),
        ),
    ),
    permissions(
        "iam-policy-no-negation",
        Broken((*AT, "NotAction"), "iam:*", f"{IN}.NotAction stands in a statement that allows"),
        Broken((*AT, "NotResource"), KEY_ARN, f"{IN}.NotResource stands in a statement"),
    ),
    Example(
        rule="iam-role-own-policies",
        on=Token.ROLE,
        props={"name": "predict"},
        broken=(
            Broken(
                ("managedPolicyArns",),
                ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
                "managedPolicyArns is a policy that AWS manages",
            ),
        ),
        fine=((("managedPolicyArns",), ["arn:aws:iam::111122223333:policy/own"]),),
    ),
    Example(
        rule="iam-role-own-policies",
        on=Token.ROLE_ATTACHMENT,
        props={"policyArn": "arn:aws:iam::111122223333:policy/own"},
        broken=(
            Broken(
                ("policyArn",),
                "arn:aws:iam::aws:policy/AdministratorAccess",
                "policyArn is a policy that AWS manages",
            ),
        ),
    ),
    Example(
        rule="iam-trust-named-service",
        on=Token.ROLE,
        documents=frozenset({"assumeRolePolicy"}),
        props={
            "assumeRolePolicy": document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            )
        },
        broken=(
            Broken(("assumeRolePolicy",), ABSENT, "lets nobody take on the role"),
            Broken(("assumeRolePolicy", "Statement", 0, "Effect"), "Deny", "lets nobody take on"),
            Broken(
                ("assumeRolePolicy", "Statement", 0, "Principal"),
                "*",
                "assumeRolePolicy.Statement[0].Principal has a wildcard",
            ),
            Broken(
                ("assumeRolePolicy", "Statement", 0, "Principal", "AWS"), ["*"], "has a wildcard"
            ),
            Broken(
                ("assumeRolePolicy", "Statement", 0, "Principal"),
                {"AWS": ACCOUNT_ROOT},
                "names no service",
            ),
            Broken(
                ("assumeRolePolicy", "Statement", 0, "NotPrincipal"),
                {"AWS": ACCOUNT_ROOT},
                "assumeRolePolicy.Statement[0].NotPrincipal stands in a statement that allows",
            ),
        ),
    ),
    Example(
        rule="s3-bucket-not-public",
        on=Token.BUCKET_PUBLIC_ACCESS_BLOCK,
        props={
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        broken=(
            Broken(("blockPublicAcls",), False, "blockPublicAcls is not true"),
            Broken(("blockPublicPolicy",), False, "blockPublicPolicy is not true"),
            Broken(("ignorePublicAcls",), ABSENT, "ignorePublicAcls is not true"),
            Broken(("restrictPublicBuckets",), False, "restrictPublicBuckets is not true"),
        ),
    ),
    Example(
        rule="data-policy-tls-only",
        on=Token.BUCKET_POLICY,
        documents=POLICY,
        props={"policy": _BUCKET_DENIAL},
        broken=(
            *_TLS_BROKEN,
            Broken((*AT, "Resource"), ["arn:aws:s3:::models"], "does not deny requests"),
        ),
        fine=(
            ((*AT, "Principal"), {"AWS": "*"}),
            ((*AT, "Action"), ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]),
            ((*AT, "Condition", "Bool", "aws:SecureTransport"), ["false"]),
            ((*AT, "Condition", "Bool", "aws:SecureTransport"), False),
        ),
    ),
    Example(
        rule="data-policy-tls-only",
        on=Token.QUEUE_POLICY,
        documents=POLICY,
        props={"policy": document(tls_denial("sqs:*", ["arn:aws:sqs:eu-west-1:1:q"]))},
        broken=_TLS_BROKEN,
    ),
    Example(
        rule="data-policy-tls-only",
        on=Token.TOPIC_POLICY,
        documents=POLICY,
        props={"policy": document(tls_denial("sns:Publish", ["arn:aws:sns:eu-west-1:1:t"]))},
        broken=_TLS_BROKEN,
    ),
    Example(
        rule="data-policy-named-principals",
        on=Token.KEY,
        documents=POLICY,
        props={
            "policy": document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": ACCOUNT_ROOT},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": "kms:Decrypt",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
                },
            )
        },
        broken=(
            Broken(
                (*AT, "Principal"),
                "*",
                f"{IN}.Principal is a wildcard, and no condition says who is meant",
            ),
            Broken((*AT, "Principal", "AWS"), [ACCOUNT_ROOT, "*"], f"{IN}.Principal is a wildcard"),
            Broken((*AT, "NotPrincipal"), {"AWS": KEY_ARN}, f"{IN}.Principal is a wildcard"),
            Broken(
                ("policy", "Statement", 1, "Condition"),
                ABSENT,
                "policy.Statement[1].Principal is a wildcard, and no condition says who is meant",
            ),
            *(
                Broken(
                    ("policy", "Statement", 1, "Condition"),
                    condition,
                    "policy.Statement[1].Principal is a wildcard, and no condition says who",
                )
                for condition in (
                    {"Bool": {"aws:SecureTransport": "true"}},
                    {"StringLike": {"aws:PrincipalArn": "*"}},
                    {"StringNotEquals": {"aws:SourceAccount": "111122223333"}},
                    {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
                )
            ),
            Broken(
                ("policy", "Statement", 1, "Condition"),
                {},
                "policy.Statement[1].Principal is a wildcard, and no condition says who is meant",
            ),
        ),
        fine=((("policy", "Statement", 1, "Effect"), "Deny"),),
    ),
    Example(
        rule="lambda-permission-narrow",
        on=Token.FUNCTION_PERMISSION,
        props={
            "principal": "apigateway.amazonaws.com",
            "qualifier": "live",
            "sourceArn": "arn:aws:execute-api:eu-west-1:111122223333:api/*/GET/v2",
        },
        broken=(
            Broken(("principal",), "*", "principal is a wildcard"),
            Broken(("qualifier",), ABSENT, "qualifier is absent"),
            Broken(("sourceArn",), ABSENT, "sourceArn is absent"),
            Broken(("sourceArn",), "arn:aws:execute-api:*:*:*", "callers that are not named"),
        ),
    ),
    Example(
        rule="api-route-authorised",
        on=Token.API_ROUTE,
        props={
            "routeKey": "POST /v2/models/{model}/infer",
            "authorizationType": "JWT",
            "authorizationScopes": ["models/infer"],
        },
        broken=(
            Broken(("authorizationScopes",), [], "authorizationScopes is empty"),
            Broken(("authorizationScopes",), ABSENT, "authorizationScopes is empty"),
            Broken(("authorizationType",), "NONE", "authorizationType is neither JWT nor AWS_IAM"),
            Broken(("authorizationType",), ABSENT, "authorizationType is neither JWT nor AWS_IAM"),
            Broken(("authorizationType",), "CUSTOM", "authorizationType is neither"),
        ),
        fine=((("authorizationType",), "AWS_IAM"),),
        exempt=((("routeKey",), "GET /v2/health/live"),),
    ),
    Example(
        rule="api-stage-throttled",
        on=Token.API_STAGE,
        props={
            "defaultRouteSettings": throttling(detailedMetricsEnabled=True),
            "routeSettings": [throttling(routeKey="GET /v2")],
        },
        broken=(
            Broken(
                ("defaultRouteSettings",),
                {"detailedMetricsEnabled": True},
                "defaultRouteSettings.throttlingRateLimit is not above zero (0)",
            ),
            Broken(
                ("defaultRouteSettings", "throttlingBurstLimit"),
                0,
                "defaultRouteSettings.throttlingBurstLimit is not above zero (0)",
            ),
            Broken(("defaultRouteSettings",), ABSENT, "defaultRouteSettings.throttlingRateLimit"),
            Broken(
                ("routeSettings", 0, "throttlingRateLimit"),
                ABSENT,
                "routeSettings[0].throttlingRateLimit is not above zero (0)",
            ),
            Broken(
                ("defaultRouteSettings", "throttlingRateLimit"),
                MARKER,
                "defaultRouteSettings.throttlingRateLimit is not a number",
            ),
        ),
        fine=(
            (("routeSettings",), ABSENT),
            (("defaultRouteSettings", "throttlingBurstLimit"), 1),
        ),
    ),
    Example(
        rule="api-stage-access-log",
        on=Token.API_STAGE,
        props={
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:eu-west-1:111122223333:log-group:api",
                "format": '{"id":"$context.requestId"}',
            }
        },
        broken=(
            Broken(("accessLogSettings",), ABSENT, "accessLogSettings.destinationArn is absent"),
            Broken(("accessLogSettings", "destinationArn"), ABSENT, "destinationArn is absent"),
            Broken(("accessLogSettings", "format"), "", "accessLogSettings.format is absent"),
            Broken(("accessLogSettings",), [], "accessLogSettings is not a map"),
        ),
    ),
    Example(
        rule="lambda-alias-concrete-version",
        on=Token.FUNCTION_ALIAS,
        props={"name": "live", "functionVersion": "7"},
        broken=(
            Broken(("functionVersion",), "$LATEST", "functionVersion is not a published version"),
            Broken(("functionVersion",), ABSENT, "functionVersion is not a published version"),
            Broken(
                ("routingConfig",),
                {"additionalVersionWeights": {"6": 0.1}},
                "routingConfig is given",
            ),
        ),
    ),
    Example(
        rule="lambda-function-published",
        on=Token.FUNCTION,
        props={"publish": True},
        broken=(
            Broken(("publish",), False, "publish is not true"),
            Broken(("publish",), ABSENT, "publish is not true"),
        ),
    ),
    Example(
        rule="lambda-function-traced",
        on=Token.FUNCTION,
        props={"tracingConfig": {"mode": "Active"}},
        broken=(
            Broken(("tracingConfig", "mode"), "PassThrough", "tracingConfig.mode is not Active"),
            Broken(("tracingConfig",), ABSENT, "tracingConfig.mode is not Active"),
        ),
    ),
    Example(
        rule="lambda-runtime-supported",
        on=Token.FUNCTION,
        props={"runtime": "python3.13"},
        broken=(
            Broken(("runtime",), "python3.8", "runtime is not supported"),
            Broken(("runtime",), ABSENT, "runtime is not supported"),
        ),
        exempt=((("packageType",), "Image"),),
    ),
    Example(
        rule="lambda-mapping-reports-failures",
        on=Token.EVENT_SOURCE_MAPPING,
        props={
            "eventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:shadow",
            "functionResponseTypes": ["ReportBatchItemFailures"],
        },
        broken=(
            Broken(("functionResponseTypes",), ABSENT, "lacks ReportBatchItemFailures"),
            Broken(("functionResponseTypes",), [], "lacks ReportBatchItemFailures"),
        ),
        fine=((("eventSourceArn",), "arn:aws:kinesis:eu-west-1:111122223333:stream/s"),),
    ),
    Example(
        rule="lambda-mapping-reports-failures",
        on=Token.EVENT_SOURCE_MAPPING,
        props={
            "eventSourceArn": "arn:aws:kinesis:eu-west-1:111122223333:stream/scores",
            "functionResponseTypes": ["ReportBatchItemFailures"],
        },
        broken=(Broken(("functionResponseTypes",), [], "lacks ReportBatchItemFailures"),),
    ),
    Example(
        rule="s3-bucket-versioned",
        on=Token.BUCKET_VERSIONING,
        props={"versioningConfiguration": {"status": "Enabled"}},
        broken=(
            Broken(("versioningConfiguration", "status"), "Suspended", "status is not Enabled"),
            Broken(("versioningConfiguration",), ABSENT, "versioningConfiguration.status is not"),
        ),
    ),
    Example(
        rule="sqs-queue-dead-letters",
        on=Token.QUEUE,
        documents=frozenset({"redrivePolicy"}),
        props={
            "redrivePolicy": {
                "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:shadow-dlq",
                "maxReceiveCount": 5,
            }
        },
        broken=(
            Broken(("redrivePolicy",), ABSENT, "redrivePolicy.deadLetterTargetArn is absent"),
            Broken(("redrivePolicy", "deadLetterTargetArn"), "", "deadLetterTargetArn is absent"),
            Broken(("redrivePolicy",), MARKER, "redrivePolicy is not a JSON object"),
        ),
    ),
    Example(
        rule="dynamodb-table-recoverable",
        on=Token.TABLE,
        props={"tags": TAGS, "pointInTimeRecovery": {"enabled": True}},
        broken=(
            Broken(("pointInTimeRecovery",), ABSENT, "pointInTimeRecovery.enabled is not true"),
            Broken(("pointInTimeRecovery", "enabled"), False, "enabled is not true"),
        ),
        exempt=((("tags", "environment"), "dev"), (("tags",), ABSENT)),
    ),
    Example(
        rule="dynamodb-table-undeletable",
        on=Token.TABLE,
        props={"tags": TAGS, "deletionProtectionEnabled": True},
        broken=(
            Broken(("deletionProtectionEnabled",), ABSENT, "deletionProtectionEnabled is not true"),
            Broken(("deletionProtectionEnabled",), False, "deletionProtectionEnabled is not true"),
        ),
        exempt=((("tags", "environment"), "dev"),),
    ),
    Example(
        rule="logs-group-expires",
        on=Token.LOG_GROUP,
        props={"retentionInDays": 1},
        broken=(
            Broken(("retentionInDays",), 0, "retentionInDays is not above zero (0)"),
            Broken(("retentionInDays",), ABSENT, "retentionInDays is not above zero (0)"),
        ),
    ),
    Example(
        rule="aws-tags-complete",
        on=Token.BUCKET,
        props={"tags": TAGS},
        broken=(
            *(Broken(("tags", key), ABSENT, f"tags.{key} is absent") for key in TAGS),
            Broken(("tags", "owner"), "", "tags.owner is absent"),
            Broken(("tags",), ABSENT, "tags.owner is absent"),
        ),
    ),
    Example(
        rule="s3-bucket-separate-settings",
        on=Token.BUCKET,
        props={"forceDestroy": False, "tags": TAGS},
        broken=(
            Broken(("acl",), MARKER, "acl is set inside the bucket"),
            Broken(("versioning",), {"enabled": True}, "versioning is set inside the bucket"),
        ),
    ),
)
