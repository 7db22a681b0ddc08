"""Gets the engine through the Automation API's own installer."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path

from emulation import processes
from emulation.engine.found import HOST, Engine, Unusable, require_supported, version_of
from emulation.paths import cache

LIMIT_SECONDS = 300
CONNECT_LIMIT_SECONDS = 10
"""The installer itself waits without limit where a firewall drops what is sent."""

INSTALL = f"""
import socket, subprocess, sys
socket.setdefaulttimeout({CONNECT_LIMIT_SECONDS})
from pulumi.automation import PulumiCommand
try:
    PulumiCommand.install(root=sys.argv[1])
except subprocess.CalledProcessError as error:
    sys.exit(error.output.decode(errors="replace").strip() or str(error))
except Exception as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


def folder() -> Path:
    """Holds `bin/pulumi` and its language hosts, in the version of the installed SDK."""
    return cache() / "engine" / f"release-{installed_version('pulumi')}"


def cached() -> Engine | None:
    """An earlier download, if it still works."""
    try:
        return _engine(folder())
    except Unusable:
        return None


def install(progress: Callable[[str], None]) -> Engine:
    """Download a release; the cache never holds half of one. Raises `Unusable` with the cause."""
    progress("asking Pulumi's own installer for a release")
    target = folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".release-") as name:
        staging = Path(name)
        (staging / "tmp").mkdir()
        # The installer's script unpacks in TMPDIR, and leaves its pieces there when it is ended.
        environ = dict(os.environ) | {"TMPDIR": str(staging / "tmp"), "PULUMI_HOME": name}
        try:
            ended = processes.run(
                [sys.executable, "-c", INSTALL, staging / "root"],
                environ=environ,
                folder=staging,
                limit_seconds=LIMIT_SECONDS,
                on_second=lambda elapsed: progress(
                    f"Pulumi's own installer at work, {elapsed:.0f} s"
                ),
            )
        except processes.TooSlow as error:
            raise Unusable(f"no release after {LIMIT_SECONDS} s") from error
        if ended.code != 0:
            raise Unusable(" ".join(ended.tail.splitlines()[-2:]) or f"code {ended.code}")
        _engine(staging / "root")
        shutil.rmtree(target, ignore_errors=True)
        try:
            (staging / "root").rename(target)
        except OSError:
            # Another process was faster; what it put there is as good.
            if not target.is_dir():
                raise
    return _engine(target)


def _engine(root: Path) -> Engine:
    command = root / "bin" / "pulumi"
    version = version_of(command)
    require_supported(command, version)
    if not (command.parent / HOST).is_file():
        raise Unusable(f"{command.parent} holds no {HOST}")
    return Engine(
        command=command, version=version, origin="download", path_entries=(command.parent,)
    )
