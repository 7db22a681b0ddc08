"""Nothing answers to strangers: buckets, queues, topics, keys and functions."""

from collections.abc import Iterator, Mapping
from typing import LiteralString

from policies.documents import Statement, names_everything, statements
from policies.props import Resource, Stack
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, ok, problem, violation

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

# Actions by which data moves, per type of policy: a denial of plain HTTP has to name them all.
_MOVING_DATA = {
    Token.BUCKET_POLICY: ("s3:GetObject", "s3:ListBucket", "s3:PutObject"),
    Token.QUEUE_POLICY: ("sqs:ReceiveMessage", "sqs:SendMessage"),
    Token.TOPIC_POLICY: ("sns:Publish",),
    Token.FILE_SYSTEM_POLICY: ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
}


@rule(
    "s3-bucket-not-public",
    on=Token.BUCKET_PUBLIC_ACCESS_BLOCK,
    severity=Severity.CRITICAL,
    why="Each of the four blocks closes another way in which objects become public.",
    fix="blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets true.",
)
def bucket_not_public(block: Resource) -> Verdict:
    return judged(problem(block.path(key), "is not true") for key in _BLOCKS if not block.flag(key))


@rule(
    "data-policy-tls-only",
    on=_MOVING_DATA,
    severity=Severity.HIGH,
    why="A request over plain HTTP shows models, inputs and results on the way.",
    fix="A statement that denies every principal where aws:SecureTransport is false.",
)
def tls_only(policy: Resource) -> Verdict:
    document = policy.document("policy")
    denials = [each for each in statements(document) if each.denies_plain_transport]
    if not any(_covers(policy.token, each) for each in denials):
        return violation(document.path("Statement"), "does not deny requests without TLS")
    return ok()


def _covers(token: str, statement: Statement) -> bool:
    if not all(statement.names_action(action) for action in _MOVING_DATA[Token(token)]):
        return False
    # A bucket and its objects are different resources.
    return token != Token.BUCKET_POLICY or any(r.endswith("*") for r in statement.resources)


@rule(
    "data-policy-named-principals",
    on=(Token.KEY, Token.VPC_ENDPOINT, *_MOVING_DATA),
    severity=Severity.CRITICAL,
    why="A wildcard principal is anyone with an AWS account.",
    fix="Name the principal, or add a condition on aws:SourceAccount, aws:SourceArn or "
    "aws:PrincipalArn.",
)
def named_principals(resource: Resource) -> Verdict:
    return judged(
        problem(each.path("Principal"), "is a wildcard, and no condition says who is meant")
        for each in statements(resource.document("policy"))
        if each.allows and each.open_to_anyone and not each.names_caller_by_condition
    )


@rule(
    "lambda-permission-narrow",
    on=Token.FUNCTION_PERMISSION,
    severity=Severity.HIGH,
    why="Without a source ARN every account's API may call the function (confused deputy); without "
    "a qualifier the call reaches unreleased code.",
    fix="sourceArn of the caller and qualifier of the alias.",
)
def permission_narrow(permission: Resource) -> Verdict:
    return judged(_permission_problems(permission))


def _permission_problems(permission: Resource) -> Iterator[Problem]:
    if permission.text("principal") == "*":
        yield problem("principal", "is a wildcard")
    if not permission.text("qualifier"):
        yield problem("qualifier", "is absent")
    if not permission.text("sourceArn"):
        yield problem("sourceArn", "is absent")
    elif names_everything(permission.text("sourceArn")):
        yield problem("sourceArn", "takes in callers that are not named")


_SIDE_RESOURCES: Mapping[Token, LiteralString] = {
    Token.BUCKET_ENCRYPTION: "has no encryption configuration",
    Token.BUCKET_POLICY: "has no policy, which has to refuse plain HTTP",
    Token.BUCKET_PUBLIC_ACCESS_BLOCK: "has no public access block",
    Token.BUCKET_VERSIONING: "has no versioning",
}


@rule(
    "s3-bucket-complete",
    on=Token.BUCKET,
    severity=Severity.HIGH,
    why="Each protection of a bucket is a resource of its own, so a rule on it sees no absence.",
    fix="Give the bucket an encryption configuration, policy, public access block and versioning.",
)
def bucket_complete(bucket: Resource, stack: Stack) -> Verdict:
    return judged(
        problem("bucket", absence)
        for token, absence in _SIDE_RESOURCES.items()
        if not stack.referring(bucket, token, "bucket")
    )


@rule(
    "efs-file-system-policy",
    on=Token.FILE_SYSTEM,
    severity=Severity.CRITICAL,
    why="Without a policy every client that reaches a mount target may read and write, unnamed.",
    fix="A FileSystemPolicy; with one, EFS asks IAM of every client.",
)
def file_system_policy(file_system: Resource, stack: Stack) -> Verdict:
    if not stack.referring(file_system, Token.FILE_SYSTEM_POLICY, "fileSystemId"):
        return violation("fileSystem", "has no policy, so anyone in its network may mount it")
    return ok()
