"""What lets people and bills tell resources apart, and which types are current."""

from policies.props import Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Verdict, judged, problem, violation

REQUIRED_TAGS = ("cost-centre", "data-class", "environment", "owner")

TAGGABLE = (
    Token.ACCESS_POINT,
    Token.ALARM,
    Token.API,
    Token.API_DOMAIN,
    Token.API_KEY,
    Token.API_STAGE,
    Token.BUCKET,
    Token.BUDGET,
    Token.CODE_SIGNING_CONFIG,
    Token.COMPOSITE_ALARM,
    Token.DEFAULT_SECURITY_GROUP,
    Token.EGRESS_RULE,
    Token.ELASTIC_IP,
    Token.EVENT_SOURCE_MAPPING,
    Token.FILE_SYSTEM,
    Token.FLOW_LOG,
    Token.FUNCTION,
    Token.IAM_POLICY,
    Token.IMAGE_REPOSITORY,
    Token.INGRESS_RULE,
    Token.INTERNET_GATEWAY,
    Token.KEY,
    Token.LOG_GROUP,
    Token.NAT_GATEWAY,
    Token.QUEUE,
    Token.REST_API,
    Token.REST_DOMAIN,
    Token.REST_STAGE,
    Token.ROLE,
    Token.ROUTE_TABLE,
    Token.SECURITY_GROUP,
    Token.SIGNING_PROFILE,
    Token.SUBNET,
    Token.TABLE,
    Token.TOPIC,
    Token.USAGE_PLAN,
    Token.USER_POOL,
    Token.VPC,
    Token.VPC_ENDPOINT,
    Token.WEB_ACL,
)

SUPERSEDED = (
    Token.BUCKET_ACL_V2,
    Token.BUCKET_ENCRYPTION_V2,
    Token.BUCKET_LIFECYCLE_V2,
    Token.BUCKET_LOGGING_V2,
    Token.BUCKET_V2,
    Token.BUCKET_VERSIONING_V2,
)

SEPARATE = (
    "accelerationStatus",
    "acl",
    "corsRules",
    "grants",
    "lifecycleRules",
    "logging",
    "objectLockConfiguration",
    "policy",
    "replicationConfiguration",
    "requestPayer",
    "serverSideEncryptionConfiguration",
    "versioning",
    "website",
)


@rule(
    "aws-tags-complete",
    on=TAGGABLE,
    severity=Severity.MEDIUM,
    why="A resource that nobody owns cannot be judged, billed or removed.",
    fix="Pass the component's tags on.",
)
def tags_complete(resource: Resource) -> Verdict:
    tags = resource.child("tags")
    return judged(
        problem(tags.path(key), "is absent") for key in REQUIRED_TAGS if not tags.text(key)
    )


@rule(
    "s3-bucket-current-types",
    on=SUPERSEDED,
    severity=Severity.MEDIUM,
    why="The V2 types are aliases for old states: moving off them later can replace a bucket.",
    fix="Use the type of the same name without V2.",
)
def current_types(_resource: Resource) -> Verdict:
    return violation("type", "is superseded")


@rule(
    "s3-bucket-separate-settings",
    on=Token.BUCKET,
    severity=Severity.MEDIUM,
    why="A setting inside the bucket fights with the resource of its own that sets the same.",
    fix="Use the resource of the same name, as BucketVersioning for versioning.",
)
def separate_settings(bucket: Resource) -> Verdict:
    return judged(
        problem(bucket.path(key), "is set inside the bucket")
        for key in SEPARATE
        if key in bucket.names
    )
