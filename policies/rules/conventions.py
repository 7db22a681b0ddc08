"""What lets people and bills tell resources apart, and which types are current."""

from policies.props import Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Verdict, judged, problem, violation

REQUIRED_TAGS = ("cost-centre", "data-class", "environment", "owner")

TAGGABLE = (
    Token.ALARM,
    Token.API,
    Token.API_STAGE,
    Token.BUCKET,
    Token.CODE_SIGNING_CONFIG,
    Token.EVENT_SOURCE_MAPPING,
    Token.FUNCTION,
    Token.IAM_POLICY,
    Token.KEY,
    Token.LOG_GROUP,
    Token.QUEUE,
    Token.ROLE,
    Token.SIGNING_PROFILE,
    Token.TABLE,
    Token.TOPIC,
    Token.USER_POOL,
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
