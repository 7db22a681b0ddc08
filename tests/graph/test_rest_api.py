"""The front door as a REST API: who gets in, what it says itself, and what stands before it."""

import json
import re
from typing import Any

import pytest

from components.documents.gateway_answers import ANSWERS
from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES
from functions.authorize.answer import answer
from functions.authorize.config import Config as AuthorizeConfig
from tests.graph.programs import DOMAIN, changed, graph_of, run, with_kind
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

API = "aws:apigateway/restApi:RestApi"
METHOD = "aws:apigateway/method:Method"
INTEGRATION = "aws:apigateway/integration:Integration"
RESPONSE = "aws:apigateway/response:Response"
SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
STAGE = "aws:apigateway/stage:Stage"
ACL = "aws:wafv2/webAcl:WebAcl"
TLS_1_3 = "SecurityPolicy_TLS13_1_3"


WITH_A_POOL = [name for name in with_kind("rest") if name != "prod-issuer"]


@pytest.fixture
def issuer() -> Graph:
    """Prod with an issuer that is no pool, and a usage plan."""
    return graph_of("prod-issuer")


@pytest.fixture(params=with_kind("rest"))
def graph(request: pytest.FixtureRequest) -> Graph:
    return graph_of(request.param)


def paths(graph: Graph) -> dict[str, str]:
    """Id of each resource -> its path."""
    api = graph.one(API, "api")
    found = {api.outputs["rootResourceId"]: ""}
    waiting = list(graph.all("aws:apigateway/resource:Resource"))
    while waiting:
        known = [r for r in waiting if r.inputs["parentId"] in found]
        assert known, "a resource hangs in the air"
        for resource in known:
            above = found[resource.inputs["parentId"]]
            found[placed(resource)] = f"{above}/{resource.inputs['pathPart']}"
            waiting.remove(resource)
    return found


def placed(resource: Resource) -> str:
    return resource.outputs["id"]


def methods(graph: Graph) -> dict[str, Resource]:
    """`GET /v2` -> the method."""
    at = paths(graph)
    return {f"{m.inputs['httpMethod']} {at[m.inputs['resourceId']]}": m for m in graph.all(METHOD)}


@pytest.mark.parametrize("name", WITH_A_POOL)
def test_every_method_but_health_needs_a_token_with_one_scope(name: str) -> None:
    found = methods(graph_of(name))
    assert set(found) == {*MODEL_ROUTES, *HEALTH_ROUTES, "ANY /{rest+}"}
    for route, scope in MODEL_ROUTES.items():
        assert found[route].inputs["authorization"] == "COGNITO_USER_POOLS"
        assert found[route].inputs["authorizationScopes"] == [scope]
        assert found[route].inputs["authorizerId"]
    for route in HEALTH_ROUTES:
        assert found[route].inputs["authorization"] == "NONE"
    rest = found["ANY /{rest+}"].inputs
    assert rest["authorization"] == "COGNITO_USER_POOLS"
    assert set(rest["authorizationScopes"]) == set(MODEL_ROUTES.values())


def test_only_routes_of_models_reach_the_inference_function(graph: Graph) -> None:
    at = paths(graph)
    aliases = {a.outputs["invokeArn"]: a.name for a in graph.all("aws:lambda/alias:Alias")}
    for each in graph.all(INTEGRATION):
        route = f"{each.inputs['httpMethod']} {at[each.inputs['resourceId']]}"
        expected = "serving-predict" if route in MODEL_ROUTES else "health"
        assert aliases[each.inputs["uri"]] == expected
        assert (each.inputs["type"], each.inputs["integrationHttpMethod"]) == ("AWS_PROXY", "POST")


def test_the_function_gives_up_before_the_gateway_does(graph: Graph) -> None:
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    for integration in graph.all(INTEGRATION):
        limit = integration.inputs["timeoutMilliseconds"]
        assert function.inputs["timeout"] * 1_000 < limit <= 29_000


def test_bodies_reach_the_function_as_they_were_sent_whatever_their_type(graph: Graph) -> None:
    assert graph.one(API, "api").inputs["binaryMediaTypes"] == ["*/*"]


