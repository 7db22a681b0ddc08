"""The front door as a REST API."""

import hashlib
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.documents.gateway_answers import ANSWERS
from components.documents.private_api import through_endpoints
from components.front_door import (
    HEALTH_BURST,
    HEALTH_REQUESTS_PER_SECOND,
    ApiMetrics,
    FrontDoor,
    InferenceApiArgs,
    access_log,
    log_format,
    mark,
    may_be_called,
    slug,
)
from components.function import Function
from components.render import rendered
from components.token_authorizer import guard
from components.usage_plans import usage_plan
from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES

STAGE = "live"
EVERYTHING_ELSE = "ANY /{rest+}"
"""Without it the gateway reads the Authorization header of a path that it does not know as a
signature, and answers that the signature is malformed."""
BINARY = ["*/*"]
"""Bodies reach the function as they were sent, whatever their type says or leaves out; the function
says itself which of its answers are binary."""


def rest_api(name: str, args: InferenceApiArgs, parent: pulumi.Resource) -> FrontDoor:
    """Methods with scopes, and two for health without; what the gateway itself answers is a problem
    document; throttled, logged and traced."""
    return _RestApi(name, args, parent).door


def _log_format(*, judged: bool) -> str:
    client = "client_id" if judged else "claims.client_id"
    return log_format(
        route="$context.httpMethod $context.resourcePath",
        client=f"$context.authorizer.{client}",
        refused="$context.error.responseType",
        firewall="$context.wafResponseCode",
    )


