"""`warmline release` on the command line: what it prints, and how it fails."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from automation.cli import app
from automation.release import cli
from tests.unit.release.fake_lambda import FakeCloud

pytestmark = pytest.mark.unit


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    made = FakeCloud()
    made.give("1")
    made.deploy("b")
    monkeypatch.setattr(cli, "connect", lambda _name: made)
    monkeypatch.setattr("automation.release.run.time", made)
    return made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["release", *map(str, arguments)])


def test_a_release_prints_its_steps_and_what_is_live(cloud: FakeCloud) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "  move the alias to version 2" in result.stdout.splitlines()
    assert result.stdout.splitlines()[-1] == "default (predict): version 2 is live."


def test_json_has_standard_output_for_itself(cloud: FakeCloud) -> None:
    result = run("--json")
    assert result.exit_code == 0, result.output
    [document] = json.loads(result.stdout)
    assert (document["serving_group"], document["live"]) == ("default", "2")
    assert document["problem"] == ""
    assert "put warm capacity 2 on version 2" in document["steps"]


def test_a_release_that_went_back_says_why_and_exits_with_one(cloud: FakeCloud) -> None:
    cloud.alarms["errors"] = lambda: cloud.live == "2"
    result = run()
    assert result.exit_code == 1
    assert "version 1 is live" in result.stdout
    assert "alarm errors went on after the alias moved" in result.stdout


def test_a_dry_run_numbers_the_steps_and_needs_no_yes(cloud: FakeCloud) -> None:
    result = run("--dry-run", "--stack", "prod")
    assert result.exit_code == 0, result.output
    assert "1. put warm capacity 2 on version 2" in result.stdout
    assert cloud.record is None


def test_a_stack_on_aws_is_changed_only_with_yes(cloud: FakeCloud) -> None:
    assert run("--stack", "prod").exit_code == 2
    assert cloud.live == "1"
    assert run("--stack", "prod", "--yes").exit_code == 0


def test_back_takes_no_version_because_it_knows_it(cloud: FakeCloud) -> None:
    assert run("--back", "--to", "1").exit_code == 2


def test_what_stands_against_it_comes_with_a_way_out(cloud: FakeCloud) -> None:
    cloud.alarms["errors"] = lambda: True
    result = run()
    assert result.exit_code == 1
    assert "is on before anything changed" in result.stderr
    assert "warmline release --despite 'errors'" in result.stderr


def test_record_asks_each_version_that_the_route_weighs(cloud: FakeCloud, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"inputs": [], "id": "mine"}')
    result = run("record", "m", request)
    assert result.exit_code == 0, result.output
    assert result.stdout == "m version 1 has 2 golden requests.\n"
    assert b"mine" in cloud.objects["golden/m/1.json"]


def test_record_names_a_model_that_is_not_there(cloud: FakeCloud, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"inputs": []}')
    result = run("record", "other", request)
    assert result.exit_code == 1
    assert "the stack has no model 'other'" in result.stderr
    assert run("record", "m", request, "--compare", "looks").exit_code == 2
