"""What runs: versions, signatures, runtimes, tracing, and how events reach a function."""

from collections.abc import Iterator, Sequence

from policies.props import Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, not_applicable, ok, problem, violation

# Managed runtimes that AWS still patches (Lambda runtimes page, 2026-11).
SUPPORTED_RUNTIMES = ("provided.al2023", "python3.11", "python3.12", "python3.13", "python3.14")
SIGNED = ("prod",)
"""Values of the `environment` tag that mark functions whose code must be signed."""
_POLLED = ("sqs", "kinesis", "dynamodb")


@rule(
    "lambda-alias-concrete-version",
    on=Token.FUNCTION_ALIAS,
    severity=Severity.HIGH,
    why="$LATEST changes under the caller and holds no warm capacity; weights on an alias exclude "
    "warm capacity and show up as drift.",
    fix="functionVersion of a published version, no routingConfig.",
)
def alias_concrete_version(alias: Resource) -> Verdict:
    return judged(_alias_problems(alias))


def _alias_problems(alias: Resource) -> Iterator[Problem]:
    if alias.child("routingConfig").names:
        yield problem("routingConfig", "is given")
    if not alias.text("functionVersion").isdecimal():
        yield problem("functionVersion", "is not a published version")


@rule(
    "lambda-function-published",
    on=Token.FUNCTION,
    severity=Severity.HIGH,
    why="Without published versions there is nothing to roll back to and nothing to keep warm.",
    fix="publish true.",
)
def function_published(function: Resource) -> Verdict:
    return ok() if function.flag("publish") else violation("publish", "is not true")


@rule(
    "lambda-function-signed",
    on=Token.FUNCTION,
    severity=Severity.HIGH,
    why="Without it whoever may update the function, or write its archive, decides what it runs.",
    fix="codeSigningConfigArn of a code-signing configuration.",
)
def function_signed(function: Resource, *, environments: Sequence[str] = SIGNED) -> Verdict:
    if function.text("packageType", "Zip") == "Image":
        return not_applicable("Lambda checks no signature of an image")
    if function.child("tags").text("environment") not in environments:
        return not_applicable("the environment is not one whose code must be signed")
    if not function.text("codeSigningConfigArn"):
        return violation("codeSigningConfigArn", "is absent")
    return ok()


@rule(
    "lambda-signing-enforced",
    on=Token.CODE_SIGNING_CONFIG,
    severity=Severity.HIGH,
    why="By default code that nobody signed is deployed all the same, with a line in a log.",
    fix="policies.untrustedArtifactOnDeployment Enforce.",
)
def signing_enforced(config: Resource) -> Verdict:
    policies = config.child("policies")
    if policies.text("untrustedArtifactOnDeployment") != "Enforce":
        return violation(policies.path("untrustedArtifactOnDeployment"), "is not Enforce")
    return ok()


@rule(
    "lambda-function-traced",
    on=Token.FUNCTION,
    severity=Severity.MEDIUM,
    why="Without active tracing the parts of a cold start cannot be told apart.",
    fix="tracingConfig.mode Active.",
)
def function_traced(function: Resource) -> Verdict:
    tracing = function.child("tracingConfig")
    if tracing.text("mode") != "Active":
        return violation(tracing.path("mode"), "is not Active")
    return ok()


@rule(
    "lambda-runtime-supported",
    on=Token.FUNCTION,
    severity=Severity.HIGH,
    why="A runtime past its end gets no security fixes, and later no updates of the function.",
    fix="One of the runtimes that this rule lists as supported.",
)
def runtime_supported(
    function: Resource, *, supported: Sequence[str] = SUPPORTED_RUNTIMES
) -> Verdict:
    if function.text("packageType", "Zip") == "Image":
        return not_applicable("an image brings its own runtime")
    if function.text("runtime") not in supported:
        return violation("runtime", "is not supported")
    return ok()


@rule(
    "lambda-mapping-reports-failures",
    on=Token.EVENT_SOURCE_MAPPING,
    severity=Severity.HIGH,
    why="By default one bad record sends its whole batch back, and good ones are processed again.",
    fix="functionResponseTypes [ReportBatchItemFailures], and a handler that returns that shape.",
)
def mapping_reports_failures(mapping: Resource) -> Verdict:
    if "ReportBatchItemFailures" in mapping.texts("functionResponseTypes"):
        return ok()
    parts = mapping.text("eventSourceArn").split(":")
    if len(parts) > 2 and parts[2] not in _POLLED:  # noqa: PLR2004 - arn:partition:service
        return not_applicable("the source has no per-item failures")
    return violation("functionResponseTypes", "lacks ReportBatchItemFailures")
