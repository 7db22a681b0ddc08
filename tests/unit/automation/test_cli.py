"""The command line: exit codes, help, and what is refused at once."""

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner

from automation import cli
from automation.errors import Failure, StageFailure
from automation.outputs import Outputs
from emulation.aws.catalogue import FIDELITY
from emulation.engine import EngineError

pytestmark = pytest.mark.unit

COMMANDS = ("up", "preview", "down", "status", "doctor", "outputs", "token", "predict")


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, list(args))
    return result.exit_code, result.stdout, result.stderr


def test_the_version_is_the_projects() -> None:
    code, out, _ = run("--version")
    assert code == 0
    assert re.fullmatch(r"warmline \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_prints_data_can_print_json(command: str) -> None:
    _, out, _ = run(command, "--help")
    assert "--json" in out


@pytest.mark.parametrize("args", [("fly",), ("up", "--fast"), ("predict",), ("token", "extra")])
def test_a_command_line_that_makes_no_sense_exits_with_2(args: tuple[str, ...]) -> None:
    code, _, err = run(*args)
    assert code == 2
    assert "Usage" in err


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_stack_on_aws_is_not_changed_without_yes(command: str) -> None:
    code, _, err = run(command, "--stack", "prod")
    assert code == 2
    assert "--yes" in " ".join(err.split())


def test_a_failing_stage_is_named_with_its_cause_and_way_out_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise StageFailure("emulator", "port 4566 is taken", "Free it.")

    monkeypatch.setattr("automation.up.up", fail)
    code, out, err = run("up")
    assert code == 1
    assert "up failed at stage emulator: port 4566 is taken" in err
    assert "Free it." in err
    assert out == ""


def test_an_interrupted_command_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("automation.up.up", stop)
    code, _, err = run("up")
    assert code == 1
    assert "Run it again" in err


def test_data_on_standard_output_is_json_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {"api_url": "http://127.0.0.1:1/$default", "tenants": {"demo": "abc"}}
    monkeypatch.setattr(
        "automation.outputs.read", lambda stack: Outputs(stack=stack, values=values)
    )
    code, out, _ = run("outputs", "--json")
    assert code == 0
    assert json.loads(out) == values


def test_a_stack_that_is_not_up_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_stack: str) -> None:
        raise Failure("stack local is not up", "Bring it up: warmline up")

    monkeypatch.setattr("automation.outputs.read", fail)
    code, _, err = run("token")
    assert code == 1
    assert "Bring it up" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "Unable to locate credentials"),
        (EngineError([("Go build", "no Go")], "1.25"), "Go build: no Go"),
    ],
)
def test_missing_credentials_or_engine_are_no_traceback(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_stack: str) -> None:
        raise error

    monkeypatch.setattr("automation.outputs.read", fail)
    code, _, err = run("token")
    assert code == 1
    assert said in err
    assert "Traceback" not in err


def test_the_curl_line_survives_a_paste_into_a_shell() -> None:
    line = cli.curl_line({"api_url": "http://127.0.0.1:1/x/$default"}, ".venv/bin/warmline token")
    assert line == (
        'curl -H "Authorization: Bearer $(.venv/bin/warmline token)" '
        "'http://127.0.0.1:1/x/$default/v2/models/magika'"
    )


def test_resource_types_are_shown_short_enough_for_a_narrow_terminal() -> None:
    assert cli.short_token("aws:s3/bucketVersioning:BucketVersioning") == "aws:s3:BucketVersioning"


def test_the_status_names_every_resource_type_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run("status")
    assert {cli.short_token(type_) for type_ in FIDELITY} <= set(out.split())
    assert max(map(len, out.partition("home  ")[0].splitlines())) <= 80


@pytest.mark.parametrize("command", ["up", "down", "status", "outputs", "token"])
def test_a_home_that_is_no_folder_is_named_with_the_variable_that_moves_it(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "file"
    home.write_text("in the way")
    monkeypatch.setenv("WARMLINE_HOME", str(home))
    code, _, err = run(command)
    assert code == 1
    assert str(home) in err
    assert "WARMLINE_HOME names another" in err
    assert "Traceback" not in err
