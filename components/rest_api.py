"""The front door as a REST API."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

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
    log_format,
    mark,
    may_be_called,
    placed,
    rest_tls,
    slug,
)
from components.function import Function
from components.render import rendered
from components.token_authorizer import judging, may_be_asked
from components.usage_plans import usage_plan
from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES
from contracts.authorizer import ContextKey
from settings.api import NETWORK

STAGE = "live"
EVERYTHING_ELSE = "ANY /{rest+}"
"""Without it the gateway reads the Authorization header of a path that it does not know as a
signature, and answers that the signature is malformed."""
BINARY = ["*/*"]
"""Bodies reach the function as they were sent, whatever their type says or leaves out; the function
says itself which of its answers are binary."""
TENANT_HEADER = "integration.request.header.X-Amz-Tenant-Id"
"""Where Lambda reads whose environment is to serve a call, for a function that isolates tenants."""

Copied = TypeVar("Copied", bound=pulumi.Resource)


def rest_api(
    name: str, args: InferenceApiArgs, log_arn: pulumi.Input[str], parent: pulumi.Resource
) -> FrontDoor:
    """Methods with scopes, and two for health without; what the gateway itself answers is a problem
    document; throttled, logged and traced."""
    return _RestApi(name, args, log_arn, parent).door


def _log_format(*, judged: bool) -> str:
    client = "client_id" if judged else "claims.client_id"
    return log_format(
        route="$context.httpMethod $context.resourcePath",
        client=f"$context.authorizer.{client}",
        refused="$context.error.responseType",
        firewall="$context.wafResponseCode",
        xray_trace_id="$context.xrayTraceId",
    )


class _RestApi:
    """Makes the parts of one REST API."""

    def __init__(
        self,
        name: str,
        args: InferenceApiArgs,
        log_arn: pulumi.Input[str],
        parent: pulumi.Resource,
    ) -> None:
        self._name, self._args, self._parent, self._log_arn = name, args, parent, log_arn
        self._child = pulumi.ResourceOptions(parent=parent)
        self._private = [
            args.endpoint_ids["execute-api"] if endpoint == NETWORK else endpoint
            for endpoint in args.api.private_endpoints
        ]
        self._deployed: list[pulumi.Resource] = []
        """What a deployment takes a copy of."""
        self._parts: dict[str, Any] = {}
        """All that it says."""
        of_the_api = {
            "binary_media_types": BINARY,
            # Whose plan a request counts to is nothing that a caller may say.
            "api_key_source": None if args.api.usage_plan is None else "AUTHORIZER",
            "endpoint_configuration": {
                "types": "PRIVATE" if self._private else "REGIONAL",
                "vpc_endpoint_ids": self._private or None,
            },
            # In force only as of the next deployment.
            "disable_execute_api_endpoint": None if args.api.custom_domain is None else True,
            **rest_tls(args.api.custom_domain),
        }
        self._parts["api"] = of_the_api
        self._api = aws.apigateway.RestApi(
            name,
            tags=args.tags.named(name),
            opts=self._child,
            **of_the_api,
        )
        self._resources: dict[str, pulumi.Output[str]] = {"": self._api.root_resource_id}
        if self._private:
            self._copied(
                aws.apigateway.RestApiPolicy,
                name,
                rest_api_id=self._api.id,
                policy=rendered(
                    through_endpoints,
                    execution_arn=self._api.execution_arn,
                    vpc_endpoints=self._private,
                ),
            )
        authorizer = self._authorizer()
        for group in args.groups:
            function, isolated = group.inference, group.serving.launch.tenancy == "isolated"
            for route, scope in group.serving.routes.items():
                self._method(route, function, authorizer, [scope], isolated=isolated)
            may_be_called(
                f"{name}{mark(group)}-inference", function, self._api.execution_arn, self._child
            )
        for route in HEALTH_ROUTES:
            self._method(route, args.health, None, [])
        scopes = sorted(set(MODEL_ROUTES.values()))
        self._method(EVERYTHING_ELSE, args.health, authorizer, scopes)
        may_be_called(f"{name}-health", args.health, self._api.execution_arn, self._child)
        for type_, answer in ANSWERS.items():
            self._copied(
                aws.apigateway.Response,
                f"{name}-{type_.lower().replace('_', '-')}",
                rest_api_id=self._api.id,
                response_type=type_,
                status_code=str(answer.status),
                response_parameters=answer.headers,
                response_templates={"application/json": answer.template},
            )
        stage = self._stage()
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

    def _copied(self, kind: Callable[..., Copied], name: str, **said: Any) -> Copied:
        """Makes what a deployment takes a copy of: whatever is said of it is in the fingerprint."""
        made = kind(name, **said, opts=self._child)
        self._deployed.append(made)
        self._parts[f"{kind.__name__} {name}"] = said
        return made

    def _authorizer(self) -> aws.apigateway.Authorizer:
        args, judge = self._args, self._args.judge
        of_the_pool = {
            "type": "COGNITO_USER_POOLS",
            "provider_arns": [args.access.user_pool_arn or ""],
            "identity_source": "method.request.header.Authorization",
        }
        made = self._copied(
            aws.apigateway.Authorizer,
            self._name,
            rest_api=self._api.id,
            **(of_the_pool if judge is None else judging(judge)),
        )
        if judge is not None:
            may_be_asked(
                self._name,
                judge,
                made,
                execution_arn=self._api.execution_arn,
                opts=self._child,
            )
        return made

    def _resource(self, path: str) -> pulumi.Output[str]:
        """The id of a path, made with all that lie above it."""
        if path not in self._resources:
            above, _, part = path.rpartition("/")
            self._resources[path] = self._copied(
                aws.apigateway.Resource,
                f"{placed(self._name, path)}{slug(path)}",
                rest_api=self._api.id,
                parent_id=self._resource(above),
                path_part=part,
            ).id
        return self._resources[path]

    def _method(
        self,
        route: str,
        function: Function,
        authorizer: aws.apigateway.Authorizer | None,
        scopes: Sequence[str],
        *,
        isolated: bool = False,
    ) -> None:
        verb, _, path = route.partition(" ")
        name = f"{placed(self._name, path)}-{slug(route)}"
        judged = self._args.judge is not None
        counted = authorizer is not None and self._args.api.usage_plan is not None
        guarded = "CUSTOM" if judged else "COGNITO_USER_POOLS"
        method = self._copied(
            aws.apigateway.Method,
            name,
            rest_api=self._api.id,
            resource_id=self._resource(path),
            http_method=verb,
            authorization="NONE" if authorizer is None else guarded,
            authorizer_id=None if authorizer is None else authorizer.id,
            # The function knows the scopes of every route itself.
            authorization_scopes=None if judged else list(scopes) or None,
            api_key_required=counted or None,
        )
        self._copied(
            aws.apigateway.Integration,
            name,
            rest_api=self._api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=function.alias_invoke_arn,
            timeout_milliseconds=self._args.api.integration_timeout_seconds * 1_000,
            request_parameters={TENANT_HEADER: self._tenant()} if isolated else None,
        )

    def _tenant(self) -> str:
        """Whose token it is, as whoever judged it says; nothing of it is what a caller wrote."""
        if self._args.judge is not None:
            return f"context.authorizer.{ContextKey.TENANT}"
        return f"context.authorizer.claims.{self._args.tenant_claim}"

    def _stage(self) -> aws.apigateway.Stage:
        args = self._args
        deployment = aws.apigateway.Deployment(
            self._name,
            rest_api=self._api.id,
            triggers={"parts": self._fingerprint()},
            # It is a copy of all of them, and names none.
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=self._deployed),
        )
        stage = aws.apigateway.Stage(
            self._name,
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=STAGE,
            access_log_settings={
                "destination_arn": self._log_arn,
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

    def _fingerprint(self) -> pulumi.Output[str]:
        """Changes with whatever a deployment copies."""
        parts = pulumi.Output.json_dumps(self._parts, sort_keys=True)
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
