"""What makes a new deployment of a REST API, and what stands where when groups change.

A deployment is a copy: what changes without a new one is never seen. The engine makes what is new
before it deletes what is old, and a path cannot be taken twice.
"""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

import settings
from components.documents.gateway_answers import ANSWERS
from components.identity import Access
from components.inference_api import InferenceApi, InferenceApiArgs
from tests.aws_requests import Unsent, faults
from tests.graph.programs import KEY, TAGS, VARIANTS, changed, stack_file, wire
from tests.harness import Graph, deploy

pytestmark = pytest.mark.graph

METHOD = "aws:apigateway/method:Method"
INTEGRATION = "aws:apigateway/integration:Integration"
RESOURCE = "aws:apigateway/resource:Resource"
TENANT_HEADER = "integration.request.header.X-Amz-Tenant-Id"


def function(name: str) -> Any:
    """As much of a Function as an API needs."""
    found = {"alias_invoke_arn": name, "function_name": name, "alias_name": "live"}
    return SimpleNamespace(**{key: pulumi.Output.from_input(text) for key, text in found.items()})


def door(base: str = "prod", sections: dict[str, Any] | None = None) -> Graph:
    """The front door alone, as a stack file with these changes has it."""

    def program() -> None:
        config = settings.load(pulumi.Config(), "prod")
        pool = config.identity.kind == "cognito"
        claims = {tenant.name: tenant.claim_value or "id" for tenant in config.tenants}
        groups: list[Any] = [
            SimpleNamespace(serving=serving, inference=function(serving.name))
            for serving in config.groups
        ]
        InferenceApi(
            "api",
            InferenceApiArgs(
                groups=groups,
                health=function("health"),
                access=Access(
                    issuer="https://login.example.com",
                    audience=["a"],
                    claims=claims,
                    token_url=None,
                    user_pool_id=None,
                    user_pool_arn="arn:pool" if pool else None,
                ),
                judge=None if pool else function("judge"),
                api=config.api,
                tenant_claim=config.identity.tenant_claim,
                endpoint_ids={"execute-api": "vpce-00000000"},
                log_key_arn=KEY,
                log_retention_days=config.functions.log_retention_days,
                tags=TAGS,
            ),
        )

    return deploy(program, stack="prod", config=wire(changed(base, sections or {})))


def trigger(graph: Graph) -> Any:
    return graph.one("aws:apigateway/deployment:Deployment", "api").inputs["triggers"]


def groups(*others: tuple[str, list[str]], first: bool = True, **more: Any) -> dict[str, Any]:
    """Groups with these names and models; the default group stands first or last."""
    (default,) = stack_file("prod")["warmline:groups"]
    named = [default | {"name": name, "models": models} | more for name, models in others]
    return {"groups": [default, *named] if first else [*named, default]}


ISSUER = VARIANTS["prod-issuer"][1]


@pytest.mark.parametrize(
    "sections",
    {
        "an integration": {"api": {"integration_timeout_seconds": 28}},
        "routes": groups(("a", ["fraud"])),
        "a policy": {"api": {"private_endpoints": ["vpce-0123456789abcdef0"]}},
        "whose endpoint": {
            "api": {"private_endpoints": ["network"]},
            "network": {"interface_endpoints": ["sqs", "execute-api"]},
        },
        "who judges tokens": ISSUER | {"api": {"usage_plan": None}},
    }.items(),
    ids=lambda entry: entry[0],
)
def test_settings_of_what_a_deployment_copies_make_a_new_one(
    sections: tuple[str, dict[str, Any]],
) -> None:
    assert trigger(door(sections=sections[1])) != trigger(door())


def test_a_plan_whose_key_is_asked_for_makes_a_new_deployment() -> None:
    without = door("prod-issuer", {"api": {"usage_plan": None}})
    assert trigger(door("prod-issuer")) != trigger(without)


