"""What roles may do, asked of the emulator while it enforces IAM: run with `--enforce-iam`."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError

from automation import deployer
from contracts.registry import route_key, tenant_key, version_key
from tests.emulated.calls import Api, json_input
from tests.stack import OTHER_GROUP, LocalStack

pytestmark = pytest.mark.emulated


@pytest.fixture(scope="module")
def role_of(local_stack: LocalStack) -> Callable[[str], str]:
    """Name of the role of the function whose name starts so."""

    def named(function: str) -> str:
        functions = local_stack.client("lambda").list_functions()["Functions"]
        [role] = [f["Role"] for f in functions if f["FunctionName"].startswith(f"{function}-")]
        return role.rpartition("/")[2]

    return named


@pytest.fixture(scope="module")
def client_of(local_stack: LocalStack, role_of: Callable[[str], str]) -> Callable[[str, str], Any]:
    """A service's client with what a function's role may do, and no more."""

    def made(function: str, service: str) -> Any:
        sts = local_stack.client("sts")
        account = sts.get_caller_identity()["Account"]
        # The account's root passes over the trust policy, which lets only Lambda in.
        session = sts.assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role_of(function)}", RoleSessionName="test"
        )["Credentials"]
        return boto3.client(
            service,
            endpoint_url=local_stack.outputs.endpoint_url,
            verify=str(local_stack.outputs.ca_bundle),
            region_name=local_stack.outputs["region"],
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )

    return made


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")
    return False


@pytest.fixture
def a_model_file(local_stack: LocalStack) -> dict[str, str]:
    bucket = local_stack.outputs["model_bucket"]
    listed = local_stack.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    return {"Bucket": bucket, "Key": listed[0]["Key"]}


def test_inference_reads_models_and_changes_none(
    client_of: Callable[[str, str], Any], a_model_file: dict[str, str]
) -> None:
    s3 = client_of("serving-predict", "s3")
    assert s3.get_object(**a_model_file)["Body"].read()
    assert refused(s3.put_object, **a_model_file, Body=b"another model")
    assert refused(s3.delete_object, **a_model_file)


def test_inference_reads_the_registry_and_changes_nothing_in_it(
    client_of: Callable[[str, str], Any], local_stack: LocalStack
) -> None:
    table = local_stack.outputs["registry_table"]
    items = local_stack.client("dynamodb").scan(TableName=table)["Items"]
    key = {name: items[0][name] for name in ("pk", "sk")}
    registry = client_of("serving-predict", "dynamodb")
    assert registry.get_item(TableName=table, Key=key)["Item"] == items[0]
    assert refused(registry.put_item, TableName=table, Item=items[0])
    assert refused(registry.scan, TableName=table)


RISK = f"serving-{OTHER_GROUP['name']}-predict"


def test_a_serving_group_reads_the_files_of_its_own_models_alone(
    client_of: Callable[[str, str], Any],
    push_linear: Callable[..., int],
    a_model_file: dict[str, str],
    local_stack: LocalStack,
) -> None:
    own = f"models/fraud/{push_linear('fraud', added=5.0)}/"
    bucket, s3 = a_model_file["Bucket"], client_of(RISK, "s3")
    [key, *_] = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=own)["Contents"]]
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert not a_model_file["Key"].startswith(own)
    assert refused(s3.get_object, **a_model_file)
    assert refused(s3.list_objects_v2, Bucket=bucket, Prefix="models/magika/")
    assert refused(s3.list_objects_v2, Bucket=bucket)


def test_a_serving_group_reads_the_items_of_its_own_models_and_of_tenants_alone(
    client_of: Callable[[str, str], Any], push_linear: Callable[..., int], local_stack: LocalStack
) -> None:
    table, registry = local_stack.outputs["registry_table"], client_of(RISK, "dynamodb")
    tenant = tenant_key(local_stack.outputs["tenants"]["demo"])
    for own in (version_key("fraud", push_linear("fraud", added=5.0)), tenant):
        assert registry.get_item(TableName=table, Key=own)["Item"].items() >= own.items()
    everything = local_stack.client("dynamodb")
    for other in (route_key("magika"), version_key("magika", 1)):
        assert everything.get_item(TableName=table, Key=other)["Item"]
        assert refused(registry.get_item, TableName=table, Key=other)


def test_inference_reads_no_archive_of_code(
    client_of: Callable[[str, str], Any], local_stack: LocalStack
) -> None:
    [artefacts] = [
        bucket["Name"]
        for bucket in local_stack.client("s3").list_buckets()["Buckets"]
        if bucket["Name"].startswith("store-artefacts-")
    ]
    listed = local_stack.client("s3").list_objects_v2(Bucket=artefacts)["Contents"]
    s3 = client_of("serving-predict", "s3")
    assert refused(s3.get_object, Bucket=artefacts, Key=listed[0]["Key"])


def test_the_health_function_reads_no_model(
    client_of: Callable[[str, str], Any], a_model_file: dict[str, str]
) -> None:
    assert refused(client_of("health", "s3").get_object, **a_model_file)


@pytest.fixture
def without_models(local_stack: LocalStack, role_of: Callable[[str], str]) -> Iterator[None]:
    """The inference function's role has lost what lets it read models."""
    iam, role = local_stack.client("iam"), role_of("serving-predict")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    [name] = [name for name in names if "models" in name]
    kept = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    document = kept if isinstance(kept, str) else json.dumps(kept)
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    yield
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


def test_a_function_has_no_more_than_its_role(
    api: Api,
    push_linear: Callable[..., int],
    set_route: Callable[..., int],
    without_models: None,
    local_stack: LocalStack,
) -> None:
    set_route("unreadable", {push_linear("unreadable", added=7.25): 10_000})
    began = time.time()
    request = {"inputs": [json_input("x", np.zeros((1, 4), np.float32), "FP32")]}
    answer = api.infer("unreadable", request)
    assert answer.status == 500
    assert answer.problem()["title"] == "The service may not read its own store"
    [line, *_] = local_stack.wait_for_log(
        lambda line: line.get("model") == "unreadable" and line.get("status") == 500, since=began
    )
    assert "s3 GetObject was refused: HTTP 403" in json.dumps(line)


def test_up_makes_exactly_the_calls_that_its_role_is_for(local_stack: LocalStack) -> None:
    again = local_stack.warmline("up", "--json")
    assert json.loads(again.stdout)["unchanged"], again.stderr
    made = set(Path(local_stack.calls_file).read_text(encoding="ascii").split())
    # The second serving group of the tests reserves executions; the stack file's one does not.
    assert made == deployer.calls("up") | {"lambda:PutFunctionConcurrency"}


def test_whoever_deploys_may_do_nothing_else(local_stack: LocalStack) -> None:
    running = local_stack.emulator()
    keys = deployer.keys(running, local_stack.outputs["region"])
    iam = boto3.client(
        "iam",
        endpoint_url=running.endpoint_url,
        verify=str(running.ca_bundle),
        region_name=local_stack.outputs["region"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"],
    )
    assert refused(iam.create_user, UserName="somebody")
    assert refused(
        iam.attach_role_policy,
        RoleName=deployer.ROLE,
        PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
