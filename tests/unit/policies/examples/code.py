"""Examples for `policies.rules.code`."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import (
    ABSENT,
    TAGS,
    Broken,
    Example,
)

EXAMPLES: tuple[Example, ...] = (
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
        rule="lambda-function-signed",
        on=Token.FUNCTION,
        props={
            "tags": TAGS,
            "codeSigningConfigArn": (
                "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"
            ),
        },
        broken=(
            Broken(("codeSigningConfigArn",), ABSENT, "codeSigningConfigArn is absent"),
            Broken(("codeSigningConfigArn",), "", "codeSigningConfigArn is absent"),
        ),
        fine=((("packageType",), "Zip"),),
        exempt=((("tags", "environment"), "dev"), (("packageType",), "Image")),
    ),
    Example(
        rule="lambda-signing-enforced",
        on=Token.CODE_SIGNING_CONFIG,
        props={"policies": {"untrustedArtifactOnDeployment": "Enforce"}},
        broken=(
            Broken(
                ("policies", "untrustedArtifactOnDeployment"),
                "Warn",
                "policies.untrustedArtifactOnDeployment is not Enforce",
            ),
            Broken(("policies",), ABSENT, "untrustedArtifactOnDeployment is not Enforce"),
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
)
