"""What both kinds of front door share: what they are made of, and what they say of themselves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.derived import vended_log_group
from components.function import Function
from components.identity import Access
from components.serving_group import ServingGroup
from components.tags import DataClass, Tags
from contracts.api_routes import names_a_model
from settings import Api, CustomDomain

HEALTH_REQUESTS_PER_SECOND, HEALTH_BURST = 10, 20
"""Plenty for uptime checks, and too little to use up what the account may run at once."""


@dataclass(frozen=True, kw_only=True)
class InferenceApiArgs:
    groups: Sequence[ServingGroup]
    health: Function
    access: Access
    judge: Function | None
    """Says which routes a token opens; None = the gateway does, which a REST API can for Cognito's
    tokens alone."""
    api: Api
    tenant_claim: str
    """Claim of a token that says whose it is."""
    endpoint_ids: Mapping[str, pulumi.Input[str]]
    """Service -> its VPC endpoint in the stack's own network."""
    log_key_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Tags


@dataclass(frozen=True, kw_only=True)
class ApiMetrics:
    """How CloudWatch calls an API's numbers: the two kinds differ."""

    dimensions: Mapping[str, pulumi.Input[str]]
    client_errors: str
    server_errors: str


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """An API with its stage."""

    api_id: pulumi.Output[str]
    url: pulumi.Output[str]
    """Where AWS lets it answer; without a slash at the end."""
    stage_name: pulumi.Output[str]
    stage_arn: pulumi.Output[str]
    metrics: ApiMetrics


def mark(group: ServingGroup) -> str:
    """Part of the logical names of what leads to a group; the default group's are without."""
    return "" if group.serving.is_default else f"-{group.serving.name}"


def slug(route: str) -> str:
    """`POST /v2/models/{model}/infer` -> `post-v2-models-model-infer`: part of a logical name."""
    return route.lower().translate(str.maketrans({"{": "", "}": "", "/": "-", " ": "", "+": ""}))


def placed(name: str, path: str) -> str:
    """The logical name of what stands at a path, whichever group answers there.

    A path can be taken once, and the engine makes what is new before it deletes what is old: a name
    with the group in it would come too late for a model that moves to another group.
    """
    # Else a model called `model` would have the name of the parameter.
    return f"{name}-of-a-group" if names_a_model(path) else name


def may_be_called(
    name: str,
    function: Function,
    execution_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Lets the API call a function's alias."""
    aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        principal="apigateway.amazonaws.com",
        function=function.function_name,
        qualifier=function.alias_name,
        # Any stage and route of this API; which routes exist is written in `contracts.api_routes`.
        source_arn=pulumi.Output.concat(execution_arn, "/*/*"),
        opts=opts,
    )


def access_log(
    name: str, args: InferenceApiArgs, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """The log group of what callers asked and how it went."""
    return aws.cloudwatch.LogGroup(
        f"{name}-access",
        name=vended_log_group(args.tags.project, args.tags.stack, f"{name}-access"),
        retention_in_days=args.log_retention_days,
        kms_key_id=args.log_key_arn,
        tags=args.tags.named(f"{name}-access", DataClass.LOGS),
        opts=opts,
    )


def rest_tls(domain: CustomDomain | None) -> dict[str, Any]:
    """What a REST API and its name ask of callers' TLS: 1.2 where nothing is said.

    A name's connections follow the policy of the API behind it, so both have the same.
    """
    if domain is None or domain.minimum_tls == "1.2":
        return {"security_policy": "TLS_1_2"}
    return {
        "security_policy": "SecurityPolicy_TLS13_1_3_2025_09",
        # The newer policies ask for it; STRICT also refuses a request whose SNI is another name.
        "endpoint_access_mode": "STRICT",
    }


def log_format(**differing: str) -> str:
    """Who called what and how it went: no path, query, header or body."""
    return json.dumps(
        {
            "time": "$context.requestTime",
            "request_id": "$context.requestId",
            "status": "$context.status",
            "latency_ms": "$context.responseLatency",
            "integration_ms": "$context.integrationLatency",
            "response_bytes": "$context.responseLength",
            "authorizer_error": "$context.authorizer.error",
            "integration_error": "$context.integrationErrorMessage",
            **differing,
        },
        separators=(",", ":"),
    )
