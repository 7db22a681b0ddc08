"""The drill of docs/restore.md, with the very commands of the page, on a stack of its own."""

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


def _outputs_now(stack: LocalStack) -> Outputs:
    values = json.loads(stack.warmline("outputs", "--json").stdout)
    return Outputs(stack="local", values=values, endpoint_url=stack.outputs.endpoint_url)