class _RestApi:
    """Makes the parts of one REST API."""

    def __init__(self, name: str, args: InferenceApiArgs, parent: pulumi.Resource) -> None:
        self._name, self._args, self._parent = name, args, parent
        self._child = pulumi.ResourceOptions(parent=parent)
        private = list(args.api.private_endpoints)
        self._api = aws.apigateway.RestApi(
            name,
            endpoint_configuration={
                "types": "PRIVATE" if private else "REGIONAL",
                "vpc_endpoint_ids": private or None,
            },
            binary_media_types=BINARY,
            # Whose plan a request counts to is nothing that a caller may say.
            api_key_source=None if args.api.usage_plan is None else "AUTHORIZER",
            disable_execute_api_endpoint=None if args.api.custom_domain is None else True,
            tags=args.tags.named(name),
            opts=self._child,
        )
        self._resources: dict[str, pulumi.Output[str]] = {"": self._api.root_resource_id}
        self._deployed: list[pulumi.Resource] = []
        """What a deployment takes a copy of."""
        if private:
            policy = rendered(
                through_endpoints,
                execution_arn=self._api.execution_arn,
                vpc_endpoints=private,
            )
            self._deployed.append(
                aws.apigateway.RestApiPolicy(
                    name, rest_api_id=self._api.id, policy=policy, opts=self._child
                )
            )
        authorizer = self._authorizer()
        for group in args.groups:
            named, function = f"{name}{mark(group)}", group.inference
            for route, scope in group.serving.routes.items():
                self._method(named, route, function, authorizer, [scope])
            may_be_called(f"{named}-inference", function, self._api.execution_arn, self._child)
        for route in HEALTH_ROUTES:
            self._method(name, route, args.health, None, [])
        scopes = sorted(set(MODEL_ROUTES.values()))
        self._method(name, EVERYTHING_ELSE, args.health, authorizer, scopes)
        may_be_called(f"{name}-health", args.health, self._api.execution_arn, self._child)
        for type_, answer in ANSWERS.items():
            self._deployed.append(
                aws.apigateway.Response(
                    f"{name}-{type_.lower().replace('_', '-')}",
                    rest_api_id=self._api.id,
                    response_type=type_,
                    status_code=str(answer.status),
                    response_parameters=answer.headers,
                    response_templates={"application/json": answer.template},
                    opts=self._child,
                )
            )
        stage = self._stage(authorizer)
        if args.api.usage_plan is not None:
            usage_plan(name, args.api.usage_plan, args, stage, self._child)
        self.door = FrontDoor(
            api_id=self._api.id,
            url=stage.invoke_url.apply(lambda url: url.rstrip("/")),
            stage_name=stage.stage_name,
            stage_arn=stage.arn,
            metrics=ApiMetrics(
                dimensions={"ApiName": self._api.name, "Stage": stage.stage_name},
                client_errors="4XXError",
                server_errors="5XXError",
            ),
        )

    def _authorizer(self) -> aws.apigateway.Authorizer:
        if self._args.judge is not None:
            return guard(
                self._name,
                self._args.judge,
                rest_api_id=self._api.id,
                execution_arn=self._api.execution_arn,
                opts=self._child,
            )
        return aws.apigateway.Authorizer(
            self._name,
            rest_api=self._api.id,
            type="COGNITO_USER_POOLS",
            provider_arns=[self._args.access.user_pool_arn or ""],
            identity_source="method.request.header.Authorization",
            opts=self._child,
        )

    def _resource(self, name: str, path: str) -> pulumi.Output[str]:
        """The id of a path, made with all that lie above it; `name` begins their names."""
        if path not in self._resources:
            above, _, part = path.rpartition("/")
            self._resources[path] = aws.apigateway.Resource(
                f"{name}{slug(path)}",
                rest_api=self._api.id,
                parent_id=self._resource(name, above),
                path_part=part,
                opts=self._child,
            ).id
        return self._resources[path]

    def _method(
        self,
        named: str,
        route: str,
        function: Function,
        authorizer: aws.apigateway.Authorizer | None,
        scopes: Sequence[str],
    ) -> None:
        verb, _, path = route.partition(" ")
        name = f"{named}-{slug(route)}"
        judged = self._args.judge is not None
        counted = authorizer is not None and self._args.api.usage_plan is not None
        guarded = "CUSTOM" if judged else "COGNITO_USER_POOLS"
        method = aws.apigateway.Method(
            name,
            rest_api=self._api.id,
            resource_id=self._resource(named, path),
            http_method=verb,
            authorization="NONE" if authorizer is None else guarded,
            authorizer_id=None if authorizer is None else authorizer.id,
            # The function knows the scopes of every route itself.
            authorization_scopes=None if judged else list(scopes) or None,
            api_key_required=counted or None,
            opts=self._child,
        )
        integration = aws.apigateway.Integration(
            name,
            rest_api=self._api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=function.alias_invoke_arn,
            timeout_milliseconds=self._args.api.integration_timeout_seconds * 1_000,
            opts=self._child,
        )
        self._deployed += [method, integration]

    def _stage(self, authorizer: aws.apigateway.Authorizer) -> aws.apigateway.Stage:
        args = self._args
        deployment = aws.apigateway.Deployment(
            self._name,
            rest_api=self._api.id,
            triggers={"parts": self._fingerprint(authorizer)},
            # It is a copy of all of them, and names none.
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=self._deployed),
        )
        stage = aws.apigateway.Stage(
            self._name,
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=STAGE,
            access_log_settings={
                "destination_arn": access_log(self._name, args, self._child).arn,
                "format": _log_format(judged=args.judge is not None),
            },
            xray_tracing_enabled=True,
            tags=args.tags.named(self._name),
            opts=self._child,
        )
        self._limit("all", stage, "*/*", args.api.rate_limit_per_second, args.api.burst_limit)
        for route in HEALTH_ROUTES:
            verb, _, path = route.partition(" ")
            self._limit(
                slug(route),
                stage,
                f"{path.removeprefix('/')}/{verb}",
                HEALTH_REQUESTS_PER_SECOND,
                HEALTH_BURST,
            )
        return stage

    def _fingerprint(self, authorizer: aws.apigateway.Authorizer) -> pulumi.Output[str]:
        """Changes with whatever a deployment copies."""
        args = self._args
        parts = pulumi.Output.json_dumps(
            {
                "routes": [group.serving.routes for group in args.groups],
                "open": [*HEALTH_ROUTES, EVERYTHING_ELSE],
                "answers": ANSWERS,
                "binary": BINARY,
                "private": args.api.private_endpoints,
                "timeout": args.api.integration_timeout_seconds,
                "plans": args.api.usage_plan is not None,
                "functions": [
                    *(group.inference.alias_invoke_arn for group in args.groups),
                    args.health.alias_invoke_arn,
                ],
                "authorizer": authorizer.id,
            }
        )
        return parts.apply(lambda text: hashlib.sha256(text.encode()).hexdigest())

    def _limit(
        self, label: str, stage: aws.apigateway.Stage, method_path: str, rate: int, burst: int
    ) -> None:
        aws.apigateway.MethodSettings(
            f"{self._name}-{label}",
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path=method_path,
            settings={
                "throttling_rate_limit": rate,
                "throttling_burst_limit": burst,
                "metrics_enabled": True,
                # Its other levels write what callers sent.
                "logging_level": "OFF",
                "data_trace_enabled": False,
            },
            opts=self._child,
        )
