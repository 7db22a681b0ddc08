"""The emulator's own Python environment, made from its lock.

Separate from `.venv` because the functions that the emulator runs see its packages; docs/adr/0002.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from emulation import processes
from emulation.locking import exclusive
from emulation.paths import ROOT, RUNTIME

FOLDER = RUNTIME / "emulator-venv"
LOCK = ROOT / "requirements" / "emulator.txt"
UV = ROOT / ".venv" / "bin" / "uv"
LIMIT_SECONDS = 600
NEEDED = ("ministack", "boto3", "cbor2", "cryptography.hazmat.primitives.asymmetric.rsa")
"""What has to import. Without cryptography the emulator starts, and then refuses every token."""


class EnvironmentFailure(Exception):
    """The emulator's environment cannot be made, or does not hold what it must."""


def stamp(lock: bytes, python: str) -> str:
    """Changes when the lock or the interpreter does."""
    return hashlib.sha256(lock + python.encode()).hexdigest()


def ensure(progress: Callable[[str], None]) -> Path:
    """The environment's Python, made anew when the lock has changed.

    Raises `EnvironmentFailure` with the installer's own words, and `LockTimeout`.
    """
    python = FOLDER / "bin" / "python"
    with exclusive(
        RUNTIME / "emulator-venv.lock",
        lambda seconds: progress(f"another process makes the environment, {seconds:.0f} s"),
        limit_seconds=LIMIT_SECONDS,
    ):
        if current() is not None:
            return python
        progress("making the emulator's environment")
        shutil.rmtree(FOLDER, ignore_errors=True)
        _uv(progress, "venv", "--python", sys.executable, FOLDER)
        _uv(progress, "pip", "install", "--require-hashes", "--python", python, "-r", LOCK)
        require_imports(python)
        _mark().write_text(_wanted(), encoding="ascii")
    return python


def current() -> Path | None:
    """The environment's Python, where it is made from this lock and by this interpreter."""
    python, mark = FOLDER / "bin" / "python", _mark()
    if python.exists() and mark.is_file() and mark.read_text(encoding="ascii") == _wanted():
        return python
    return None


def _mark() -> Path:
    return FOLDER / ".stamp"


def _wanted() -> str:
    return stamp(LOCK.read_bytes(), f"{sys.version} {sys.base_prefix}")


def require_imports(python: Path) -> None:
    """Raises `EnvironmentFailure` with the name of what does not import."""
    ended = processes.run(
        [python, "-I", "-c", f"import {', '.join(NEEDED)}"],
        environ={"PATH": os.defpath},
        folder=RUNTIME,
        limit_seconds=60,
    )
    if ended.code != 0:
        last = ended.tail.splitlines()[-1:]
        raise EnvironmentFailure(
            f"{FOLDER} lacks what the emulator needs: {' '.join(last)}; delete the folder and run "
            "the command again, and if that does not help, renew the lock with `make lock`"
        )


def _uv(progress: Callable[[str], None], *arguments: str | Path) -> None:
    ended = processes.run(
        [UV, *arguments, "--no-progress", "--color", "never"],
        environ=os.environ,
        folder=RUNTIME,
        limit_seconds=LIMIT_SECONDS,
        on_second=lambda elapsed: progress(f"making the emulator's environment, {elapsed:.0f} s"),
    )
    if ended.code != 0:
        raise EnvironmentFailure(
            f"`uv {arguments[0]}` ended with code {ended.code} for {FOLDER}:\n{ended.tail}"
        )
