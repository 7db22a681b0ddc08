"""The front door as an HTTP API: who gets in, how fast, and what is written down; and what holds
of both kinds: who issues tokens."""

import json
from typing import Any

import pytest

from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES
from tests.graph.programs import graph_of, run, stack_file, with_kind
from tests.harness import Graph

pytestmark = pytest.mark.graph

ROUTE = "aws:apigatewayv2/route:Route"


@pytest.fixture(params=with_kind("http"))
def graph(request: pytest.FixtureRequest) -> Graph:
    return graph_of(request.param)


def integration_of(graph: Graph, route: Any) -> str:
    integration_id = route.inputs["target"].removeprefix("integrations/")
    (found,) = [
        i
        for i in graph.all("aws:apigatewayv2/integration:Integration")
        if i.outputs["name"] == integration_id
    ]
    return found.name


def test_every_route_but_health_needs_a_token_with_one_scope(graph: Graph) -> None:
    routes = {route.inputs["routeKey"]: route.inputs for route in graph.all(ROUTE)}
    assert set(routes) == {*MODEL_ROUTES, *HEALTH_ROUTES}
    for key, scope in MODEL_ROUTES.items():
        assert routes[key]["authorizationType"] == "JWT"
        assert routes[key]["authorizationScopes"] == [scope]
        assert routes[key]["authorizerId"]
    for key in HEALTH_ROUTES:
        assert routes[key]["authorizationType"] == "NONE"
    assert "$default" not in routes


def test_infer_needs_the_infer_scope_and_metadata_the_read_scope() -> None:
    for route, scope in MODEL_ROUTES.items():
        assert scope == ("models/infer" if route.endswith("/infer") else "models/read"), route


def test_an_open_route_never_reaches_the_inference_function(graph: Graph) -> None:
    for route in graph.all(ROUTE):
        expected = "api-health" if "/health/" in route.inputs["routeKey"] else "api-inference"
        assert integration_of(graph, route) == expected


def test_the_function_gives_up_before_the_gateway_does(graph: Graph) -> None:
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    for integration in graph.all("aws:apigatewayv2/integration:Integration"):
        limit = integration.inputs["timeoutMilliseconds"]
        assert function.inputs["timeout"] * 1_000 < limit <= 29_000
        assert integration.inputs["payloadFormatVersion"] == "2.0"


def test_the_stage_always_says_positive_limits(graph: Graph) -> None:
    settings = graph.one("aws:apigatewayv2/stage:Stage", "api").inputs["defaultRouteSettings"]
    assert settings["throttlingRateLimit"] >= 1
    assert settings["throttlingBurstLimit"] >= 1
    assert settings["detailedMetricsEnabled"] is True


def test_health_which_anyone_may_ask_has_a_limit_of_its_own_and_is_there_before_it(
    graph: Graph,
) -> None:
    stage = graph.one("aws:apigatewayv2/stage:Stage", "api")
    limited = {s["routeKey"]: s for s in stage.inputs["routeSettings"]}
    open_to_all = [r for r in graph.all(ROUTE) if r.inputs["authorizationType"] == "NONE"]
    assert set(limited) == {route.inputs["routeKey"] for route in open_to_all}
    assert {route.urn for route in open_to_all} <= stage.dependencies
    for settings in limited.values():
        assert 1 <= settings["throttlingRateLimit"] <= 10
        assert 1 <= settings["throttlingBurstLimit"] <= 20


def test_the_access_log_holds_no_payload_path_or_header(graph: Graph) -> None:
    settings = graph.one("aws:apigatewayv2/stage:Stage", "api").inputs["accessLogSettings"]
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "api-access")
    assert settings["destinationArn"] == group.outputs["arn"]
    fields = json.loads(settings["format"])
    assert fields["route"] == "$context.routeKey"
    for forbidden in ("body", "path", "header", "querystring", "sourceIp"):
        assert forbidden not in settings["format"], forbidden


def test_only_this_api_may_call_each_alias(graph: Graph) -> None:
    api = graph.one("aws:apigatewayv2/api:Api", "api").outputs["executionArn"]
    permissions = graph.all("aws:lambda/permission:Permission")
    functions = {f.outputs["name"] for f in graph.all("aws:lambda/function:Function")}
    assert {p.inputs["function"] for p in permissions} == functions
    for permission in permissions:
        assert permission.inputs["principal"] == "apigateway.amazonaws.com"
        assert permission.inputs["sourceArn"].startswith(f"{api}/")