def test_another_endpoint_makes_a_new_deployment() -> None:
    one, other = ({"api": {"private_endpoints": [f"vpce-0000000{n}"]}} for n in (1, 2))
    assert trigger(door(sections=one)) != trigger(door(sections=other))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("rest_api.ANSWERS", {k: v for k, v in ANSWERS.items() if k != "THROTTLED"}),
        ("rest_api.ANSWERS", {k: v._replace(detail="other") for k, v in ANSWERS.items()}),
        ("rest_api.BINARY", ["application/octet-stream"]),
        ("rest_api.EVERYTHING_ELSE", "GET /{rest+}"),
        ("token_authorizer.RESULT_TTL_SECONDS", 0),
        ("token_authorizer.CREDENTIALS", "Bearer .*"),
    ],
)
def test_code_of_what_a_deployment_copies_makes_a_new_one(
    place: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trigger(door("prod-issuer"))
    monkeypatch.setattr(f"components.{place}", value)
    assert trigger(door("prod-issuer")) != before


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"api": {"rate_limit_per_second": 700}},
        {"api": {"firewall": None}},
        {"functions": {"log_retention_days": 30}},
        {"groups": {"launch": {"provisioned_concurrency": 7}}},
    ],
)
def test_what_a_deployment_does_not_copy_makes_no_new_one(sections: dict[str, Any]) -> None:
    assert trigger(door(sections=sections)) == trigger(door())


def test_a_model_that_moves_to_another_group_keeps_its_paths_and_leads_elsewhere() -> None:
    before = door(sections=groups(("a", ["fraud", "model"]), ("b", ["risk"])))
    after = door(sections=groups(("a", ["model"]), ("b", ["risk", "fraud"])))
    placed = [
        sorted(r.urn for type_ in (METHOD, INTEGRATION, RESOURCE) for r in graph.all(type_))
        for graph in (before, after)
    ]
    assert placed[0] == placed[1]
    assert trigger(before) != trigger(after)
    led = {i.name: i.inputs["uri"] for i in after.all(INTEGRATION) if "of-a-group" in i.name}
    assert len(led) == 18
    for name, function in led.items():
        assert function == ("a" if "-models-model" in name else "b")


def test_the_order_of_groups_makes_nothing_anew() -> None:
    before = door(sections=groups(("a", ["fraud"]), ("b", ["risk"])))
    after = door(sections=groups(("b", ["risk"]), ("a", ["fraud"]), first=False))
    assert before.urns() == after.urns()
    assert trigger(before) == trigger(after)


def test_an_http_api_moves_a_model_in_place_too() -> None:
    http = {"api": {"kind": "http", "firewall": None}}
    before = door(sections=http | groups(("a", ["fraud", "x"]), ("b", ["risk"])))
    after = door(sections=http | groups(("a", ["x"]), ("b", ["risk", "fraud"])))
    route = "aws:apigatewayv2/route:Route"
    assert [r.urn for r in before.all(route)] == [r.urn for r in after.all(route)]
    name = "api-of-a-group-post-v2-models-fraud-infer"
    targets = [graph.one(route, name).inputs["target"] for graph in (before, after)]
    assert targets[0] != targets[1]


@pytest.mark.parametrize(
    ("base", "tenant"),
    [
        ("prod", "context.authorizer.claims.client_id"),
        ("prod-issuer", "context.authorizer.tenant"),
    ],
)
def test_an_isolated_group_is_called_for_the_tenant_of_the_token_whatever_a_caller_sends(
    base: str, tenant: str, aws: Unsent
) -> None:
    launch = stack_file("prod")["warmline:groups"][0]["launch"]
    isolated = groups(
        ("risk", ["fraud"]),
        shadow=False,
        launch=launch | {"tenancy": "isolated", "provisioned_concurrency": 0},
    )
    graph = door(base, isolated)
    leading = [i for i in graph.all(INTEGRATION) if i.inputs["uri"] == "risk"]
    assert len(leading) == 6
    for each in graph.all(INTEGRATION):
        expected = {TENANT_HEADER: tenant} if each in leading else None
        assert each.inputs.get("requestParameters") == expected, each.name
    # A header of a caller can be mapped from only where its method declares it.
    assert not [m.name for m in graph.all(METHOD) if m.inputs.get("requestParameters")]
    mapped = [resource for type_ in (METHOD, INTEGRATION) for resource in graph.all(type_)]
    assert "method.request" not in str([dict(resource.inputs) for resource in mapped])
    assert faults(mapped, aws) == []
    shared = door(base, groups(("risk", ["fraud"]), shadow=False))
    assert trigger(shared) != trigger(graph)
