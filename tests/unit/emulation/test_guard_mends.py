"""What the emulator would do otherwise than AWS, and its start mends."""

import json
from typing import Any

import pytest

from emulation.guard import of_whole_function, over_tls, with_leading_keys

pytestmark = pytest.mark.unit
OWN = "http://localhost:5000/"


@pytest.mark.parametrize(
    ("asked", "fetched"),
    [
        (f"{OWN}pool/.well-known/jwks.json", "https://localhost:5000/pool/.well-known/jwks.json"),
        ("http://localhost:50001/keys", "http://localhost:50001/keys"),
        ("https://issuer.example/keys", "https://issuer.example/keys"),
    ],
)
def test_only_its_own_address_is_fetched_over_tls(asked: str, fetched: str) -> None:
    seen: list[tuple[str, float]] = []
    over_tls(lambda url, seconds: seen.append((url, seconds)), OWN)(asked, 5.0)
    assert seen == [(fetched, 5.0)]


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({"TableName": "registry", "Key": {"sk": {"S": "b"}, "pk": {"S": "a"}}}, ["a"]),
        ({"TableName": "registry", "Key": {"pk": {"N": "7"}}}, ["7"]),
        ({"TableName": "not-there", "Key": {"pk": {"S": "a"}}}, None),
        ({"TableName": "registry"}, None),
        ({"TableName": "registry", "Key": "pk"}, None),
        ([], None),
    ],
)
def test_a_policy_may_ask_for_the_partition_key_of_the_item_that_a_request_names(
    asked: Any, keys: list[str] | None
) -> None:
    context = with_leading_keys(lambda _body: {"own": 1}, {"registry": {"pk_name": "pk"}})
    wanted = {"own": 1} | ({"dynamodb:LeadingKeys": keys} if keys else {})
    assert context(json.dumps(asked).encode()) == wanted
    assert context(b"no JSON") == {"own": 1}


def test_a_published_version_has_the_executions_that_its_function_reserved() -> None:
    reserved = of_whole_function(
        lambda record, _config: record.get("concurrency"), {"f": {"concurrency": 3}}
    )
    assert reserved({"config": {}}, {"FunctionName": "f", "Version": "1"}) == 3
    assert reserved({"config": {}}, {"FunctionName": "another"}) is None