def test_the_stage_is_limited_measured_and_traced_and_writes_no_payload(graph: Graph) -> None:
    settings = {s.inputs["methodPath"]: s.inputs["settings"] for s in graph.all(SETTINGS)}
    assert set(settings) == {"*/*", "v2/health/live/GET", "v2/health/ready/GET"}
    for each in settings.values():
        assert each["throttlingRateLimit"] >= 1
        assert each["throttlingBurstLimit"] >= 1
        assert each["metricsEnabled"] is True
        assert each["dataTraceEnabled"] is False
        assert each["loggingLevel"] == "OFF"
    for path, each in settings.items():
        if path != "*/*":
            assert each["throttlingRateLimit"] <= 10
            assert each["throttlingBurstLimit"] <= 20
    assert graph.one(STAGE, "api").inputs["xrayTracingEnabled"] is True


def test_the_access_log_holds_no_payload_path_or_header(graph: Graph) -> None:
    settings = graph.one(STAGE, "api").inputs["accessLogSettings"]
    assert json.loads(settings["format"])["xray_trace_id"] == "$context.xrayTraceId"
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "api-access")
    assert settings["destinationArn"] == group.outputs["arn"]
    assert group.inputs["name"].startswith("/aws/vendedlogs/")
    fields = json.loads(settings["format"])
    # The pattern of the path, not the path.
    assert fields["route"] == "$context.httpMethod $context.resourcePath"
    variables = re.findall(r"\$context\.[A-Za-z_.]+", settings["format"])
    for forbidden in ("body", "context.path", "header", "querystring", "sourceIp", "userAgent"):
        assert not [v for v in variables if forbidden in v], forbidden


def test_every_answer_of_the_gateway_is_a_problem_document(graph: Graph) -> None:
    responses = {r.inputs["responseType"]: r.inputs for r in graph.all(RESPONSE)}
    assert responses.keys() == ANSWERS.keys()
    for type_, response in responses.items():
        (template,) = response["responseTemplates"].values()
        document = json.loads(template)
        assert document["status"] == int(response["statusCode"])
        assert document["instance"] == "$context.requestId"
        assert {"type", "title", "detail", "action", "error"} <= document.keys(), type_
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        again = "gatewayresponse.header.Retry-After" in headers
        assert again == (document["status"] in (429, 503, 504) and type_ != "QUOTA_EXCEEDED")
        assert ("gatewayresponse.header.WWW-Authenticate" in headers) == (document["status"] == 401)


def deployment(graph: Graph) -> Resource:
    return graph.one("aws:apigateway/deployment:Deployment", "api")


COPIED = (
    *(METHOD, INTEGRATION, RESPONSE, "aws:apigateway/resource:Resource"),
    *("aws:apigateway/authorizer:Authorizer", "aws:apigateway/restApiPolicy:RestApiPolicy"),
)


def test_a_deployment_comes_after_all_that_it_copies(graph: Graph) -> None:
    copied = {r.urn for type_ in COPIED for r in graph.all(type_)}
    assert copied <= deployment(graph).dependencies


@pytest.mark.parametrize("minimum_tls", ["1.2", "1.3"])
def test_a_deployment_is_made_anew_when_a_name_of_ones_own_comes_or_goes(
    prod: Graph, minimum_tls: str
) -> None:
    """AWS switches its own address off, or on, with a deployment: without one it stays open when
    the name comes, and closed when the name goes."""
    named = run(
        "prod", changed("prod", {"api": {"custom_domain": DOMAIN | {"minimum_tls": minimum_tls}}})
    )
    deployment = "aws:apigateway/deployment:Deployment"
    assert (
        named.one(deployment, "api").inputs["triggers"]
        != prod.one(deployment, "api").inputs["triggers"]
    )


def test_no_address_of_an_api_speaks_less_than_tls_1_2(graph: Graph) -> None:
    assert graph.one(API, "api").inputs["securityPolicy"].startswith(("TLS_1_2", TLS_1_3))


def test_a_name_and_the_api_behind_it_speak_the_same_tls() -> None:
    graph = graph_of("prod-domain")
    api, domain = graph.one(API, "api"), graph.one("aws:apigateway/domainName:DomainName", "api")
    for said in ("securityPolicy", "endpointAccessMode"):
        assert api.inputs[said] == domain.inputs[said]
    assert api.inputs["securityPolicy"].startswith(TLS_1_3)


def test_only_this_api_may_call_each_alias(graph: Graph) -> None:
    api = graph.one(API, "api").outputs["executionArn"]
    for permission in graph.all("aws:lambda/permission:Permission"):
        assert permission.inputs["principal"] == "apigateway.amazonaws.com"
        assert permission.inputs["sourceArn"].startswith(f"{api}/")


