"""What an answer opens: the routes of the token's scopes, and nothing beside them."""

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES, with_parameters
from contracts.authorizer import usage_key
from contracts.protocol import SCOPE_INFER, SCOPE_READ, SCOPE_WRITE
from functions.authorize.answer import answer, asked, policy
from tests.unit.authorize.issuer import CONFIG, claims

pytestmark = pytest.mark.unit

STAGE = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/prod"
SCOPES = sorted(set(MODEL_ROUTES.values()))


def method_arn(route: str, value: str = "magika") -> str:
    method, path = with_parameters(route, value).split(" ", 1)
    return f"{STAGE}/{method}{path}"


def allows(document: dict[str, Any], arn: str) -> bool:
    """As IAM matches: `*` is any text, slashes included."""
    (statement,) = document["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    hit = any(fnmatchcase(arn, pattern) for pattern in statement["Resource"])
    return statement["Effect"] == "Allow" and hit


@pytest.mark.parametrize("scopes", [set(), {SCOPE_READ}, {SCOPE_INFER}, {*SCOPES}, {SCOPE_WRITE}])
def test_a_policy_opens_every_route_of_its_scopes_and_no_other(scopes: set[str]) -> None:
    document = policy(STAGE, scopes)
    for route, needed in MODEL_ROUTES.items():
        assert allows(document, method_arn(route)) is (needed in scopes)
    for route in HEALTH_ROUTES:
        assert not allows(policy(STAGE, {SCOPE_INFER}), method_arn(route))


segment = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)


@given(st.sampled_from(SCOPES), st.sampled_from(sorted(MODEL_ROUTES)), segment)
def test_no_spelling_of_a_path_crosses_from_one_scope_into_another(
    scope: str, route: str, value: str
) -> None:
    if MODEL_ROUTES[route] != scope:
        assert not allows(policy(STAGE, {scope}), method_arn(route, value))


def test_a_policy_is_for_one_stage_of_one_api() -> None:
    document = policy(STAGE, {*SCOPES})
    for other in (STAGE.replace("prod", "prod2"), STAGE.replace("a1b2c3", "a1b2c4")):
        assert not allows(document, f"{other}/GET/v2")
    assert not allows(document, f"{STAGE}/GET/v2/other")
    assert not allows(document, f"{STAGE}/DELETE/v2/models/magika")


def test_without_a_known_scope_everything_is_denied_aloud() -> None:
    for scope in ("", "openid", "models/infer2", "models/*", "*"):
        found = answer(claims(scope=scope), STAGE, CONFIG)
        (statement,) = found["policyDocument"]["Statement"]
        assert statement == {
            "Effect": "Deny",
            "Action": "execute-api:Invoke",
            "Resource": [f"{STAGE}/*"],
        }


def test_what_the_function_behind_the_gateway_needs_is_handed_on_as_text() -> None:
    found = answer(claims(), STAGE, CONFIG)
    assert found["principalId"] == "client-7"
    assert found["context"] == {
        "tenant": "acme",
        "scope": "models/infer models/read",
        "client_id": "client-7",
    }
    assert "usageIdentifierKey" not in found


@pytest.mark.parametrize(
    ("changes", "principal"),
    [
        ({"client_id": None, "azp": "app"}, "app"),
        ({"client_id": None}, "service-7"),
        ({"client_id": None, "sub": None}, "unnamed"),
        ({"client_id": 7, "sub": ["x"]}, "unnamed"),
    ],
)
def test_the_principal_is_the_client_or_the_subject(
    changes: dict[str, Any], principal: str
) -> None:
    assert answer(claims(**changes), STAGE, CONFIG)["principalId"] == principal


@pytest.mark.parametrize(
    "value", [None, 7, True, ["acme"], {"a": 1}, "", "a\nb", "a" * 257, "\x00"]
)
def test_a_tenant_claim_that_can_be_no_name_is_not_handed_on(value: Any) -> None:
    found = answer(claims(tenant=value), STAGE, replace(CONFIG, usage_plans_of="prod"))
    assert "tenant" not in found["context"]
    assert "usageIdentifierKey" not in found


def test_a_tenant_is_counted_by_the_key_of_its_usage_plan() -> None:
    found = answer(claims(), STAGE, replace(CONFIG, usage_plans_of="warmline-prod"))
    assert found["usageIdentifierKey"] == usage_key("warmline-prod", "acme")
    assert re.fullmatch("[0-9a-f]{64}", found["usageIdentifierKey"])
    assert usage_key("warmline-dev", "acme") != found["usageIdentifierKey"]


def test_scopes_may_stand_in_either_claim_and_form() -> None:
    for changes in (
        {"scope": "models/read"},
        {"scope": None, "scp": "models/read"},
        {"scope": None, "scp": ["models/read", "other"]},
        {"scope": ["models/read", 7]},
    ):
        context = answer(claims(**changes), STAGE, CONFIG)["context"]
        assert context["scope"] == SCOPE_READ
    for nothing in (7, {"models/read": 1}, True, [["models/read"]]):
        assert "scope" not in answer(claims(scope=nothing), STAGE, CONFIG)["context"]


def test_the_route_is_read_from_the_arn_of_the_method() -> None:
    for route in (*MODEL_ROUTES, *HEALTH_ROUTES):
        assert asked(method_arn(route)) == (STAGE, route)
    assert asked(f"{STAGE}/GET/").route is None
    assert asked(f"{STAGE}/GET").route is None
    china = STAGE.replace("arn:aws:", "arn:aws-cn:")
    assert asked(f"{china}/GET/v2") == (china, "GET /v2")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "*",
        STAGE,
        "arn:aws:execute-api:*:*:*/*/GET/v2",
        f"{STAGE.replace('prod', '*')}/GET/v2",
        f"{STAGE.replace('a1b2c3', 'a1*')}/GET/v2",
        f"{STAGE.replace('execute-api', 'lambda')}/GET/v2",
        f"x{STAGE}/GET/v2",
    ],
)
def test_what_is_no_arn_of_a_method_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="methodArn"):
        asked(arn)
