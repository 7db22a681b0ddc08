import json
from typing import Any

import pytest

from contracts.registry import Tenant
from functions.predict import authorise
from functions.predict.app import serve
from functions.shared.errors import RegistryUnavailable
from tests.unit.predict.fakes import CLAIM, GOOD, adder, manifest, request

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("jwt", "scopes"),
    [
        ({"claims": {"scope": "models/infer models/read"}, "scopes": None}, {"infer", "read"}),
        ({"claims": {"scope": "models/infer"}, "scopes": ["models/infer"]}, {"infer"}),
        ({"claims": {"scp": "[models/infer models/read]"}}, {"infer", "read"}),
        ({"claims": {"scp": ["models/read"]}}, {"read"}),
        ({"claims": {"sub": "x"}, "scopes": ["models/read"]}, {"read"}),
        ({"claims": {"scope": ""}, "scopes": None}, set()),
        ({}, set()),
    ],
    ids=["AWS", "emulator", "list from an issuer", "plain list", "gateway", "empty", "none"],
)
def test_scopes_are_read_from_each_shape_in_which_gateways_hand_them_over(
    jwt: dict[str, Any], scopes: set[str]
) -> None:
    assert authorise.scopes_of(jwt) == {f"models/{scope}" for scope in scopes}


def test_a_scope_is_compared_whole_and_not_as_a_part_of_another() -> None:
    assert authorise.scopes_of({"claims": {"scope": "models/infer-later"}}) == {
        "models/infer-later"
    }


@pytest.mark.parametrize("context", [{}, {"authorizer": None}, {"authorizer": {"iam": {}}}])
def test_without_a_token_there_are_no_claims(context: dict[str, Any]) -> None:
    assert authorise.jwt_of(context) == {}


def jwt(scope: str = "models/infer models/read", **claims: str) -> dict[str, Any]:
    return {"claims": {CLAIM: "client-a", "scope": scope} | claims}


@pytest.mark.parametrize(
    ("who", "method", "path", "said"),
    [
        (jwt("models/read"), "POST", "/v2/models/adder/infer", "models/infer"),
        (jwt("models/infer"), "GET", "/v2/models/adder", "models/read"),
        (jwt("models/infer"), "GET", "/v2", "models/read"),
        (jwt(client_id="client-z"), "GET", "/v2", CLAIM),
        (jwt(client_id=""), "GET", "/v2", CLAIM),
        ({"claims": {"scope": "models/read"}}, "GET", "/v2", CLAIM),
        ({}, "GET", "/v2", "models/read"),
    ],
)
def test_a_token_that_does_not_allow_the_operation_is_forbidden(
    who: dict[str, Any], method: str, path: str, said: str
) -> None:
    bench = adder()
    answer = serve(request(GOOD, method=method, path=path, jwt=who), bench.ports)
    assert answer.status == 403
    assert said in json.loads(answer.body)["detail"]
    assert "client-z" not in f"{answer.body!r}{bench.lines}"
    assert bench.models.loads == []


@pytest.mark.parametrize("suffix", ["", "/ready", "/versions/1", "/versions/1/ready", "/infer"])
def test_a_model_of_another_tenant_is_answered_like_one_that_does_not_exist(suffix: str) -> None:
    bench = adder()
    bench.registry.tenants["client-b"] = Tenant(
        claim="client-b", name="bolt", models=frozenset({"other"})
    )
    method = "POST" if suffix == "/infer" else "GET"

    def ask(model: str) -> tuple[int, bytes | str]:
        path = f"/v2/models/{model}{suffix}"
        who = jwt(client_id="client-b")
        return serve(request(GOOD, method=method, path=path, jwt=who), bench.ports)[:2]

    assert ask("adder") == ask("does-not-exist")
    assert ask("adder") == ask("Not_A_Legal/Name".replace("/", "%2F"))
    assert ask("adder")[0] == 404
    assert bench.log["model"] == "none"


def test_a_registered_model_that_has_no_route_is_answered_like_one_of_another_tenant() -> None:
    bench = adder()
    del bench.registry.routes["adder"]
    forbidden = request(GOOD, path="/v2/models/someone-elses/infer")
    assert serve(request(GOOD), bench.ports)[:2] == serve(forbidden, bench.ports)[:2]


def test_a_tenant_may_be_allowed_every_model() -> None:
    bench = adder()
    bench.registry.tenants["client-a"] = Tenant(
        claim="client-a", name="acme", models=frozenset({"*"})
    )
    assert serve(request(GOOD), bench.ports).status == 200


def test_a_model_of_another_serving_group_is_not_run_by_this_function() -> None:
    bench = adder()
    bench.registry.register(manifest(serving_group="risk"))
    answer = serve(request(GOOD), bench.ports)
    assert answer.status == 404
    document = json.loads(answer.body)
    assert document["type"] == "urn:warmline:problem:wrong-serving-group"
    assert "belongs to serving group 'risk'; the request came to 'default'" in document["detail"]
    assert bench.models.loads == []


def test_a_tenant_that_may_not_use_a_model_is_not_told_which_group_has_it() -> None:
    bench = adder()
    bench.registry.register(manifest(serving_group="risk"))
    bench.registry.tenants["client-a"] = Tenant(
        claim="client-a", name="acme", models=frozenset({"another"})
    )
    answer = serve(request(GOOD), bench.ports)
    assert json.loads(answer.body)["type"] == "urn:warmline:problem:model-not-found"
    assert "risk" not in str(answer.body)


def test_an_unreachable_registry_is_told_with_the_time_to_ask_again() -> None:
    bench = adder()
    bench.registry.down = RegistryUnavailable("it is away", retry_after_seconds=3)
    answer = serve(request(GOOD), bench.ports)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
    assert bench.log["errors"] == 1
    bench.registry.down = None
    assert serve(request(GOOD), bench.ports).status == 200
