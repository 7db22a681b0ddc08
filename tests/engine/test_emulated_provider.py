"""Every type of the local provider against the real emulator, from creation to deletion."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from pulumi.runtime.proto import provider_pb2

from automation import deployer
from emulation import wire
from emulation.aws.calls import CALLS_VARIABLE
from emulation.aws.catalogue import TYPES
from emulation.aws.provider import EmulatedAws
from emulation.ministack import Emulator
from emulation.wire import UNKNOWN, Secret
from tests.engine import (
    provider_cases_of_compute,
    provider_cases_of_data,
    provider_cases_of_images,
    provider_cases_of_rest,
)
from tests.engine.provider_world import Case, World, by_root
from tests.engine.workbench import silent
from tests.provider_calls import Aborted, Driven, context

pytestmark = pytest.mark.engine

CASES = (
    provider_cases_of_data.CASES
    | provider_cases_of_compute.CASES
    | provider_cases_of_images.CASES
    | provider_cases_of_rest.CASES
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    emulator = Emulator(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", emulator.ensure(silent).endpoint_url)
        patch.setenv("AWS_REGION", "eu-west-1")
        patch.setenv(CALLS_VARIABLE, str(tmp_path_factory.mktemp("calls") / "calls"))
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        provider = EmulatedAws("0", TYPES, None)
        made = World(provider, provider.aws, tmp_path_factory.mktemp("code"))
        try:
            yield made.build()
            made.destroy()
        finally:
            for client in provider.aws._clients.values():
                client.close()
            emulator.stop()


def merged(case: Case, world: World) -> dict[str, Any]:
    changes = case.changed(world) if case.changed else {}
    wanted = case.given(world) | dict(changes)
    return {name: value for name, value in wanted.items() if value is not None}


def test_every_type_has_a_case() -> None:
    assert set(CASES) == set(TYPES)


@pytest.mark.parametrize("type_", CASES)
def test_a_resource_lives_from_creation_to_deletion(type_: str, world: World) -> None:
    case, resource = CASES[type_], Driven(world.provider, type_, "case")
    resource.create(case.given(world))
    assert resource.drift() == [], "a refresh right after the creation"
    assert resource.refresh()[2] == resource.state
    missing = [name for name in TYPES[type_].outputs if resource.state.get(name) is None]
    assert missing == [], "outputs that the program would read as None"

    wanted = merged(case, world)
    if case.changed:
        foreseen = resource.preview_update(wanted)
        before = resource.state
        resource.update(wanted)
        assert resource.drift() == [], "a refresh right after the update"
        for name in TYPES[type_].outputs:
            if before[name] != resource.state[name]:
                assert foreseen[name] is UNKNOWN, f"{name} moved, and the preview called it stable"
        shown = {name: resource.state.get(name) for name in wanted}
        assert shown == wanted

    if case.meddle:
        case.meddle(world.aws, resource)
        assert resource.drift() == list(case.drifts)
        _id, resource.inputs, resource.state = resource.refresh()
        resource.update(wanted)
        assert resource.drift() == [], "repaired"

    resource.delete()
    resource.delete()  # of what is gone already
    assert bool(resource.refresh()[0]) is case.stays


def test_nothing_of_a_case_stays_behind(world: World) -> None:
    """Runs after the cases: only what the world is made of is left."""
    own = {driven.id for driven in world.made.values()}
    queues = world.aws.call("sqs", "ListQueues")["QueueUrls"]
    functions = world.aws.call("lambda", "ListFunctions")["Functions"]
    buckets = world.aws.call("s3", "ListBuckets")["Buckets"]
    tables = world.aws.call("dynamodb", "ListTables")["TableNames"]
    roles = world.aws.call("iam", "ListRoles")["Roles"]
    left = [
        *queues,
        *(function["FunctionName"] for function in functions),
        *(bucket["Name"] for bucket in buckets),
        *tables,
        *(role["RoleName"] for role in roles),
    ]
    assert left
    assert set(left) <= own


def test_a_deploying_role_may_make_every_call_of_the_provider(world: World) -> None:
    """Runs after the cases, which make them."""
    of_the_tests = {
        *("cloudwatch:DisableAlarmActions", "dynamodb:ListTables", "iam:ListRoles"),
        *("lambda:Invoke", "lambda:ListFunctions", "s3:ListBuckets", "sqs:ListQueues"),
    }
    made = set(Path(os.environ[CALLS_VARIABLE]).read_text(encoding="ascii").split())
    assert made - of_the_tests <= deployer.calls()


def test_changed_code_gives_a_new_version_and_a_changed_tag_does_not(world: World) -> None:
    function = Driven(world.provider, "aws:lambda/function:Function", "versions")
    inputs = {**world.function(1), "publish": True}
    function.create(inputs)
    assert function.state["version"] == "1"
    function.update({**inputs, "tags": {"a": "b"}})
    assert function.state["version"] == "1"
    function.update({**inputs, **world.function(2)})
    assert function.state["version"] == "2"
    assert function.state["qualifiedArn"] == f"{function.state['arn']}:2"
    answers = {
        version: world.aws.call("lambda", "Invoke", FunctionName=function.id, Qualifier=version)[
            "Payload"
        ].read()
        for version in ("1", "2")
    }
    assert answers == {"1": b"1", "2": b"2"}
    function.delete()


def test_code_changed_from_outside_is_seen_and_put_back(world: World) -> None:
    function = Driven(world.provider, "aws:lambda/function:Function", "meddled")
    inputs = {**world.function(1), "publish": True}
    function.create(inputs)
    theirs = world.function(2)
    world.aws.call(
        "lambda",
        "UpdateFunctionCode",
        FunctionName=function.id,
        S3Bucket=theirs["s3Bucket"],
        S3Key=theirs["s3Key"],
    )
    assert function.drift() == ["s3Bucket", "s3Key", "s3ObjectVersion"]
    _id, function.inputs, function.state = function.refresh()
    function.update(inputs)
    assert function.state["codeSha256"] == world["function"]["codeSha256"]
    function.delete()


def test_a_client_secret_is_secret_and_the_one_that_the_pool_has(world: World) -> None:
    type_ = "aws:cognito/userPoolClient:UserPoolClient"
    client = Driven(world.provider, type_, "secret")
    client.create({"userPoolId": world.pool, "generateSecret": True})
    secret = client.state["clientSecret"]
    assert isinstance(secret, Secret)
    answer = world.aws.call(
        "cognito-idp", "DescribeUserPoolClient", UserPoolId=world.pool, ClientId=client.id
    )
    assert secret.value == answer["UserPoolClient"]["ClientSecret"]
    client.delete()


def test_a_bucket_with_versions_goes_only_when_it_may_be_emptied(world: World) -> None:
    bucket = Driven(world.provider, "aws:s3/bucket:Bucket", "full")
    bucket.create({})
    versioning = {"Bucket": bucket.id, "VersioningConfiguration": {"Status": "Enabled"}}
    world.aws.call("s3", "PutBucketVersioning", **versioning)
    for body in (b"one", b"two"):
        world.aws.call("s3", "PutObject", Bucket=bucket.id, Key="k", Body=body)
    world.aws.call("s3", "DeleteObject", Bucket=bucket.id, Key="k")
    with pytest.raises(Aborted, match=r"BucketNotEmpty.*set forceDestroy"):
        bucket.delete()
    bucket.update({"forceDestroy": True})
    bucket.delete()
    assert bucket.refresh()[0] == ""


@pytest.mark.parametrize(
    ("type_", "protection"),
    [
        (
            "aws:dynamodb/table:Table",
            {
                "billingMode": "PAY_PER_REQUEST",
                "hashKey": "pk",
                "attributes": [{"name": "pk", "type": "S"}],
                "deletionProtectionEnabled": True,
            },
        ),
        ("aws:cognito/userPool:UserPool", {"deletionProtection": "ACTIVE"}),
    ],
)
def test_what_is_protected_from_deletion_stays_and_says_how_to_delete_it(
    type_: str, protection: dict[str, Any], world: World
) -> None:
    resource = Driven(world.provider, type_, "kept")
    resource.create(protection)
    with pytest.raises(Aborted, match="turn the deletion protection off in the stack"):
        resource.delete()
    assert resource.refresh()[0] == resource.id
    off = {
        name: False if value is True else "INACTIVE" if value == "ACTIVE" else value
        for name, value in protection.items()
    }
    resource.update(off)
    resource.delete()
    assert resource.refresh()[0] == ""


def test_an_item_that_something_else_made_is_not_overwritten(world: World) -> None:
    table = world["table"]["name"]
    theirs = {"pk": {"S": "theirs"}, "n": {"N": "1"}}
    world.aws.call("dynamodb", "PutItem", TableName=table, Item=theirs)
    item = Driven(world.provider, "aws:dynamodb/tableItem:TableItem", "item")
    with pytest.raises(Aborted, match="something else made this item"):
        item.create({"tableName": table, "hashKey": "pk", "item": '{"pk": {"S": "theirs"}}'})
    found = world.aws.call("dynamodb", "GetItem", TableName=table, Key={"pk": theirs["pk"]})
    assert found["Item"] == theirs
    world.aws.call("dynamodb", "DeleteItem", TableName=table, Key={"pk": theirs["pk"]})


def test_a_stage_answers_under_the_emulators_own_address(world: World) -> None:
    stage = Driven(world.provider, "aws:apigatewayv2/stage:Stage", "s")
    stage.create({"apiId": world.api, "name": "$default"})
    base = f"{world.aws.endpoint_url}/_aws/execute-api/{world.api}"
    assert stage.state["invokeUrl"] == f"{base}/$default"
    assert world["api"]["apiEndpoint"] == base
    stage.delete()


def test_a_public_key_can_be_looked_up_in_the_form_that_verifiers_read(world: World) -> None:
    key = Driven(world.provider, "aws:kms/key:Key", "signing")
    key.create(
        {
            "keyUsage": "SIGN_VERIFY",
            "customerMasterKeySpec": "ECC_NIST_P256",
            "policy": by_root("kms:*"),
        }
    )
    assert list(key.diff(key.check({"keyUsage": "ENCRYPT_DECRYPT"})).replaces)
    arguments = wire.dump({"keyId": key.state["arn"]})
    request = provider_pb2.InvokeRequest(tok="aws:kms/getPublicKey:getPublicKey", args=arguments)
    found = wire.load(getattr(world.provider.Invoke(request, context()), "return"))
    from_der = load_der_public_key(base64.b64decode(found["publicKey"]))
    assert from_der == load_pem_public_key(found["publicKeyPem"].encode())
    key.delete()


def test_zones_are_named_in_their_order(world: World) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    request = provider_pb2.InvokeRequest(tok=token, args=wire.dump({"state": "available"}))
    found = wire.load(getattr(world.provider.Invoke(request, context()), "return"))
    assert len(found["names"]) == len(found["zoneIds"]) > 1
    assert found["names"] == sorted(found["names"])


def test_what_the_emulator_refuses_is_told_with_resource_call_and_reason(world: World) -> None:
    queue = Driven(world.provider, "aws:sqs/queue:Queue", "bad")
    with pytest.raises(Aborted, match=r"bad \(aws:sqs/queue:Queue\): sqs CreateQueue failed"):
        queue.create({"visibilityTimeoutSeconds": 100_000})
