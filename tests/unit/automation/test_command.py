"""How the engine's process is run: its whole environment, its failures, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError, StackNotFoundError

from automation import command
from automation.command import EngineCommand
from emulation.processes import end_group

pytestmark = pytest.mark.unit

ROOT = Path(command.__file__).parents[1]


def engine(folder: Path, script: str, environ: dict[str, str] | None = None) -> EngineCommand:
    """An engine that is a shell script."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return EngineCommand(path, "v3.274.1", environ or {"PATH": os.defpath})


def test_the_engine_sees_what_it_is_given_and_nothing_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    made = engine(tmp_path, "env", {"PATH": os.defpath, "AWS_REGION": "us-east-1"})
    seen = made.run(["up"], str(tmp_path), {"EXTRA": "1"}).stdout.splitlines()
    assert "AWS_REGION=us-east-1" in seen
    assert "EXTRA=1" in seen
    assert not [line for line in seen if line.startswith("AWS_PROFILE")]


def test_lines_are_passed_on_while_the_engine_runs_and_kept(tmp_path: Path) -> None:
    seen: list[str] = []
    result = engine(tmp_path, "echo one; echo two; echo three >&2").run(
        ["up"], str(tmp_path), {}, on_output=seen.append
    )
    assert seen == ["one", "two"]
    assert (result.stdout, result.stderr, result.code) == ("one\ntwo", "three", 0)


def test_a_failure_carries_what_the_engine_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="it broke"):
        engine(tmp_path, "echo it broke >&2; exit 3").run(["up"], str(tmp_path), {})


def test_a_missing_stack_is_told_apart(tmp_path: Path) -> None:
    script = "echo \"error: no stack named 'local' found\" >&2; exit 6"
    with pytest.raises(StackNotFoundError):
        engine(tmp_path, script).run(["stack", "select"], str(tmp_path), {})


def test_the_engine_is_never_asked_to_prompt(tmp_path: Path) -> None:
    result = engine(tmp_path, 'echo "$@"; cat').run(["up"], str(tmp_path), {})
    assert result.stdout == "--non-interactive up"


def test_ctrl_c_waits_until_the_engine_has_written_its_state(tmp_path: Path) -> None:
    trap = "trap 'sleep 0.5; touch written; exit 1' INT; touch started; while :; do sleep 0.1; done"
    engine(tmp_path, trap)
    script = (
        "import signal, sys; from pathlib import Path\n"
        "from automation.command import EngineCommand\n"
        # A shell starts its background jobs deaf to Ctrl-C, and they pass that on.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "folder = Path(sys.argv[1])\n"
        "EngineCommand(folder / 'pulumi', '3.1.0', {'PATH': sys.argv[2]})"
        ".run(['up'], str(folder), {})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), os.defpath],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, error = process.communicate(timeout=20)
    finally:
        end_group(process.pid)
    assert "KeyboardInterrupt" in error
    assert (tmp_path / "written").exists()


def test_ctrl_c_while_the_engine_is_being_started_waits_for_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen

    def interrupted(*args: Any, **options: Any) -> Any:
        process = start(*args, **options)
        os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            engine(tmp_path, "sleep 0.3; touch written").run(["up"], str(tmp_path), {})
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "written").exists()