def test_tokens_of_the_pool_are_accepted_for_its_clients(graph: Graph) -> None:
    jwt = graph.one("aws:apigatewayv2/authorizer:Authorizer", "api").inputs["jwtConfiguration"]
    pool = graph.outputs["user_pool_id"]
    assert jwt["issuer"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
    assert set(jwt["audiences"]) == set(graph.outputs["tenants"].values())


def test_a_client_may_ask_for_its_tenants_scopes_and_nothing_else(graph: Graph) -> None:
    server = graph.one("aws:cognito/resourceServer:ResourceServer", "identity")
    known = {f"models/{scope['scopeName']}" for scope in server.inputs["scopes"]}
    assert known == {"models/infer", "models/read", "models/write"}
    for client in graph.all("aws:cognito/userPoolClient:UserPoolClient"):
        assert set(client.inputs["allowedOauthScopes"]) <= known
        assert client.inputs["allowedOauthFlows"] == ["client_credentials"]
        assert client.inputs["generateSecret"] is True
        assert server.urn in client.dependencies


def test_a_token_is_valid_for_the_minutes_of_the_settings_and_its_secret_stays_one(
    graph: Graph,
) -> None:
    for client in graph.all("aws:cognito/userPoolClient:UserPoolClient"):
        assert client.inputs["accessTokenValidity"] == 60
        assert client.inputs["tokenValidityUnits"] == {"accessToken": "minutes"}
        assert "clientSecret" in client.secret_outputs


def test_nobody_signs_up_to_the_pool(graph: Graph) -> None:
    pool = graph.one("aws:cognito/userPool:UserPool", "identity").inputs
    assert pool["adminCreateUserConfig"]["allowAdminCreateUserOnly"] is True


def test_the_token_endpoint_is_the_pools_domain_or_the_laptops() -> None:
    graph = run("dev")
    domain = graph.one("aws:cognito/userPoolDomain:UserPoolDomain", "identity").inputs["domain"]
    assert graph.outputs["token_url"] == (
        f"https://{domain}.auth.us-east-1.amazoncognito.com/oauth2/token"
    )
    laptop = stack_file("local") | {"warmline:endpoint_url": "http://127.0.0.1:4566"}
    assert run("local", laptop).outputs["token_url"] == "http://127.0.0.1:4566/oauth2/token"


def outside(issuer: str) -> dict[str, Any]:
    """The dev stack with an issuer that exists already."""
    config = stack_file("dev")
    config["warmline:identity"] = config["warmline:identity"] | {
        "kind": "issuer",
        "issuer": issuer,
        "audience": "warmline-api",
        "tenant_claim": "azp",
        "token_url": "https://login.example.com/token",
    }
    config["warmline:tenants"] = [
        {"name": "risk", "claim_value": "risk-app", "scopes": [], "models": ["*"]}
    ]
    return config


@pytest.mark.parametrize("issuer", ["https://login.example.com", "https://login.example.com/"])
def test_an_outside_issuer_is_used_as_it_is_written_and_no_pool_is_made(issuer: str) -> None:
    graph = run("dev", outside(issuer))
    graph.none("aws:cognito/userPool:UserPool")
    graph.none("aws:cognito/userPoolClient:UserPoolClient")
    jwt = graph.one("aws:apigatewayv2/authorizer:Authorizer", "api").inputs["jwtConfiguration"]
    assert jwt == {"issuer": issuer, "audiences": ["warmline-api"]}
    assert graph.outputs["tenants"] == {"risk": "risk-app"}
    item = graph.one("aws:dynamodb/tableItem:TableItem", "registry-tenant-risk")
    assert '"pk": {"S": "TENANT#risk-app"}' in item.inputs["item"]
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    assert function.inputs["environment"]["variables"]["WARMLINE_TENANT_CLAIM"] == "azp"


def test_browsers_may_call_only_where_the_settings_say_so(dev: Graph) -> None:
    assert "corsConfiguration" not in dev.one("aws:apigatewayv2/api:Api", "api").inputs
    config = stack_file("dev")
    cors = {"allow_origins": ["https://app.example.com"], "max_age_seconds": 600}
    config["warmline:api"] = config["warmline:api"] | {"cors": cors}
    api = run("dev", config).one("aws:apigatewayv2/api:Api", "api")
    assert api.inputs["corsConfiguration"]["allowOrigins"] == ["https://app.example.com"]
    assert api.inputs["corsConfiguration"]["allowMethods"] == ["GET", "POST"]
    assert {"traceparent", "tracestate"} <= set(api.inputs["corsConfiguration"]["allowHeaders"])
