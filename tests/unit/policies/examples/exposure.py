"""Examples for `policies.rules.exposure`."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import (
    ABSENT,
    ACCOUNT_ROOT,
    AT,
    IN,
    KEY_ARN,
    MARKER,
    POLICY,
    Broken,
    Example,
    Props,
    document,
)


def tls_denial(action: str, resources: list[str]) -> Props:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


BUCKET_DENIAL = document(
    tls_denial("s3:*", ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]),
)


TLS_BROKEN = (
    Broken((*AT, "Effect"), "Allow", "does not deny requests without TLS"),
    Broken((*AT, "Principal"), {"AWS": ACCOUNT_ROOT}, "does not deny requests without TLS"),
    Broken((*AT, "Condition", "Bool", "aws:SecureTransport"), "true", "does not deny requests"),
    Broken((*AT, "Condition", "IpAddress"), {"aws:SourceIp": "::/0"}, "does not deny requests"),
    Broken((*AT, "Action"), "s3:DeleteBucket", "does not deny requests without TLS"),
    Broken(("policy", "Statement"), [], "policy.Statement does not deny requests without TLS"),
    Broken(("policy",), ABSENT, "policy.Statement does not deny requests without TLS"),
    Broken(("policy",), f"{{{MARKER}", "policy is not a JSON object"),
)


EXAMPLES: tuple[Example, ...] = (
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
        props={"policy": BUCKET_DENIAL},
        broken=(
            *TLS_BROKEN,
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
        broken=TLS_BROKEN,
    ),
    Example(
        rule="data-policy-tls-only",
        on=Token.TOPIC_POLICY,
        documents=POLICY,
        props={"policy": document(tls_denial("sns:Publish", ["arn:aws:sns:eu-west-1:1:t"]))},
        broken=TLS_BROKEN,
    ),
    Example(
        rule="data-policy-tls-only",
        on=Token.FILE_SYSTEM_POLICY,
        documents=POLICY,
        props={
            "policy": document(
                tls_denial(
                    "elasticfilesystem:Client*",
                    ["arn:aws:elasticfilesystem:eu-west-1:1:file-system/fs-1"],
                )
            )
        },
        broken=TLS_BROKEN,
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
                    # True of whoever sends no such key, and of everyone in any account.
                    {"ForAllValues:StringEquals": {"aws:SourceAccount": "111122223333"}},
                    {"Null": {"aws:PrincipalArn": "false"}},
                    {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
                    {"StringLike": {"aws:SourceAccount": "1111????????"}},
                    {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
                    {"StringEquals": {"aws:SourceAccount": ["111122223333", "*"]}},
                )
            ),
            Broken(
                ("policy", "Statement", 1, "Condition"),
                {},
                "policy.Statement[1].Principal is a wildcard, and no condition says who is meant",
            ),
        ),
        fine=(
            (("policy", "Statement", 1, "Effect"), "Deny"),
            (
                ("policy", "Statement", 1, "Condition"),
                {"StringEquals": {"aws:SourceVpc": "vpc-01234567"}},
            ),
        ),
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
)
