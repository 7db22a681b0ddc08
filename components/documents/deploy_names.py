"""What a stack's resources are called, as far as IAM can tell them by it.

A name that nobody chose begins with the logical name; that every creation in the stacks of the
clone has one of these is a test. Another stack's carry the same, so the tags are asked too, where
a service knows them.
"""

from collections.abc import Collection, Iterator

from components.documents.footing import Footing

FUNCTIONS = ("authorize-*", "health-*", "serving-*")
BUCKETS = ("store-access-logs-*", "store-artefacts-*", "store-models-*")
NAMED = ("cloudwatch", "dynamodb", "ecr", "lambda", "logs", "s3", "sns", "sqs")
"""Services whose resources are told by name."""
BOUNDED = ("dynamodb", "ecr", "lambda", "logs", "s3", "sqs")
"""Those that the boundary, too, holds to names: it has no room for more."""
NAMELESS = (
    "cloudwatch:DescribeAlarms",
    "ecr:GetAuthorizationToken",
    "lambda:CreateCodeSigningConfig",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DeleteQueryDefinition",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutQueryDefinition",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sns:GetSubscriptionAttributes",
    "sns:Unsubscribe",
)
"""Their actions that know no resource, or look one up in a list of all (service authorization
reference, 2026-11)."""
BOUNDED_NAMELESS = (
    "ecr:GetAuthorizationToken",
    "lambda:*EventSourceMapping",
    "lambda:CreateCodeSigningConfig",
    "logs:*Deliver*",
    "logs:*QueryDefinition",
    "logs:*ResourcePolic*",
    "logs:DescribeLogGroups",
)
"""The same of the boundary's services, shorter."""
OF_MAPPINGS = (
    "lambda:CreateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
)
"""Told by the function that a mapping calls."""


def functions(footing: Footing) -> list[str]:
    return [footing.here("lambda", f"function:{name}") for name in FUNCTIONS]


def repositories(footing: Footing) -> list[str]:
    """Where images are read: the stack's own repository, and those that its file names."""
    return [footing.here("ecr", "repository/images-*"), *footing.repositories]


def names(footing: Footing, services: Collection[str] = NAMED) -> list[str]:
    """ARNs, each with one wildcard at its end."""
    return [arn for arn in _names(footing) if arn.split(":")[2] in services]


def _names(footing: Footing) -> Iterator[str]:
    partition, here = footing.account.partition, footing.here
    yield from functions(footing)
    # Made-up ids; the tags tell whose they are.
    yield here("lambda", "code-signing-config:*")
    yield here("lambda", "event-source-mapping:*")
    for bucket in BUCKETS:
        yield f"arn:{partition}:s3:::{bucket}"
    yield here("dynamodb", "table/registry-*")
    yield here("sqs", "serving-*")
    yield here("sns", "observability-*")
    yield here("ecr", "repository/images-*")
    for alarm in ("observability-*", f"{footing.prefix}-*"):
        yield here("cloudwatch", f"alarm:{alarm}")
    yield f"arn:{partition}:cloudwatch::{footing.account.id}:dashboard/{footing.prefix}*"
    vended = (f"/aws/vendedlogs/{footing.prefix}-*", f"aws-waf-logs-{footing.prefix}-*")
    for group in (*FUNCTIONS, "network-flows-*", *vended):
        yield here("logs", f"log-group:{group}")
