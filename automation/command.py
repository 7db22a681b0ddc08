"""Runs the engine's command line for the Automation API, in exactly the environment given."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

OnOutput = Callable[[str], None]
Lines = Callable[[], list[str]]
"""Waits for the end of a stream and gives its lines."""
Started = TypeVar("Started")


class EngineCommand(PulumiCommand):
    """The Automation API's own command merges `os.environ` into every call and leaves the engine
    behind on Ctrl-C. This one passes no variable on by itself, and waits for the engine's end, so
    that state is written and the lock released.
    """

    def __init__(self, command: Path, version: str, environ: Mapping[str, str]) -> None:
        # Not super().__init__: it looks for `bin/pulumi` under a root and starts it once more.
        self.command = str(command)
        self.version = VersionInfo.parse(version.removeprefix("v"))
        self.environ = dict(environ)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Raises `pulumi.automation.errors.CommandError` when the exit code is not 0."""
        environ = self.environ | dict(additional_env) | {"PULUMI_AUTOMATION_API": "true"}
        folder = str(Path(self.command).parent)
        environ["PATH"] = os.pathsep.join([environ.get("PATH", os.defpath), folder])
        (process, stdout, stderr), interrupted = _uninterrupted(
            lambda: self._start(args, cwd, environ, on_output, on_error)
        )
        try:
            if interrupted:
                raise KeyboardInterrupt
            process.wait()
        except KeyboardInterrupt:
            # The terminal sent the signal to the engine too; it finishes the running steps.
            process.wait()
            raise
        finally:
            lines = [stdout(), stderr()]
        result = CommandResult(
            stdout="\n".join(lines[0]), stderr="\n".join(lines[1]), code=process.returncode
        )
        if result.code != 0:
            raise create_command_error(result)
        return result

    def _start(
        self,
        args: list[str],
        cwd: str,
        environ: Mapping[str, str],
        on_output: OnOutput | None,
        on_error: OnOutput | None,
    ) -> tuple[subprocess.Popen[str], Lines, Lines]:
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            cwd=cwd,
            env=environ,
            encoding="utf-8",
            errors="replace",
        )
        return process, _reader(process.stdout, on_output), _reader(process.stderr, on_error)


def _uninterrupted(start: Callable[[], Started]) -> tuple[Started, bool]:
    """What `start` gives, and whether Ctrl-C came meanwhile.

    At once, it would leave behind a process that nobody knows yet and so nobody waits for.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        return start(), False
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        started = start()
    finally:
        signal.signal(signal.SIGINT, before)
    return started, bool(came)


def _reader(stream: IO[str] | None, seen: OnOutput | None) -> Lines:
    """Read `stream` in the background; calling the result waits for its end."""
    lines: list[str] = []

    def read() -> None:
        for line in stream or ():
            lines.append(line.rstrip())
            if seen is not None:
                seen(lines[-1])

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    def finish() -> list[str]:
        thread.join()
        if stream is not None:
            stream.close()
        return lines

    return finish