def test_every_method_but_health_asks_the_function_that_judges_an_issuers_tokens(
    issuer: Graph,
) -> None:
    authorizer = issuer.one("aws:apigateway/authorizer:Authorizer", "api")
    alias = issuer.one("aws:lambda/alias:Alias", "authorize").outputs
    assert authorizer.inputs["authorizerUri"] == alias["invokeArn"]
    found = methods(issuer)
    assert set(found) == {*MODEL_ROUTES, *HEALTH_ROUTES, "ANY /{rest+}"}
    for route, method in found.items():
        open_to_all = route in HEALTH_ROUTES
        assert method.inputs["authorization"] == ("NONE" if open_to_all else "CUSTOM")
        assert ("authorizerId" in method.inputs) is not open_to_all
        # The function has the scopes; here they would ask for a pool's token.
        assert "authorizationScopes" not in method.inputs
        assert method.inputs.get("apiKeyRequired", False) is not open_to_all
    issuer.none("aws:cognito/userPool:UserPool")


def test_each_tenant_has_the_limits_of_the_plan_by_the_key_that_the_function_names(
    issuer: Graph,
) -> None:
    assert issuer.one(API, "api").inputs["apiKeySource"] == "AUTHORIZER"
    plan = issuer.one("aws:apigateway/usagePlan:UsagePlan", "api")
    stage = issuer.one(STAGE, "api")
    assert plan.inputs["apiStages"] == [{"apiId": stage.inputs["restApi"], "stage": "live"}]
    assert plan.inputs["throttleSettings"] == {"burstLimit": 100, "rateLimit": 50}
    assert plan.inputs["quotaSettings"] == {"limit": 1_000_000, "period": "DAY"}
    function = issuer.one("aws:lambda/function:Function", "authorize").inputs
    config = AuthorizeConfig.from_environ(function["environment"]["variables"])
    keys = {key.name: key for key in issuer.all("aws:apigateway/apiKey:ApiKey")}
    claims = {"api-risk": "risk-app", "api-shop": "shop-app"}
    for name, claim in claims.items():
        said = answer({config.tenant_claim: claim}, "arn", config)["usageIdentifierKey"]
        assert keys[name].inputs["value"]["value"] == said  # as a secret, whatever it is worth
    assert keys.keys() == claims.keys()
    for link in issuer.all("aws:apigateway/usagePlanKey:UsagePlanKey"):
        assert link.property_dependencies["keyId"] == {keys[link.name].urn}
        assert link.property_dependencies["usagePlanId"] == {plan.urn}


def test_without_a_plan_no_key_is_asked_for(prod: Graph) -> None:
    assert "apiKeySource" not in prod.one(API, "api").inputs
    assert not [m for m in prod.all(METHOD) if m.inputs.get("apiKeyRequired")]
    prod.none("aws:apigateway/usagePlan:UsagePlan")


def test_the_access_log_says_whose_token_it_was_whoever_judged_it(
    prod: Graph, issuer: Graph
) -> None:
    for graph, client in ((prod, "claims.client_id"), (issuer, "client_id")):
        form = json.loads(graph.one(STAGE, "api").inputs["accessLogSettings"]["format"])
        assert form["client"] == f"$context.authorizer.{client}"


@pytest.mark.parametrize("name", WITH_A_POOL)
def test_the_pools_tokens_are_judged_by_the_gateway(name: str) -> None:
    graph = graph_of(name)
    authorizer = graph.one("aws:apigateway/authorizer:Authorizer", "api").inputs
    pool = graph.one("aws:cognito/userPool:UserPool", "identity").outputs["arn"]
    assert authorizer["type"] == "COGNITO_USER_POOLS"
    assert authorizer["providerArns"] == [pool]
    assert authorizer["identitySource"] == "method.request.header.Authorization"


def test_alarms_and_dashboard_look_at_the_numbers_of_a_rest_api(graph: Graph) -> None:
    (alarm,) = [
        a
        for a in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")
        if a.name == "observability-api-5xx"
    ]
    assert alarm.inputs["metricName"] == "5XXError"
    assert set(alarm.inputs["dimensions"]) == {"ApiName", "Stage"}
    body = graph.one("aws:cloudwatch/dashboard:Dashboard", "observability").inputs["dashboardBody"]
    api = graph.one(API, "api").outputs["name"]
    assert f'"4XXError", "ApiName", "{api}", "Stage", "live"' in body


def rules_of(graph: Graph) -> dict[str, Any]:
    return {rule["name"]: rule for rule in graph.one(ACL, "api").inputs["rules"]}


