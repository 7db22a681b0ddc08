"""The function that judges tokens for a REST API, and how the gateway is told of it."""

import json
import re
from typing import Any

import pulumi
import pulumi_aws as aws_provider
import pytest

from components.token_authorizer import (
    TIMEOUT_SECONDS,
    TokenAuthorizer,
    TokenAuthorizerArgs,
    judging,
    may_be_asked,
)
from contracts.env import AuthorizeEnv
from functions.authorize.config import Config
from functions.authorize.issuer import FETCH_SECONDS
from settings import Identity
from settings.limits import AUDIENCE_CHARACTERS
from tests.aws_requests import Unsent, faults
from tests.graph.linting import findings
from tests.graph.programs import function_common, unbuilt
from tests.harness import ACCOUNT_ID, REGION, Graph, deploy

pytestmark = pytest.mark.graph

API = f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:a1b2c3"
ISSUER = "https://login.example.com/"
IDENTITY: dict[str, Any] = {
    "kind": "issuer",
    "issuer": ISSUER,
    "jwks_url": None,
    "audience": ("warmline", "second"),
    "tenant_claim": "azp",
    "token_url": None,
    "token_validity_minutes": 60,
}


def built(*, usage_plans: bool = False, **identity: Any) -> Graph:
    def build() -> None:
        authorizer = TokenAuthorizer(
            "authorize",
            TokenAuthorizerArgs(
                common=function_common(),
                package=unbuilt("authorize", python_version="3.13", architecture="arm64"),
                identity=Identity(**(IDENTITY | identity)),
                usage_plans=usage_plans,
            ),
        )
        asking = aws_provider.apigateway.Authorizer(
            "api", rest_api="a1b2c3", **judging(authorizer.function)
        )
        may_be_asked(
            "api",
            authorizer.function,
            asking,
            execution_arn=API,
            opts=pulumi.ResourceOptions(parent=authorizer),
        )

    return deploy(build)


def environment(graph: Graph) -> dict[str, str]:
    function = graph.one("aws:lambda/function:Function", "authorize")
    return function.inputs["environment"]["variables"]


def test_the_function_gets_exactly_the_environment_that_it_reads() -> None:
    found = environment(built(usage_plans=True, jwks_url="https://keys.example.com/set"))
    assert set(found) == {name.value for name in AuthorizeEnv}
    assert Config.from_environ(found) == Config(
        issuer=ISSUER,
        jwks_url="https://keys.example.com/set",
        audience=frozenset({"warmline", "second"}),
        tenant_claim="azp",
        usage_plans_of="p-s",
    )


def test_the_largest_settings_fit_into_lambdas_four_kilobytes() -> None:
    audience = ("a" * 246,) * 10
    assert len(json.dumps(audience)) == AUDIENCE_CHARACTERS
    url = "https://login.example.com/".ljust(400, "x")
    found = environment(built(usage_plans=True, issuer=url, jwks_url=url, audience=audience))
    assert sum(len(name) + len(value) for name, value in found.items()) < 4_096


def test_its_role_may_log_and_trace_and_nothing_else() -> None:
    graph = built()
    (policy,) = graph.all("aws:iam/rolePolicy:RolePolicy")
    assert policy.name == "authorize-logs-and-traces"
    assert not findings(policy.inputs["policy"])
    assert "vpcConfig" not in graph.one("aws:lambda/function:Function", "authorize").inputs


def test_it_answers_after_the_issuer_had_its_time() -> None:
    assert FETCH_SECONDS < TIMEOUT_SECONDS


def test_the_gateway_asks_the_alias_and_only_for_what_may_be_a_token() -> None:
    graph = built()
    authorizer = graph.one("aws:apigateway/authorizer:Authorizer", "api").inputs
    alias = graph.one("aws:lambda/alias:Alias", "authorize").outputs
    assert authorizer["authorizerUri"] == alias["invokeArn"]
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == ("TOKEN", 60)
    # An answer is kept by the whole header: another token, another answer.
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    expression = authorizer["identityValidationExpression"]
    assert re.search(expression, "Bearer aaa.bb-_.cc")
    for other in ("Bearer a.b", "Bearer a.b.c.d", "Basic a.b.c", "a.b.c", "Bearer a.b.c "):
        assert not re.search(expression, other)


def test_only_this_authorizer_may_call_the_function() -> None:
    graph = built()
    made = graph.one("aws:lambda/permission:Permission", "api")
    permission = made.inputs
    authorizer = graph.one("aws:apigateway/authorizer:Authorizer", "api")
    assert permission["qualifier"] == "live"
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert re.fullmatch(rf"{API}/authorizers/[^*/]+", permission["sourceArn"])
    assert made.property_dependencies["sourceArn"] == {authorizer.urn}


def test_the_request_for_it_is_one_that_aws_takes(aws: Unsent) -> None:
    assert not faults(built().all("aws:apigateway/authorizer:Authorizer"), aws)
    assert aws.operations == ["apigateway CreateAuthorizer"]


def test_a_pool_needs_no_such_function() -> None:
    with pytest.raises(ValueError, match=r"identity\.issuer is null"):
        built(kind="cognito", issuer=None, audience=(), tenant_claim="client_id")
