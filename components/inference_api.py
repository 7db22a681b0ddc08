"""InferenceApi: the front door, an HTTP API."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.derived import vended_log_group
from components.function import Function
from components.identity import Access
from components.serving_group import ServingGroup
from components.tags import DataClass, Tags
from contracts.api_routes import HEALTH_ROUTES
from contracts.protocol import BINARY_HEADER
from settings import Api, Cors

HEALTH_REQUESTS_PER_SECOND, HEALTH_BURST = 10, 20
"""Plenty for uptime checks, and too little to use up what the account may run at once."""
ACCESS_LOG_FORMAT = json.dumps(
    {
        "time": "$context.requestTime",
        "request_id": "$context.requestId",
        "route": "$context.routeKey",
        "status": "$context.status",
        "client": "$context.authorizer.claims.client_id",
        "latency_ms": "$context.responseLatency",
        "integration_ms": "$context.integrationLatency",
        "response_bytes": "$context.responseLength",
        "authorizer_error": "$context.authorizer.error",
        "integration_error": "$context.integrationErrorMessage",
    },
    separators=(",", ":"),
)
"""Who called what and how it went: no path, query, header or body."""


@dataclass(frozen=True, kw_only=True)
class InferenceApiArgs:
    groups: Sequence[ServingGroup]
    health: Function
    access: Access
    api: Api
    log_key_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Tags


class InferenceApi(pulumi.ComponentResource):
    """Routes with JWT scopes, and two health routes without; throttled and logged."""

    api_id: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: InferenceApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:InferenceApi", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._args = args
        api = aws.apigatewayv2.Api(
            name,
            protocol_type="HTTP",
            cors_configuration=None if args.api.cors is None else _cors(args.api.cors),
            tags=args.tags.named(name),
            opts=self._child,
        )
        authorizer = aws.apigatewayv2.Authorizer(
            name,
            api_id=api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": args.access.issuer, "audiences": args.access.audience},
            opts=self._child,
        )
        for group in args.groups:
            # Of the default group, whose routes name no model, the names stay as they are.
            mine = "" if group.serving.is_default else f"-{group.serving.name}"
            target = self._integration(f"{name}{mine}-inference", api, group.inference)
            for route, scope in group.serving.routes.items():
                aws.apigatewayv2.Route(
                    f"{name}{mine}-{_slug(route)}",
                    api_id=api.id,
                    route_key=route,
                    target=target,
                    authorization_type="JWT",
                    authorizer_id=authorizer.id,
                    authorization_scopes=[scope],
                    opts=self._child,
                )
        target = self._integration(f"{name}-health", api, args.health)
        health = [
            aws.apigatewayv2.Route(
                f"{name}-{_slug(route)}",
                api_id=api.id,
                route_key=route,
                target=target,
                authorization_type="NONE",
                opts=self._child,
            )
            for route in HEALTH_ROUTES
        ]
        self.api_id = api.id
        self.url = self._stage(name, api, health).invoke_url.apply(lambda url: url.rstrip("/"))
        self.register_outputs({"api_id": self.api_id, "url": self.url})

    def _integration(
        self, name: str, api: aws.apigatewayv2.Api, function: Function
    ) -> pulumi.Output[str]:
        """The route target that calls a function's alias."""
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.alias_invoke_arn,
            integration_method="POST",
            payload_format_version="2.0",
            timeout_milliseconds=self._args.api.integration_timeout_seconds * 1_000,
            opts=self._child,
        )
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            function=function.function_name,
            qualifier=function.alias_name,
            # Any stage and route of this API; which routes exist is written above.
            source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
            opts=self._child,
        )
        return pulumi.Output.concat("integrations/", integration.id)

    def _stage(
        self, name: str, api: aws.apigatewayv2.Api, health: list[aws.apigatewayv2.Route]
    ) -> aws.apigatewayv2.Stage:
        tags = self._args.tags
        access_log = aws.cloudwatch.LogGroup(
            f"{name}-access",
            name=vended_log_group(tags.project, tags.stack, f"{name}-access"),
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.log_key_arn,
            tags=tags.named(f"{name}-access", DataClass.LOGS),
            opts=self._child,
        )
        return aws.apigatewayv2.Stage(
            name,
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings={
                "destination_arn": access_log.arn,
                "format": ACCESS_LOG_FORMAT,
            },
            default_route_settings={
                "throttling_rate_limit": self._args.api.rate_limit_per_second,
                "throttling_burst_limit": self._args.api.burst_limit,
                "detailed_metrics_enabled": True,
            },
            route_settings=[
                {
                    "route_key": route,
                    "throttling_rate_limit": HEALTH_REQUESTS_PER_SECOND,
                    "throttling_burst_limit": HEALTH_BURST,
                    "detailed_metrics_enabled": True,
                }
                for route in HEALTH_ROUTES
            ],
            tags=tags.named(name),
            # AWS refuses settings of a route that is not there yet; nothing else ties the two.
            opts=pulumi.ResourceOptions(parent=self, depends_on=health),
        )


def _slug(route: str) -> str:
    """`POST /v2/models/{model}/infer` -> `post-v2-models-model-infer`: part of a logical name."""
    return route.lower().translate(str.maketrans({"{": "", "}": "", "/": "-", " ": ""}))


def _cors(rules: Cors) -> aws.apigatewayv2.ApiCorsConfigurationArgsDict:
    return {
        "allow_origins": list(rules.allow_origins),
        "allow_methods": ["GET", "POST"],
        "allow_headers": ["authorization", "content-type", BINARY_HEADER],
        "expose_headers": [BINARY_HEADER],
        "max_age": rules.max_age_seconds,
    }
