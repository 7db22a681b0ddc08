"""Releases on the emulator: real versions and a real alias; warm capacity is a record there."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from automation.release.run import Request, golden_of
from contracts.release import ALIAS
from emulation.paths import ROOT
from tests.emulated.released import Released, made
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated

_numbers = count()


@pytest.fixture
def released(bare_emulator: str) -> Released:
    """A function of its own: version 1 is live, warm, and answers 1."""
    return made(bare_emulator, f"released-{next(_numbers)}")


def test_new_code_goes_live_and_back_again(released: Released) -> None:
    released.deploy(1.00001)
    ended = released.release().run(Request())
    assert (ended.live, ended.problem) == ("2", "")
    assert released.alias() == ("2", {})
    assert released.answer() == 1.00001
    assert released.warm() == {"2"}

    assert released.release().run(Request(back=True)).live == "1"
    assert released.answer() == 1.0
    assert released.warm() == {"1"}


def test_code_that_nobody_published_is_published(released: Released) -> None:
    released.client("lambda").update_function_configuration(FunctionName=released.name, Timeout=9)
    assert released.release().run(Request()).live == "2"
    ended = released.release().run(Request())
    assert (ended.live, ended.steps) == ("2", ())


def test_a_golden_mismatch_leaves_the_alias_on_the_old_version(released: Released) -> None:
    released.deploy(2.0)
    ended = released.release().run(Request())
    assert "golden request 1 of m 1: output y: element 0 is 2.0, not 1.0" in ended.problem
    assert released.alias() == ("1", {})
    assert released.answer() == 1.0
    assert released.warm() == {"1"}


def test_an_alarm_in_the_bake_time_moves_the_alias_back(released: Released) -> None:
    released.deploy(1.00002)
    answers: list[float] = []

    def fail() -> None:
        answers.append(released.answer())
        released.alarm()

    released.at["wait until the bake time"] = fail
    ended = released.release().run(Request())
    assert ended.problem == f"alarm {released.name}-failures went on after the alias moved"
    assert answers == [1.00002]
    assert released.answer() == 1.0
    assert released.warm() == {"1"}


@pytest.mark.parametrize(
    ("line", "live"),
    [
        ("put warm capacity", "1"),
        ("send the golden requests", "1"),
        ("wait until the bake time", "2"),
        ("remove the warm capacity", "2"),
    ],
)
def test_a_process_that_is_killed_is_gone_on_from(released: Released, line: str, live: str) -> None:
    released.deploy(1.00003)
    given = {"values": released.outputs.values, "endpoint_url": released.outputs.endpoint_url}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulated.released", json.dumps(given), line],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        seen = next((text for text in process.stdout if text.startswith(line)), None)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert seen
    assert released.alias()[0] == live

    ended = released.release().run(Request())
    assert (ended.live, ended.problem) == ("2", "")
    assert released.answer() == 1.00003
    assert released.warm() == {"2"}


def test_weights_that_were_left_behind_are_cleared(released: Released) -> None:
    released.deploy(1.00004)
    released.client("lambda").update_alias(
        FunctionName=released.name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    assert released.alias() == ("1", {"2": 0.25})
    ended = released.release().run(Request())
    assert ended.steps[0] == "clear the weights that an earlier move left on the alias"
    assert released.alias() == ("2", {})


def test_a_dry_run_changes_nothing(released: Released) -> None:
    released.deploy(1.00005)
    before = released.client("lambda").get_alias(FunctionName=released.name, Name="live")
    release = released.release()
    plan = release.plan(Request())
    assert (plan.old, plan.new) == ("1", "2")
    assert plan.steps[-1] == "remove the warm capacity of version 1"
    after = released.client("lambda").get_alias(FunctionName=released.name, Name="live")
    assert after["RevisionId"] == before["RevisionId"]
    assert release.records.read() is None
    assert released.warm() == {"1"}


def test_the_deployed_function_is_held_to_what_it_answered_once(
    local_stack: LocalStack, linear_model: str, tmp_path: Path
) -> None:
    """By direct calls of a version of the real inference function, in a tenant's name."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0]}
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"inputs": [tensor]}))
    told = local_stack.warmline("release", "record", linear_model, str(request), "--json")
    assert told.returncode == 0, told.stderr
    [kept] = json.loads(told.stdout)
    assert (kept["model"], kept["cases"]) == (linear_model, 1)

    golden = golden_of(local_stack.outputs, "default")
    [case] = golden.cases(linear_model, kept["version"])
    [output] = case.outputs
    assert output["data"] == [2.0, 3.0, 4.0, 5.0]
    alias = local_stack.client("lambda").get_alias(FunctionName=golden.function, Name=ALIAS)
    assert golden.check(alias["FunctionVersion"]) == ""
    key = f"golden/{linear_model}/{kept['version']}.json"
    other = case_with(output, data=[2.0, 3.0, 4.5, 5.0], request=case.request)
    local_stack.client("s3").put_object(Bucket=golden.bucket, Key=key, Body=other)
    assert golden.check(alias["FunctionVersion"]) == (
        f"golden request 1 of {linear_model} {kept['version']}: output {output['name']}: "
        "element 2 is 4.0, not 4.5 (tolerance 0.0001)"
    )
    local_stack.client("s3").delete_object(Bucket=golden.bucket, Key=key)


def case_with(output: Mapping[str, Any], *, data: list[float], request: Mapping[str, Any]) -> bytes:
    return json.dumps(
        {"cases": [{"request": request, "outputs": [{**output, "data": data}]}]}
    ).encode()


def test_a_stack_whose_alias_moves_with_up_says_so(local_stack: LocalStack) -> None:
    told = local_stack.warmline("release", "--dry-run")
    assert told.returncode == 1
    assert "release.owner is 'up'" in told.stderr
