"""Data at rest is encrypted with keys of this account, and those keys stay manageable."""

from collections.abc import Iterator

from policies.documents import Statement, statements
from policies.props import Props, Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, not_applicable, ok, problem, violation

ACCESS_LOGS = "-access-logs"
"""How the name of a bucket ends that takes the access logs of others."""

_KMS_ALGORITHMS = {"aws:kms", "aws:kms:dsse"}
# Without these nobody could ever correct a wrong policy, or be rid of the key.
_ADMINISTRATION = ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion")
_ROTATING_SPEC = "SYMMETRIC_DEFAULT"


def _customer_key(props: Props, key: str) -> Iterator[Problem]:
    """An AWS managed key (`alias/aws/...`) has a policy that nobody can narrow."""
    given = props.text(key)
    if not given:
        yield problem(props.path(key), "is absent")
    elif "alias/aws/" in given:
        yield problem(props.path(key), "is a key that AWS manages")


@rule(
    "s3-bucket-customer-key",
    on=Token.BUCKET_ENCRYPTION,
    severity=Severity.HIGH,
    why="Objects are readable by whoever may read the bucket unless a key policy of ours says no.",
    fix="sseAlgorithm aws:kms with kmsMasterKeyId set to a key of the stack, in every rule.",
)
def bucket_customer_key(encryption: Resource) -> Verdict:
    if encryption.name.endswith(ACCESS_LOGS):
        return not_applicable("S3 delivers access logs to no bucket that encrypts with KMS")
    rules = encryption.children("rules")
    if not rules:
        return violation("rules", "is absent")
    return judged(found for each in rules for found in _bucket_rule(each))


def _bucket_rule(each: Props) -> Iterator[Problem]:
    default = each.child("applyServerSideEncryptionByDefault")
    if default.text("sseAlgorithm") not in _KMS_ALGORITHMS:
        yield problem(default.path("sseAlgorithm"), "is not a KMS algorithm")
    yield from _customer_key(default, "kmsMasterKeyId")


@rule(
    "ecr-repository-customer-key",
    on=Token.IMAGE_REPOSITORY,
    severity=Severity.HIGH,
    why="Images hold the code of functions, and maybe models.",
    fix="encryptionConfigurations with encryptionType KMS and kmsKey of a key of the stack.",
)
def repository_customer_key(repository: Resource) -> Verdict:
    configurations = repository.children("encryptionConfigurations")
    if not configurations:
        return violation("encryptionConfigurations", "is absent")
    return judged(found for each in configurations for found in _repository_key(each))


def _repository_key(each: Props) -> Iterator[Problem]:
    if each.text("encryptionType") not in ("KMS", "KMS_DSSE"):
        yield problem(each.path("encryptionType"), "is not KMS")
    yield from _customer_key(each, "kmsKey")


@rule(
    "dynamodb-table-customer-key",
    on=Token.TABLE,
    severity=Severity.HIGH,
    why="The default key of DynamoDB belongs to AWS: its use can neither be limited nor audited.",
    fix="serverSideEncryption with enabled true and kmsKeyArn of a key of the stack.",
)
def table_customer_key(table: Resource) -> Verdict:
    encryption = table.child("serverSideEncryption")
    if not encryption.flag("enabled"):
        return violation(encryption.path("enabled"), "is not true")
    return judged(_customer_key(encryption, "kmsKeyArn"))


@rule(
    "sqs-queue-customer-key",
    on=Token.QUEUE,
    severity=Severity.HIGH,
    why="Messages carry request bodies, and other services can only use a key whose policy we own.",
    fix="kmsMasterKeyId of a key of the stack.",
)
def queue_customer_key(queue: Resource) -> Verdict:
    return judged(_customer_key(queue, "kmsMasterKeyId"))


@rule(
    "sns-topic-customer-key",
    on=Token.TOPIC,
    severity=Severity.HIGH,
    why="A topic without a key stores messages in clear; the managed key shuts alarms out.",
    fix="kmsMasterKeyId of a key of the stack.",
)
def topic_customer_key(topic: Resource) -> Verdict:
    return judged(_customer_key(topic, "kmsMasterKeyId"))


@rule(
    "logs-group-customer-key",
    on=Token.LOG_GROUP,
    severity=Severity.MEDIUM,
    why="Logs tell who asked for what and when.",
    fix="kmsKeyId of a key of the stack whose policy lets the logs service use it.",
)
def log_group_customer_key(group: Resource) -> Verdict:
    return judged(_customer_key(group, "kmsKeyId"))


@rule(
    "lambda-environment-customer-key",
    on=Token.FUNCTION,
    severity=Severity.MEDIUM,
    why="Everyone who may read a function's configuration reads its environment.",
    fix="kmsKeyArn of a key of the stack.",
)
def environment_customer_key(function: Resource) -> Verdict:
    if not function.child("environment").child("variables").names:
        return not_applicable("the function has no environment")
    return judged(_customer_key(function, "kmsKeyArn"))


@rule(
    "efs-file-system-customer-key",
    on=Token.FILE_SYSTEM,
    severity=Severity.HIGH,
    why="A file system holds models; whether it is encrypted cannot be changed once it is made.",
    fix="encrypted true and kmsKeyId of a key of the stack.",
)
def file_system_customer_key(file_system: Resource) -> Verdict:
    if not file_system.flag("encrypted"):
        return violation("encrypted", "is not true")
    return judged(_customer_key(file_system, "kmsKeyId"))


@rule(
    "kms-key-rotates",
    on=Token.KEY,
    severity=Severity.MEDIUM,
    why="Rotation bounds how much data one version of the key material protects.",
    fix="enableKeyRotation true.",
)
def key_rotates(key: Resource) -> Verdict:
    if key.text("customerMasterKeySpec", _ROTATING_SPEC) != _ROTATING_SPEC:
        return not_applicable("KMS rotates symmetric encryption keys only")
    if not key.flag("enableKeyRotation"):
        return violation("enableKeyRotation", "is not true")
    return ok()


@rule(
    "kms-key-root-administers",
    on=Token.KEY,
    severity=Severity.CRITICAL,
    why="A key whose policy leaves the account root out can become unmanageable for ever.",
    fix="A statement without condition that allows the account's root to administer the key, "
    "kms:PutKeyPolicy and kms:ScheduleKeyDeletion included, on resource *.",
)
def root_administers(key: Resource) -> Verdict:
    if key.flag("bypassPolicyLockoutSafetyCheck"):
        return violation("bypassPolicyLockoutSafetyCheck", "is true")
    if "policy" not in key.names:
        return violation("policy", "is absent")
    document = key.document("policy")
    if not any(_administers(each) for each in statements(document)):
        return violation(document.path("Statement"), "gives the account root no administration")
    return ok()


def _administers(statement: Statement) -> bool:
    return (
        statement.allows
        and not statement.conditioned
        and all(statement.names_action(action) for action in _ADMINISTRATION)
        and "*" in statement.resources
        and any(kind == "AWS" and name.endswith(":root") for kind, name in statement.principals)
    )
