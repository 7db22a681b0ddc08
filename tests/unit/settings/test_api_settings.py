"""The front door in a stack file: what it may say, alone and beside the rest."""

from typing import Any

import pytest

from components.documents.private_api import through_endpoints
from contracts.authorizer import MAX_TOKEN_CHARACTERS
from settings import limits
from tests.unit.settings.stack_files import changed, load, refusal

pytestmark = pytest.mark.unit

REST = ("api.kind", "rest")
DOMAIN: dict[str, Any] = {
    "name": "models.example.com",
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
    "zone_id": "Z0123456789ABC",
    "minimum_tls": "1.2",
}
CORS = {"allow_origins": ["https://app.example.com"], "max_age_seconds": 60}
FIREWALL = {"body_bytes": 6_000_000, "requests_per_address": 20_000}
PLAN = {"rate_limit_per_second": 5, "burst_limit": 10, "requests_per_day": 100}
ISSUER = (
    ("identity.kind", "issuer"),
    ("identity.issuer", "https://login.example.com/"),
    ("identity.audience", ["warmline"]),
    ("tenants", [{"name": "a", "claim_value": "a1", "scopes": [], "models": ["*"]}]),
)
ENDPOINT = "vpce-0123456789abcdef0"
NETWORK: dict[str, Any] = {
    "kind": "create",
    "cidr": "10.80.0.0/20",
    "zones": 2,
    "egress": "endpoints",
    "interface_endpoints": ["execute-api"],
    "flow_log_retention_days": 30,
}


def network(**changes: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f"network.{key}", value) for key, value in (NETWORK | changes).items())


REFUSED: dict[str, tuple[tuple[tuple[str, Any], ...], tuple[str, ...]]] = {
    "a gateway that should wait for longer than it does": (
        (("api.integration_timeout_seconds", 30),),
        (
            "integration_timeout_seconds is 30; it may be at most 29",
            "asynchronous job",
        ),
    ),
    "a firewall before an HTTP API": (
        (("api.firewall", FIREWALL),),
        ("firewall is set with kind 'http'; it must be null", "or choose kind 'rest'"),
    ),
    "an HTTP API that only an endpoint reaches": (
        (("api.private_endpoints", [ENDPOINT]),),
        ("private_endpoints is set with kind 'http'; it must be []", "or choose kind 'rest'"),
    ),
    "limits per tenant of an HTTP API": (
        (*ISSUER, ("api.usage_plan", PLAN)),
        ("usage_plan is set with kind 'http'; it must be null", "or choose kind 'rest'"),
    ),
    "pages that call a REST API": (
        (REST, ("api.cors", CORS)),
        ("cors is set with kind 'rest'; it must be null", "or choose kind 'http'"),
    ),
    "an HTTP API that speaks only the newest TLS": (
        (("api.custom_domain", DOMAIN | {"minimum_tls": "1.3"}),),
        ("custom_domain.minimum_tls is '1.3' with kind 'http'; it must be '1.2'", "kind 'rest'"),
    ),
    "a public name of a private API": (
        (REST, ("api.custom_domain", DOMAIN), ("api.private_endpoints", [ENDPOINT])),
        (f"custom_domain is set with private_endpoints ['{ENDPOINT}']", "private DNS"),
    ),
    "an endpoint twice": (
        (REST, ("api.private_endpoints", [ENDPOINT, ENDPOINT])),
        (f"private_endpoints is ['{ENDPOINT}', '{ENDPOINT}']; each endpoint once",),
    ),
    "more endpoints than a policy can name": (
        (REST, ("api.private_endpoints", [f"vpce-{number:017x}" for number in range(101)])),
        ("private_endpoints has 101 entries; at most 100", "8192 characters", "share an endpoint"),
    ),
    "the endpoint of a network that is not made": (
        (REST, ("api.private_endpoints", ["network"])),
        (
            "api.private_endpoints has 'network' while network.kind is 'none'; it must be 'create'",
            "the endpoint's id",
        ),
    ),
    "the endpoint of a network without one": (
        (REST, ("api.private_endpoints", ["network"]), *network(interface_endpoints=["sqs"])),
        (
            "api.private_endpoints has 'network' while network.interface_endpoints is ['sqs']",
            "it must have 'execute-api'",
            "or name an endpoint's id",
        ),
    ),
    "a tenant that gets more than all together": (
        (*ISSUER, REST, ("api.usage_plan", PLAN), ("api.rate_limit_per_second", 4)),
        ("usage_plan.rate_limit_per_second is 5; it may be at most rate_limit_per_second 4",),
    ),
    "a burst of a tenant above that of all": (
        (*ISSUER, REST, ("api.usage_plan", PLAN), ("api.burst_limit", 9)),
        ("usage_plan.burst_limit is 10; it may be at most burst_limit 9", "raise the other"),
    ),
    "a plan whose key a caller would send": (
        (REST, ("api.usage_plan", PLAN)),
        ("api.usage_plan is set with identity.kind 'cognito'; it must be null", "'issuer'"),
    ),
    "a firewall below what the function serves": (
        (REST, ("api.firewall", FIREWALL | {"body_bytes": 4_200_000})),
        (
            "api.firewall.body_bytes is 4200000; it must be above groups.0.max_body_bytes 4200000",
            "the firewall refuses",
        ),
    ),
    "a tenant whose name Lambda does not take": (
        (
            *ISSUER,
            REST,
            ("tenants.0.claim_value", "auth0|7"),
            ("groups.0.launch.tenancy", "isolated"),
            ("groups.0.shadow", False),
        ),
        (
            "tenants.0.claim_value is 'auth0|7' while groups.0.launch.tenancy is 'isolated'",
            "choose another identity.tenant_claim, or tenancy 'shared'",
        ),
    ),
}
"""What is refused -> the changes that alone bring it about, and words of the report."""


