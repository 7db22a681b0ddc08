"""Who may call what: the gateway answers for tokens, the function for scopes and tenants."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.emulated.calls import Api, json_input
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

REQUEST = {"inputs": [json_input("x", np.zeros((1, 4), np.float32), "FP32")]}
PROTECTED = [
    ("GET", "/v2"),
    ("GET", "/v2/models/magika"),
    ("GET", "/v2/models/magika/ready"),
    ("GET", "/v2/models/magika/versions/1"),
    ("GET", "/v2/models/magika/versions/1/ready"),
    ("POST", "/v2/models/magika/infer"),
    ("POST", "/v2/models/magika/versions/1/infer"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("token", [None, "garbage", "a.b.c"])
def test_every_path_but_health_refuses_a_call_without_a_good_token(
    method: str, path: str, token: str | None, local_stack: LocalStack
) -> None:
    assert Api(local_stack.outputs["api_url"], token).call(method, path, b"{}").status == 401


def test_health_answers_without_a_token(local_stack: LocalStack) -> None:
    nobody = Api(local_stack.outputs["api_url"])
    assert nobody.get("/v2/health/live").json() == {"live": True}
    assert nobody.get("/v2/health/ready").json() == {"ready": True}


def test_a_tampered_token_is_refused(api: Api) -> None:
    assert api.token is not None
    head, claims, signature = api.token.split(".")
    flipped = ("B" if signature[0] != "B" else "C") + signature[1:]
    assert Api(api.url, f"{head}.{claims}.{flipped}").get("/v2").status == 401


@pytest.fixture
def second_client(local_stack: LocalStack) -> Iterator[dict[str, str]]:
    """Another client of the same user pool, which no tenant of the stack owns."""
    cognito = local_stack.client("cognito-idp")
    pool = local_stack.outputs["user_pool_id"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="stranger",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["models/infer", "models/read"],
        AccessTokenValidity=1,
        TokenValidityUnits={"AccessToken": "seconds"},
    )["UserPoolClient"]
    yield {"id": made["ClientId"], "secret": made["ClientSecret"]}
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])


def test_a_token_for_another_audience_is_refused(
    local_stack: LocalStack, second_client: dict[str, str]
) -> None:
    token = local_stack.token_of(second_client["id"], second_client["secret"])
    answer = Api(local_stack.outputs["api_url"], token).get("/v2")
    if local_stack.kind == "http":
        assert answer.status == 401
    else:
        # A REST API takes tokens of every client of the pool; the function knows the tenants.
        assert answer.status == 403
        assert answer.problem()["type"].endswith(":forbidden")


def test_an_expired_token_is_refused(local_stack: LocalStack) -> None:
    cognito = local_stack.client("cognito-idp")
    which = {
        "UserPoolId": local_stack.outputs["user_pool_id"],
        "ClientId": local_stack.outputs["client_id"],
    }
    before = cognito.describe_user_pool_client(**which)["UserPoolClient"]
    settings = {
        key: before[key]
        for key in (
            "AllowedOAuthFlows",
            "AllowedOAuthFlowsUserPoolClient",
            "AllowedOAuthScopes",
        )
    }
    short = {"AccessTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "seconds"}}
    cognito.update_user_pool_client(**which, **settings, **short)
    try:
        token = local_stack.token_of(before["ClientId"], before["ClientSecret"])
        caller = Api(local_stack.outputs["api_url"], token)
        assert caller.get("/v2").status == 200
        time.sleep(3)
        assert caller.get("/v2").status == 401
    finally:
        kept = {k: before[k] for k in ("AccessTokenValidity", "TokenValidityUnits") if k in before}
        cognito.update_user_pool_client(**which, **settings, **kept)


def test_a_token_without_the_scope_is_forbidden(local_stack: LocalStack) -> None:
    reader = Api(local_stack.outputs["api_url"], local_stack.token(scope="models/read"))
    assert reader.get("/v2/models/magika").status == 200
    caller = Api(local_stack.outputs["api_url"], local_stack.token(scope="models/infer"))
    # A pool's authorizer of a REST API does not tell a missing scope from a bad token.
    refused = 403 if local_stack.kind == "http" else 401
    assert reader.infer("magika", REQUEST).status == refused
    assert caller.get("/v2/models/magika").status == refused


def test_what_the_gateway_refuses_is_fixed_json_or_a_problem_document(
    local_stack: LocalStack,
) -> None:
    answer = Api(local_stack.outputs["api_url"], "garbage").get("/v2")
    if local_stack.kind == "http":
        assert set(answer.json()) == {"message"}
    else:
        problem = answer.problem()
        assert problem["type"] == "urn:warmline:problem:unauthorised"
        assert problem["instance"] == answer.headers["x-amzn-requestid"]
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_path_without_a_route_tells_a_stranger_nothing(api: Api, local_stack: LocalStack) -> None:
    stranger = Api(api.url)
    for path in ("/v3", "/v2/health/else", "/v2/models/magika/infer"):
        answer = api.get(path)
        assert answer.status == 404
        expected = 404 if local_stack.kind == "http" else 401
        assert stranger.get(path).status == expected
        if local_stack.kind == "rest":
            assert answer.problem()["type"].endswith(":no-such-route")


def test_a_model_outside_the_tenants_list_looks_exactly_like_one_that_does_not_exist(
    api: Api, local_stack: LocalStack, linear_model: str, restricted_tenant: str
) -> None:
    stranger = Api(api.url, local_stack.token(tenant=restricted_tenant))
    assert api.infer(linear_model, REQUEST).status == 200
    hidden = stranger.infer(linear_model, REQUEST)
    absent = stranger.infer("no-such-model", REQUEST)
    assert hidden.status == absent.status == 404
    told = [
        {key: answer.problem()[key] for key in ("type", "title", "detail")}
        for answer in (hidden, absent)
    ]
    assert str(told[0]).replace(linear_model, "NAME") == str(told[1]).replace(
        "no-such-model", "NAME"
    )
    assert stranger.get("/v2/models/magika").status == 200
