"""One process at a time does a thing; the others wait and say so."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.2
SAY_AGAIN_SECONDS = 5.0


class LockTimeout(Exception):
    """Another process held the lock for longer than the caller can wait."""

    def __init__(self, path: Path, holder: str, limit_seconds: float) -> None:
        super().__init__(
            f"another process ({holder}) has held {path} for {limit_seconds:.0f} s; "
            "end it, or wait for it and run the command again"
        )
        self.holder = holder
        """Its process id, as text."""


@contextmanager
def exclusive(
    path: Path, waiting: Callable[[float], None], *, limit_seconds: float
) -> Iterator[None]:
    """Hold the lock file at `path`; the system frees it when its holder ends, however it ends.

    `waiting` is told every few seconds for how long another process has kept this one waiting.
    Raises `LockTimeout` after `limit_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not deleted afterwards: a process that waits on a deleted file would lock nothing.
    with path.open("a+", encoding="ascii") as file:
        start, said = time.monotonic(), float("-inf")
        while not _locked(file.fileno()):
            now = time.monotonic()
            if now - start >= limit_seconds:
                file.seek(0)
                raise LockTimeout(path, file.read().strip() or "unknown", limit_seconds)
            if now - said >= SAY_AGAIN_SECONDS:
                waiting(now - start)
                said = now
            time.sleep(POLL_SECONDS)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
