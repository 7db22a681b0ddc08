"""Data survives mistakes: versions, backups, dead letters, protection, retention."""

from collections.abc import Sequence

from policies.props import Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Verdict, not_applicable, ok, violation

PROTECTED = ("prod",)
"""Values of the `environment` tag that mark data nobody can make again."""


@rule(
    "s3-bucket-versioned",
    on=Token.BUCKET_VERSIONING,
    severity=Severity.HIGH,
    why="An overwritten model cannot be restored, and the signer refuses objects without version.",
    fix="versioningConfiguration.status Enabled.",
)
def bucket_versioned(versioning: Resource) -> Verdict:
    settings = versioning.child("versioningConfiguration")
    if settings.text("status") != "Enabled":
        return violation(settings.path("status"), "is not Enabled")
    return ok()


@rule(
    "sqs-queue-dead-letters",
    on=Token.QUEUE,
    severity=Severity.HIGH,
    why="A message that always fails is otherwise retried until it expires, and is lost unseen.",
    fix="redrivePolicy with a dead-letter queue; a dead-letter queue itself is named ...-dlq.",
)
def queue_dead_letters(queue: Resource) -> Verdict:
    if queue.name.endswith("-dlq"):
        return not_applicable("the queue is itself a dead-letter queue")
    redrive = queue.document("redrivePolicy")
    if not redrive.text("deadLetterTargetArn"):
        return violation(redrive.path("deadLetterTargetArn"), "is absent")
    return ok()


@rule(
    "dynamodb-table-recoverable",
    on=Token.TABLE,
    severity=Severity.HIGH,
    why="The registry is what says which model answers: a bad write has to be reversible.",
    fix="pointInTimeRecovery.enabled true.",
)
def table_recoverable(table: Resource, *, environments: Sequence[str] = PROTECTED) -> Verdict:
    if table.child("tags").text("environment") not in environments:
        return not_applicable("the environment is not a protected one")
    recovery = table.child("pointInTimeRecovery")
    if not recovery.flag("enabled"):
        return violation(recovery.path("enabled"), "is not true")
    return ok()


@rule(
    "dynamodb-table-undeletable",
    on=Token.TABLE,
    severity=Severity.HIGH,
    why="One replaced property would otherwise delete the table with its data.",
    fix="deletionProtectionEnabled true.",
)
def table_undeletable(table: Resource, *, environments: Sequence[str] = PROTECTED) -> Verdict:
    if table.child("tags").text("environment") not in environments:
        return not_applicable("the environment is not a protected one")
    if not table.flag("deletionProtectionEnabled"):
        return violation("deletionProtectionEnabled", "is not true")
    return ok()


@rule(
    "logs-group-expires",
    on=Token.LOG_GROUP,
    severity=Severity.MEDIUM,
    why="Logs without retention are kept, and paid for, for ever.",
    fix="retentionInDays above zero.",
)
def log_group_expires(group: Resource) -> Verdict:
    days = group.number("retentionInDays")
    if days <= 0:
        return violation("retentionInDays", "is not above zero", seen=days)
    return ok()