def test_the_firewall_stands_before_the_stage(prod: Graph) -> None:
    link = prod.one("aws:wafv2/webAclAssociation:WebAclAssociation", "api").inputs
    assert link["resourceArn"] == prod.one(STAGE, "api").outputs["arn"]
    assert link["webAclArn"] == prod.one(ACL, "api").outputs["arn"]
    rules = rules_of(prod)
    assert len({rule["priority"] for rule in rules.values()}) == len(rules)
    assert {name for name in rules if name.startswith("AWSManaged")} == {
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesAmazonIpReputationList",
    }
    assert rules["rate"]["statement"]["rateBasedStatement"]["limit"] == 20_000


def test_the_firewall_lets_pass_a_body_that_the_function_takes(prod: Graph) -> None:
    rules = rules_of(prod)
    common = rules["AWSManagedRulesCommonRuleSet"]["statement"]["managedRuleGroupStatement"]
    counted = {o["name"] for o in common["ruleActionOverrides"] if "count" in o["actionToUse"]}
    assert "SizeRestrictions_BODY" in counted
    size = rules["body-size"]["statement"]["regexMatchStatement"]
    assert size["fieldToMatch"] == {"singleHeader": {"name": "content-length"}}
    assert "block" in rules["body-size"]["action"]
    assert not re.fullmatch(size["regexString"], "4200000")
    assert re.fullmatch(size["regexString"], "6000001")


def test_what_the_firewall_writes_down_holds_no_token_and_has_a_key(prod: Graph) -> None:
    log = prod.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "api").inputs
    group = prod.one("aws:cloudwatch/logGroup:LogGroup", "api-firewall")
    assert group.inputs["name"].startswith("aws-waf-logs-")
    assert group.inputs["kmsKeyId"]
    assert log["logDestinationConfigs"] == [group.outputs["arn"]]
    assert {"singleHeader": {"name": "authorization"}} in log["redactedFields"]
    for rule in rules_of(prod).values():
        assert rule["visibilityConfig"]["sampledRequestsEnabled"] is False


@pytest.mark.parametrize("name", ["prod-private-rest", "prod-private-api"])
def test_a_private_api_is_reached_through_its_endpoints_alone(name: str) -> None:
    """That of a network that was there, and that of the stack's own."""
    graph = graph_of(name)
    ours = graph.all("aws:ec2/vpcEndpoint:VpcEndpoint")
    (through,) = [e.outputs["id"] for e in ours if e.name == "network-execute-api"] or [
        "vpce-0123456789abcdef0"
    ]
    endpoint = graph.one(API, "api").inputs["endpointConfiguration"]
    assert endpoint == {"types": "PRIVATE", "vpcEndpointIds": [through]}
    policy = graph.one("aws:apigateway/restApiPolicy:RestApiPolicy", "api")
    arn = graph.one(API, "api").outputs["executionArn"]
    allowed, denied = json.loads(policy.inputs["policy"])["Statement"]
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceVpce": [through]}}
    # The answer of an authorizer would let in whom the policy only does not allow.
    assert denied["Condition"] == {"StringNotEquals": {"aws:SourceVpce": [through]}}
    for statement in (allowed, denied):
        assert statement["Resource"] == f"{arn}/*"
        assert statement["Principal"] == "*"
    # AWS refuses to deploy a private API without a policy.
    assert policy.urn in deployment(graph).dependencies
    graph.one("aws:wafv2/webAclAssociation:WebAclAssociation", "api")


@pytest.mark.parametrize(
    ("name", "domain", "policy", "record"),
    [
        ("prod-domain", "aws:apigateway/domainName:DomainName", "TLS13", True),
        ("dev-domain", "aws:apigatewayv2/domainName:DomainName", "TLS_1_2", False),
    ],
)
def test_a_name_of_ones_own_replaces_the_address_that_aws_makes(
    name: str, domain: str, policy: str, record: bool
) -> None:
    graph = graph_of(name)
    made = graph.one(domain, "api").inputs
    said = made.get("securityPolicy") or made["domainNameConfiguration"]["securityPolicy"]
    assert policy in said
    assert graph.outputs["api_url"] == "https://models.example.com"
    (api,) = graph.all(API) or graph.all("aws:apigatewayv2/api:Api")
    assert api.inputs["disableExecuteApiEndpoint"] is True
    assert len(graph.all("aws:route53/record:Record")) == record
