"""Runs the engine's command line for the Automation API, in exactly the environment given."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

OnOutput = Callable[[str], None]


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
        stdout, stderr = _reader(process.stdout, on_output), _reader(process.stderr, on_error)
        try:
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


def _reader(stream: IO[str] | None, seen: OnOutput | None) -> Callable[[], list[str]]:
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
