"""TokenAuthorizer: judges the tokens of an issuer that is no Cognito pool, for a REST API."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.function import Function, FunctionArgs, FunctionCommon
from components.packaging import Package
from components.usage_plans import plans_of
from contracts.authorizer import CREDENTIALS, RESULT_TTL_SECONDS
from contracts.env import AuthorizeEnv
from settings import Identity

MEMORY_MB = 256
TIMEOUT_SECONDS = 5
"""The issuer is given 3 s when its keys are asked for (`functions.authorize.issuer`)."""


@dataclass(frozen=True, kw_only=True)
class TokenAuthorizerArgs:
    common: FunctionCommon
    package: Package
    identity: Identity
    """Of kind `issuer`."""
    usage_plans: bool
    """Whether the API has a usage plan for each tenant."""


class TokenAuthorizer(pulumi.ComponentResource):
    """A function that verifies tokens with the issuer's keys and says which routes they open.

    It needs nothing of the account, so its role may log and trace and nothing else.
    """

    function: Function

    def __init__(
        self, name: str, args: TokenAuthorizerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:TokenAuthorizer", name, {}, opts)
        identity = args.identity
        if identity.issuer is None:
            raise ValueError("identity.issuer is null; the tokens of a pool need no function")
        plans = plans_of(args.common.tags) if args.usage_plans else ""
        self.function = Function(
            name,
            FunctionArgs(
                common=args.common,
                package=args.package,
                memory_mb=MEMORY_MB,
                timeout_seconds=TIMEOUT_SECONDS,
                environment={
                    AuthorizeEnv.ISSUER: identity.issuer,
                    AuthorizeEnv.JWKS_URL: identity.jwks_url or "",
                    AuthorizeEnv.AUDIENCE: json.dumps(identity.audience),
                    AuthorizeEnv.TENANT_CLAIM: identity.tenant_claim,
                    AuthorizeEnv.USAGE_PLANS_OF: plans,
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def judging(function: Function) -> dict[str, Any]:
    """What an authorizer of a REST API that asks the function is made of."""
    return {
        "type": "TOKEN",
        "authorizer_uri": function.alias_invoke_arn,
        # Also what an answer is kept by: the whole header, and nothing else of a request.
        "identity_source": "method.request.header.Authorization",
        "identity_validation_expression": f"^{CREDENTIALS}$",
        "authorizer_result_ttl_in_seconds": RESULT_TTL_SECONDS,
    }


def may_be_asked(
    name: str,
    function: Function,
    authorizer: aws.apigateway.Authorizer,
    *,
    execution_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Lets that authorizer alone call the function."""
    aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        principal="apigateway.amazonaws.com",
        function=function.function_name,
        qualifier=function.alias_name,
        source_arn=pulumi.Output.concat(execution_arn, "/authorizers/", authorizer.id),
        opts=opts,
    )
