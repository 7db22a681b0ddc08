"""What the language host starts for the engine, and what it refuses."""

import sys
from pathlib import Path

import pytest
from pulumi.runtime.proto import language_pb2 as protocol

from emulation.engine import language_host
from emulation.engine.language_host import Refused

pytestmark = pytest.mark.unit


def test_without_a_virtual_environment_the_host_s_own_python_runs_the_program():
    assert language_host.interpreter("/project", {}) == Path(sys.executable)


def test_a_virtual_environment_is_found_relative_to_the_project(tmp_path: Path):
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "project").mkdir()
    chosen = language_host.interpreter(str(tmp_path / "project"), {"virtualenv": "../env"})
    assert chosen.samefile(python)


def test_a_program_gets_what_an_activated_environment_has():
    environ = language_host.activated(
        {"PATH": "/usr/bin", "PYTHONHOME": "/other", "KEPT": "1"}, Path("/env/bin/python")
    )
    assert environ == {"PATH": "/env/bin:/usr/bin", "VIRTUAL_ENV": "/env", "KEPT": "1"}


def test_a_missing_virtual_environment_is_named_with_the_way_out(tmp_path: Path):
    with pytest.raises(Refused, match=r"virtualenv of .* is 'gone'.*make setup"):
        language_host.interpreter(str(tmp_path), {"virtualenv": "gone"})


@pytest.mark.parametrize(
    ("options", "named"),
    [({"typechecker": "mypy"}, "typechecker"), ({"toolchain": "poetry"}, "toolchain: poetry")],
)
def test_an_option_that_this_host_does_not_know_is_refused_by_name(options, named):
    with pytest.raises(Refused, match=named):
        language_host.interpreter("/project", options)


def test_a_program_runs_through_the_sdk_s_script_with_the_engine_s_addresses():
    request = protocol.RunRequest(
        project="p",
        stack="s",
        organization="o",
        pwd="/project/main",
        monitor_address="127.0.0.1:2",
        dryRun=True,
        parallel=16,
        args=["extra"],
        info=protocol.ProgramInfo(root_directory="/project", entry_point="."),
    )
    command = language_host.program_command(request, "127.0.0.1:1", Path("/env/bin/python"))
    assert command[:2] == ["/env/bin/python", "-u"]
    assert command[2].endswith("pulumi-language-python-exec")
    options = dict(zip(command[3:-2:2], command[4:-2:2], strict=True))
    assert options == {
        "--monitor": "127.0.0.1:2",
        "--engine": "127.0.0.1:1",
        "--project": "p",
        "--root_directory": "/project",
        "--stack": "s",
        "--organization": "o",
        "--pwd": "/project/main",
        "--parallel": "16",
        "--dry_run": "true",
    }
    assert command[-2:] == [".", "extra"]


def test_parallelism_is_always_a_number_because_the_script_reads_one():
    command = language_host.program_command(protocol.RunRequest(), "", Path("python"))
    assert command[command.index("--parallel") + 1] == "0"
    assert command[command.index("--dry_run") + 1] == "false"


def test_a_policy_pack_runs_in_the_sdk_s_policy_runner_with_the_engine_s_address_first():
    request = protocol.RunPluginRequest(
        kind="analyzer",
        args=["127.0.0.1:1"],
        info=protocol.ProgramInfo(program_directory="/pack"),
    )
    command = language_host.plugin_command(request, Path("python"))
    assert command == ["python", "-u", "-m", "pulumi.policy", "127.0.0.1:1", "/pack"]


def test_a_provider_runs_as_a_program_with_the_engine_s_address_last():
    request = protocol.RunPluginRequest(
        kind="resource",
        args=["127.0.0.1:1"],
        info=protocol.ProgramInfo(program_directory="/provider"),
    )
    command = language_host.plugin_command(request, Path("python"))
    assert command == ["python", "-u", "/provider", "127.0.0.1:1"]


@pytest.mark.parametrize(
    ("code", "error", "bail"),
    [
        (0, "", False),
        (32, "", True),
        (1, "the program ended with code 1", False),
        (-9, "the program was ended by signal 9", False),
    ],
)
def test_the_engine_is_told_how_a_program_ended(code, error, bail):
    response = language_host.outcome(code)
    assert (response.error, response.bail) == (error, bail)
