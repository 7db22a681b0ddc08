"""Examples for `policies.rules.resilience`."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import (
    ABSENT,
    MARKER,
    TAGS,
    Broken,
    Example,
)

EXAMPLES: tuple[Example, ...] = (
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
)
