"""The drill of docs/restore.md, with the commands of the page, and the collection of garbage."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from automation.outputs import Outputs
from contracts.manifest import object_key
from emulation.paths import ROOT
from functions.predict.disk import FOLDER
from tests import tiny_models
from tests.emulated.calls import Answer, Api, json_input
from tests.stack import LocalStack, deployed

pytestmark = pytest.mark.emulated

PAGE = (ROOT / "docs" / "restore.md").read_text(encoding="utf-8")
MODEL = "fraud"
"""The model of the page."""
REQUEST = {"id": "1", "inputs": [json_input("x", np.ones((2, 4), np.float32), "FP32")]}


def commands(heading: str) -> list[list[str]]:
    """The arguments of each `warmline` line in a section's shell block."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = [shlex.split(line) for line in block.splitlines()]
    assert lines
    assert {line[0] for line in lines} == {"warmline"}
    return [line[1:] for line in lines]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One that may be damaged."""
    with deployed(tmp_path_factory.mktemp("drill"), enforcing=False) as made:
        path = tmp_path_factory.mktemp(MODEL) / "model.onnx"
        tiny_models.save(tiny_models.linear(2.5), path)
        shutil.copy(path, made.home.parent / "old.onnx")
        for arguments in (
            ("push", MODEL, str(path)),
            ("route", MODEL, "--to", "1=10000"),
        ):
            assert made.warmline("models", *arguments).returncode == 0
        yield made


def follow(stack: LocalStack, heading: str) -> str:
    """Runs a section's commands; what they said."""
    said = ""
    for arguments in commands(heading):
        answer = stack.warmline(*arguments)
        assert answer.returncode == 0, answer.stderr
        said += answer.stdout
    return said


def ask(stack: LocalStack) -> Answer:
    return Api(stack.outputs["api_url"], stack.token()).infer(MODEL, REQUEST)


def forget(home: Path) -> None:
    """Empties the disk caches of the stack's functions; new code versions start without memory."""
    for folder in home.rglob(FOLDER):
        shutil.rmtree(folder)


def test_a_deleted_registry_and_an_overwritten_model_come_back_with_the_same_answers(
    stack: LocalStack,
) -> None:
    follow(stack, "Before anything is lost")
    before = ask(stack)
    assert before.status == 200, before.body

    stack.client("dynamodb").delete_table(TableName=stack.outputs["registry_table"])
    bucket, key = stack.outputs["model_bucket"], object_key(MODEL, 1, "model.onnx")
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=b"no model")
    forget(stack.home)

    # Not asked before the file is right again: the function would refuse it for half a minute.
    assert f"warmline restore model {MODEL} 1" in follow(stack, "The registry is gone")
    stack = LocalStack(stack.home, _outputs_now(stack))
    follow(stack, "A model's file was overwritten or deleted")
    after = ask(stack)
    assert (after.status, after.body) == (200, before.body)
    assert stack.warmline("drift").returncode == 0
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    assert tables == [stack.outputs["registry_table"]]


def numbers(stack: LocalStack, function: str) -> set[str]:
    pages = stack.client("lambda").get_paginator("list_versions_by_function")
    found = pages.paginate(FunctionName=function).build_full_result()["Versions"]
    return {one["Version"] for one in found} - {"$LATEST"}


def test_garbage_goes_and_what_is_needed_stays(stack: LocalStack) -> None:
    functions, s3 = stack.client("lambda"), stack.client("s3")
    function = next(
        f["FunctionName"]
        for f in functions.list_functions()["Functions"]
        if f["FunctionName"].startswith("health")
    )
    newest = 0
    for number in range(5):
        functions.update_function_configuration(FunctionName=function, Description=str(number))
        newest = int(functions.publish_version(FunctionName=function)["Version"])
    live, warm = str(newest - 1), str(newest - 4)
    functions.update_alias(FunctionName=function, Name="live", FunctionVersion=live)
    functions.put_provisioned_concurrency_config(
        FunctionName=function, Qualifier=warm, ProvisionedConcurrentExecutions=1
    )
    code = next(b["Name"] for b in s3.list_buckets()["Buckets"] if "artefacts" in b["Name"])
    unused = f"health/{'0' * 64}.zip"
    for key in (unused, "somebody/elses.txt"):
        s3.put_object(Bucket=code, Key=key, Body=b"12345")
    archives = {one["Key"] for one in s3.list_objects_v2(Bucket=code)["Contents"]}
    retired = stack.warmline("models", "push", "old", str(stack.home.parent / "old.onnx"))
    assert retired.returncode == 0, retired.stderr
    assert stack.warmline("models", "retire", "old", "1").returncode == 0
    bucket = stack.outputs["model_bucket"]
    left = ["golden/gone/1.json", object_key("broken", 1, "model.onnx")]
    for key in left:
        s3.put_object(Bucket=bucket, Key=key, Body=b"12345")
    before = numbers(stack, function)
    expected = {str(newest), live, str(newest - 2), warm}

    options = ("--older-than", "0", "--keep", "2", "--json")
    looked = json.loads(stack.warmline("gc", *options).stdout)
    assert numbers(stack, function) == before
    done = stack.warmline("gc", "--yes", *options)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)

    assert numbers(stack, function) == expected
    assert {one["Key"] for one in s3.list_objects_v2(Bucket=code)["Contents"]} == archives - {
        unused
    }
    assert not s3.list_object_versions(Bucket=code, Prefix=unused).get("Versions")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="models/old/1/")
    kinds = {one["name"]: one["kind"] for one in result["found"]}
    assert [kinds[key] for key in left] == ["golden", "leftover"]
    kept = {one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert not kept & set(left)
    assert object_key(MODEL, 1, "model.onnx") in kept
    assert [one["name"] for one in looked["found"]] == [one["name"] for one in result["found"]]
    assert {"name": unused, "kind": "archive", "size_bytes": 5, "deleted": True} in result["found"]
    assert json.loads(stack.warmline("gc", *options).stdout)["found"] == []
    assert stack.warmline("restore", "model", "old", "1").returncode == 0
    assert ask(stack).status == 200


def _outputs_now(stack: LocalStack) -> Outputs:
    values = json.loads(stack.warmline("outputs", "--json").stdout)
    return Outputs(stack="local", values=values, endpoint_url=stack.outputs.endpoint_url)