@pytest.mark.parametrize("what", REFUSED)
def test_a_front_door_that_cannot_be_is_refused_with_the_way_out(what: str) -> None:
    changes, words = REFUSED[what]
    text = refusal(changed(*changes))
    assert "has 1 problem(s)" in text, text
    for said in words:
        assert said in text


ACCEPTED: dict[str, tuple[tuple[str, Any], ...]] = {
    "all of a REST API": (
        *ISSUER,
        REST,
        ("api.firewall", FIREWALL),
        ("api.usage_plan", PLAN),
        ("api.custom_domain", DOMAIN | {"minimum_tls": "1.3"}),
    ),
    "pages and a name before an HTTP API": (("api.cors", CORS), ("api.custom_domain", DOMAIN)),
    "a firewall before a private API": (
        REST,
        ("api.private_endpoints", [ENDPOINT]),
        ("api.firewall", FIREWALL),
    ),
    "the endpoint of the stack's network beside another": (
        REST,
        ("api.private_endpoints", ["network", ENDPOINT]),
        *network(),
    ),
    "isolated tenants behind a REST API": (
        *ISSUER,
        REST,
        ("tenants.0.claim_value", "team/a:b+c=d@e f.g_h-i"),
        ("groups.0.launch.tenancy", "isolated"),
        ("groups.0.shadow", False),
    ),
    "a plan that gives a tenant all there is": (
        *ISSUER,
        REST,
        ("api.usage_plan", PLAN),
        ("api.rate_limit_per_second", 5),
        ("api.burst_limit", 10),
    ),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_front_door_that_can_be_is_taken(what: str) -> None:
    assert load(changed(*ACCEPTED[what])).api.integration_timeout_seconds == 29


@pytest.mark.parametrize(
    "endpoint", ["vpce-", "vpce-0123456789ABCDEF0", "vpc-0123456789abcdef0", "networks", "*"]
)
def test_a_private_endpoint_is_an_id_or_the_networks(endpoint: str) -> None:
    text = refusal(changed(REST, ("api.private_endpoints", [endpoint])))
    assert "warmline:api.private_endpoints.0: " in text


def test_a_policy_has_room_for_as_many_endpoints_as_are_allowed() -> None:
    count = limits.GATEWAY_PRIVATE_ENDPOINTS
    names = [f"vpce-{number:017x}" for number in range(count)]
    arn = f"arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:{'a' * 10}"
    size = len(str(through_endpoints(arn, names)))
    assert size <= limits.GATEWAY_POLICY_CHARACTERS
    assert len(load(changed(REST, ("api.private_endpoints", names))).api.private_endpoints) == count


def listing(count: int) -> tuple[tuple[str, Any], ...]:
    """This many models by name, in groups of 20 at most."""
    (default,) = changed()["warmline:groups"]
    names = [f"m{number}" for number in range(count)]
    parts = [names[start : start + 20] for start in range(0, count, 20)]
    named = [default | {"name": f"g{i}", "models": part} for i, part in enumerate(parts)]
    return (REST, ("groups", [default, *named]))


def test_a_rest_api_has_fewer_models_by_name_because_every_part_of_a_path_counts() -> None:
    # The root, one for what has no route, 12 of the default group and health; 7 of each model.
    possible = (limits.REST_RESOURCES - 2 - 12) // 7
    load(changed(*listing(possible)))
    text = refusal(changed(*listing(possible + 1)))
    assert f"groups lists {possible + 1} models by name, which makes 301 resources" in text
    assert "with api.kind 'rest'; at most 300 are possible" in text
    load(changed(*listing(possible + 1)[1:]))


def test_a_pool_behind_a_rest_api_has_as_many_clients_as_a_pool_may_have() -> None:
    tenant = {"claim_value": None, "scopes": ["models/read"], "models": ["m"]}
    tenants = [{"name": f"t{index}", **tenant} for index in range(1_001)]
    text = refusal(changed(REST, ("tenants", tenants)))
    assert "tenants has 1001 entries; at most 1000 are possible" in text
    load(changed(REST, ("tenants", tenants[:1_000])))


def test_plans_have_no_more_keys_than_an_account() -> None:
    tenant = {"scopes": [], "models": ["m"]}
    tenants = [{"name": f"t{i}", "claim_value": f"c{i}", **tenant} for i in range(10_001)]
    plan = (*ISSUER[:3], REST, ("api.usage_plan", PLAN))
    text = refusal(changed(*plan, ("tenants", tenants)))
    assert "tenants has 10001 entries with api.usage_plan set; at most 10000 are possible" in text


def test_the_longest_token_that_is_looked_at_passes_the_gateway() -> None:
    assert len("Authorization: Bearer ") + MAX_TOKEN_CHARACTERS < limits.GATEWAY_HEADER_BYTES
