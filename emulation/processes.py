"""Child processes that end when they should, and recognising a process by more than its id."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TAIL_LINES = 15
TICK_SECONDS = 1.0
POLL_SECONDS = 0.05
START_FIELD = 19
"""Index of `starttime` after the command's closing bracket in /proc/<pid>/stat (field 22)."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a child process ended."""

    code: int
    tail: str
    """Its last lines, standard output and error together."""


class TooSlow(Exception):
    """A child process was ended because it ran past its limit."""


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    folder: Path,
    limit_seconds: float,
    on_line: Callable[[str], None] = lambda _line: None,
    on_second: Callable[[float], None] = lambda _elapsed: None,
) -> Ended:
    """Run `command` to its end, in a process group that is ended with it whatever happens.

    `on_line` gets each line; `on_second` gets the seconds since the start, about once a second.
    Raises `TooSlow`, and `OSError` where the command cannot be started.
    """
    start = time.monotonic()
    told = 0.0
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environ),
        cwd=folder,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            lines = _lines(process.stdout)
            while True:
                elapsed = time.monotonic() - start
                if elapsed > limit_seconds:
                    raise TooSlow(f"`{command[0]}` did not end within {limit_seconds:.0f} s")
                if elapsed - told >= TICK_SECONDS:
                    told = elapsed
                    on_second(elapsed)
                with suppress(queue.Empty):
                    line = lines.get(timeout=TICK_SECONDS)
                    if line is None:
                        break
                    tail.append(line)
                    on_line(line)
            process.wait(timeout=max(1.0, limit_seconds - (time.monotonic() - start)))
        except subprocess.TimeoutExpired as error:
            raise TooSlow(f"`{command[0]}` did not end within {limit_seconds:.0f} s") from error
        finally:
            end_group(process.pid)
    return Ended(code=process.returncode, tail="\n".join(tail))


def _lines(stream: IO[str] | None) -> "queue.Queue[str | None]":
    """The lines of `stream`, then None at its end."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        # A ValueError means that the stream was closed under the reader: the child was given up.
        with suppress(ValueError):
            for line in stream or ():
                lines.put(line.rstrip())
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def end_group(group: int) -> None:
    """Kill what is left of a process group."""
    # PermissionError: macOS answers so for a group of which only an unreaped process is left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def started(pid: int) -> str | None:
    """When process `pid` was started, in the system's words; None when there is no such process.

    A process id is used again after its process has ended; id and start together are not. A process
    that has ended but was not yet collected by its parent counts as ended.
    """
    return _started_linux(pid) if _has_proc() else _started_elsewhere(pid)


def _has_proc() -> bool:
    return Path("/proc/self/stat").exists()


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    # Clock ticks since boot repeat from one boot to the next; with the boot's id they do not.
    return None if state in "ZX" else f"{boot}/{fields[START_FIELD - 1]}"


def _started_elsewhere(pid: int) -> str | None:
    shown = subprocess.run(
        ["/bin/ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": os.defpath},
        check=False,
    )
    state, _, start = shown.stdout.strip().partition(" ")
    return None if shown.returncode or not start or state.startswith("Z") else start.strip()


def stop(pid: int, *, limit_seconds: float) -> None:
    """End a process that leads its group: ask, wait for `limit_seconds`, then kill the group."""
    before = started(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + limit_seconds
    while before is not None and started(pid) == before and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    end_group(pid)
    while before is not None and started(pid) == before:
        time.sleep(POLL_SECONDS)
