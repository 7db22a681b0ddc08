"""What the doctor asks with: real files, a stand-in for the engine, and no network."""

import json
import os
import re
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from automation import workspace
from automation.doctor import ask
from automation.doctor.account import SERVICES
from automation.doctor.examine import doctor, examine
from automation.doctor.finding import CannotAsk, Verdict
from automation.doctor.probes import EngineFacts
from automation.errors import Failure
from emulation.engine import Engine, build, download
from emulation.locking import exclusive
from emulation.ministack import Condition
from emulation.paths import ROOT

pytestmark = pytest.mark.unit

NAMES = {"cognito": "cognito-idp", "lambda_": "lambda", "vpc": "ec2"}
"""Modules of pulumi_aws whose service boto3 calls otherwise."""
NOT_REGIONAL = {"budgets", "iam", "route53"}


def test_the_services_are_those_that_the_program_uses() -> None:
    files = [*ROOT.glob("components/*.py"), ROOT / "__main__.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    used = {NAMES.get(name, name) for name in re.findall(r"\baws\.([a-z0-9_]+)\.[A-Z]", text)}
    logs = {"logs"} if "cloudwatch.LogGroup" in text else set[str]()
    assert (used | logs) - NOT_REGIONAL == SERVICES


def test_a_region_of_every_partition_has_the_services_and_an_invented_one_none() -> None:
    for region in ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"):
        assert ask.services_in(region) >= SERVICES - {"cognito-idp"}
    assert ask.services_in("us-east-1") == SERVICES
    for region in ("us-east-9", "xx-nowhere-1"):
        assert ask.services_in(region) == frozenset()


def test_a_home_that_can_be_used_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    assert ask.use_home() == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_a_file_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        ask.use_home()
    findings = doctor("local").findings
    assert findings["home"].verdict is Verdict.PROBLEM
    # What would be read there is unknown, which is no second problem.
    assert findings["emulator"].verdict is Verdict.NOT_ASKED
    assert findings["deployed instance"].verdict is Verdict.OK


def test_space_is_that_of_the_folder_above_where_there_is_none_yet(tmp_path: Path) -> None:
    found = ask.space(tmp_path / "not" / "yet")
    assert found.folder == tmp_path
    assert found.free_gb > 0


def test_an_emulator_whose_process_is_gone_was_ended_unless_somebody_is_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    assert ask.emulator_facts().condition is Condition.NONE
    (tmp_path / "emulator").mkdir()
    # This process has the number, and is another one: it started at another time.
    record = {"pid": os.getpid(), "started": "long ago", "port": 4567, "instance": "aa11"}
    (tmp_path / "emulator" / "state.json").write_text(json.dumps(record))
    with (
        exclusive(tmp_path / "emulator" / "lock", lambda _seconds: None, limit_seconds=0),
        pytest.raises(CannotAsk, match="starts or stops"),
    ):
        ask.emulator_facts()
    facts = ask.emulator_facts()
    assert (facts.condition, facts.pid, facts.instance) == (Condition.ENDED, os.getpid(), "aa11")


def test_an_answer_or_an_error_is_asked_for_once() -> None:
    asked: list[str] = []

    def refuse() -> None:
        asked.append("")
        raise NoCredentialsError

    answer = ask.once(refuse)
    for _ in range(2):
        with pytest.raises(NoCredentialsError):
            answer()
    number = ask.once(lambda: asked.append("") or len(asked))
    assert (number(), number()) == (2, 2)


def test_an_engine_on_path_that_is_passed_over_is_named_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "pulumi"
    script.write_text("#!/bin/sh\necho v3.100.0\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for way in (download, build):
        monkeypatch.setattr(way, "cached", lambda: None)
    facts = ask.engine_facts()
    assert (facts.engine, facts.host, facts.go) == (None, None, None)
    assert f"{script} is v3.100.0" in facts.passed_over
    engine = examine(replace(ask.probes_of("local"), engine=lambda: facts)).findings["engine"]
    assert engine.verdict is Verdict.PROBLEM


def stand_in(tmp_path: Path, body: str) -> ask.Asked:
    """An engine that is a shell script."""
    script = tmp_path / "pulumi"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    engine = Engine(command=script, version="v3.274.1", origin="path")
    facts = EngineFacts(engine=engine, host=None, passed_over="", go=None)
    return ask.Asked(lambda: {"config": {}}, lambda: facts)


def test_the_backend_is_where_the_engine_says(tmp_path: Path) -> None:
    assert stand_in(tmp_path, """echo '{"url": "s3://state"}'""").backend() == "s3://state"


def test_an_engine_that_reaches_no_state_is_quoted_with_a_way_out(tmp_path: Path) -> None:
    engine = stand_in(tmp_path, "echo 'error: no such bucket' >&2; exit 255")
    with pytest.raises(Failure, match="no such bucket") as caught:
        engine.backend()
    assert "PULUMI_BACKEND_URL" in caught.value.way_out


def test_only_resource_plugins_count(tmp_path: Path) -> None:
    listed = [
        {"name": "aws", "kind": "resource", "version": "7.51.1"},
        {"name": "python", "kind": "language"},
    ]
    found = stand_in(tmp_path, f"echo '{json.dumps(listed)}'").plugins()
    assert found == {("aws", "7.51.1")}


def test_an_engine_that_lists_nothing_readable_leaves_its_plugins_unknown(tmp_path: Path) -> None:
    with pytest.raises(CannotAsk, match="no JSON"):
        stand_in(tmp_path, "echo a warning").plugins()


def test_without_an_engine_nothing_is_asked_of_it() -> None:
    facts = EngineFacts(engine=None, host=None, passed_over="", go=None)
    asked = ask.Asked(dict, lambda: facts)
    for question in (asked.backend, asked.plugins):
        with pytest.raises(CannotAsk, match="no engine"):
            question()


class Sts:
    """AWS's STS with a clock of its own; it refuses, as it does without a signature."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers

    def get_caller_identity(self) -> Any:
        answer: Any = {
            "Error": {"Code": "MissingAuthenticationToken"},
            "ResponseMetadata": {"HTTPHeaders": self.headers},
        }
        raise ClientError(answer, "GetCallerIdentity")


@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_the_clock_is_compared_with_the_date_of_a_refusal(
    skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = Sts({"date": formatdate(time.time() + skew, usegmt=True)})
    monkeypatch.setattr(ask, "unsigned", lambda *_: sts)
    assert ask.Aws(dict).clock_skew_seconds() == pytest.approx(skew, abs=5)


@pytest.mark.parametrize("headers", [{}, {"date": "noon"}])
def test_an_answer_without_a_time_leaves_the_clock_unknown(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "unsigned", lambda *_: Sts(headers))
    with pytest.raises(CannotAsk, match="no time"):
        ask.Aws(dict).clock_skew_seconds()


@pytest.mark.parametrize(
    ("region", "asked"),
    [
        ("ap-southeast-7", "us-east-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_credentials_are_asked_for_where_every_account_has_a_region(
    region: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions: list[str] = []

    def client(_service: str, where: str) -> Sts:
        regions.append(where)
        return Sts({"date": formatdate(usegmt=True)})

    monkeypatch.setattr(ask, "unsigned", client)
    ask.Aws(lambda: {"config": {"aws:region": region}}).clock_skew_seconds()
    assert regions == [asked]


def test_the_committed_prod_file_lacks_a_secrets_provider_and_dev_needs_none() -> None:
    with pytest.raises(Failure, match="secretsprovider is missing"):
        ask.secrets_provider("prod", workspace.read_stack_file("prod"))
    assert ask.secrets_provider("dev", workspace.read_stack_file("dev"))


def test_the_doctors_own_probes_judge_a_stack_that_does_not_exist() -> None:
    probes = ask.probes_of("nowhere")
    with pytest.raises(Failure, match="no stack 'nowhere'"):
        probes.judge()
