"""The front door as an HTTP API."""

import pulumi
import pulumi_aws as aws

from components.front_door import (
    HEALTH_BURST,
    HEALTH_REQUESTS_PER_SECOND,
    ApiMetrics,
    FrontDoor,
    InferenceApiArgs,
    log_format,
    mark,
    may_be_called,
    placed,
    slug,
)
from components.function import Function
from contracts.api_routes import HEALTH_ROUTES
from contracts.protocol import BINARY_HEADER
from functions.shared.trace import TRACEPARENT, TRACESTATE
from settings import Cors

ACCESS_LOG_FORMAT = log_format(
    route="$context.routeKey", client="$context.authorizer.claims.client_id"
)


def http_api(
    name: str, args: InferenceApiArgs, log_arn: pulumi.Input[str], parent: pulumi.Resource
) -> FrontDoor:
    """Routes with JWT scopes, and two health routes without; throttled and logged."""
    child = pulumi.ResourceOptions(parent=parent)
    api = aws.apigatewayv2.Api(
        name,
        protocol_type="HTTP",
        cors_configuration=None if args.api.cors is None else _cors(args.api.cors),
        disable_execute_api_endpoint=None if args.api.custom_domain is None else True,
        tags=args.tags.named(name),
        opts=child,
    )
    authorizer = aws.apigatewayv2.Authorizer(
        name,
        api_id=api.id,
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration={"issuer": args.access.issuer, "audiences": args.access.audience},
        opts=child,
    )
    seconds = args.api.integration_timeout_seconds
    for group in args.groups:
        target = _integration(
            f"{name}{mark(group)}-inference", api, group.inference, seconds, child
        )
        for route, scope in group.serving.routes.items():
            aws.apigatewayv2.Route(
                f"{placed(name, route.partition(' ')[2])}-{slug(route)}",
                api_id=api.id,
                route_key=route,
                target=target,
                authorization_type="JWT",
                authorizer_id=authorizer.id,
                authorization_scopes=[scope],
                opts=child,
            )
    target = _integration(f"{name}-health", api, args.health, seconds, child)
    health = [
        aws.apigatewayv2.Route(
            f"{name}-{slug(route)}",
            api_id=api.id,
            route_key=route,
            target=target,
            authorization_type="NONE",
            opts=child,
        )
        for route in HEALTH_ROUTES
    ]
    stage = _stage(name, args, log_arn, api, health, parent)
    return FrontDoor(
        api_id=api.id,
        url=stage.invoke_url.apply(lambda url: url.rstrip("/")),
        stage_name=stage.name,
        stage_arn=stage.arn,
        metrics=ApiMetrics(dimensions={"ApiId": api.id}, client_errors="4xx", server_errors="5xx"),
    )


def _integration(
    name: str,
    api: aws.apigatewayv2.Api,
    function: Function,
    timeout_seconds: int,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The route target that calls a function's alias."""
    integration = aws.apigatewayv2.Integration(
        name,
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=function.alias_invoke_arn,
        integration_method="POST",
        payload_format_version="2.0",
        timeout_milliseconds=timeout_seconds * 1_000,
        opts=opts,
    )
    may_be_called(name, function, api.execution_arn, opts)
    return pulumi.Output.concat("integrations/", integration.id)


def _stage(
    name: str,
    args: InferenceApiArgs,
    log_arn: pulumi.Input[str],
    api: aws.apigatewayv2.Api,
    health: list[aws.apigatewayv2.Route],
    parent: pulumi.Resource,
) -> aws.apigatewayv2.Stage:
    return aws.apigatewayv2.Stage(
        name,
        api_id=api.id,
        name="$default",
        auto_deploy=True,
        access_log_settings={
            "destination_arn": log_arn,
            "format": ACCESS_LOG_FORMAT,
        },
        default_route_settings={
            "throttling_rate_limit": args.api.rate_limit_per_second,
            "throttling_burst_limit": args.api.burst_limit,
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
        tags=args.tags.named(name),
        # AWS refuses settings of a route that is not there yet; nothing else ties the two.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=health),
    )


def _cors(rules: Cors) -> aws.apigatewayv2.ApiCorsConfigurationArgsDict:
    return {
        "allow_origins": list(rules.allow_origins),
        "allow_methods": ["GET", "POST"],
        "allow_headers": ["authorization", "content-type", BINARY_HEADER, TRACEPARENT, TRACESTATE],
        "expose_headers": [BINARY_HEADER],
        "max_age": rules.max_age_seconds,
    }
