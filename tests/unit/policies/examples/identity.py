"""Examples for `policies.rules.identity`."""

import json
from typing import Any

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
    Path,
    document,
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


EXAMPLES: tuple[Example, ...] = (
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
                "arn:aws:sqs:eu-west-1:????????????:queue",
                "arn:aws:dynamodb:eu-west-1:111122223333:table/?*",
                "arn:aws:dynamodb:eu-west-1:111122223333:table/**",
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
            *(
                Broken(
                    ("assumeRolePolicy", "Statement", 0, "Principal"),
                    {"Service": "lambda.amazonaws.com", kind: name},
                    "names others beside the service",
                )
                for kind, name in (
                    ("AWS", "arn:aws:iam::999999999999:root"),
                    ("Federated", "accounts.google.com"),
                )
            ),
            Broken(
                ("assumeRolePolicy", "Statement", 0, "NotPrincipal"),
                {"AWS": ACCOUNT_ROOT},
                "assumeRolePolicy.Statement[0].NotPrincipal stands in a statement that allows",
            ),
        ),
    ),
)
