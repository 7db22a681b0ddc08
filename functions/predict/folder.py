"""A folder with one file per SHA-256, written by several processes without locks.

A file is written under a private name, checked, and then linked to its digest, where the first one
wins: under a final name there is never a part of a file.

Names in the folder: `<sha256>` a finished file, `<pid>.<token>.<n>.part` a download,
`<pid>.<token>.<n>.open/` the links of one load, `<sha256>.lock` a wish not to fetch twice.
"""

import errno
import itertools
import os
import re
import stat
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

ORPHAN_SECONDS = 3_600
"""A temporary name of another process is a leftover after this, even if its pid is in use."""

_TOKEN = os.urandom(4).hex()
"""Tells this process from an earlier one with the same pid: in a function pids repeat."""
_FINISHED = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = re.compile(r"(\d+)\.([0-9a-f]{8})\.\d+\.(?:part|open)")
_LOCK = re.compile(r"[0-9a-f]{64}\.lock")
_numbers = itertools.count()

Identity = tuple[int, int, int]
"""Inode, size and time of change: other bytes under one name have another."""


def identity(status: os.stat_result) -> Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns


class Folder:
    """Files by content, within `limit_bytes`. A folder that others may write to is never used.

    With `shared` other hosts have it mounted too: a pid says nothing there, and the owner is
    whoever the file system makes of its clients.
    """

    def __init__(self, path: Path, *, limit_bytes: int, shared: bool = False) -> None:
        self.path = path
        self._shared = shared
        self.limit = limit_bytes if _make_private(path, owned=not shared) else 0
        """Bytes; 0 = not used."""
        self._in_use: Counter[str] = Counter()
        self._lock = threading.Lock()
        if self.limit:
            self._remove_orphans()

    def kept(self, digest: str) -> Path:
        """Where the file with this digest is, if it is there."""
        return self.path / digest

    def open(self, digest: str) -> FileIO:
        """The file with this digest. Raises `OSError` where there is none.

        What is no file, and could hold up or lead astray whoever opens it, is removed.
        """
        kept = self.kept(digest)
        if not stat.S_ISREG(kept.lstat().st_mode):
            remove_tree(kept)
        # It may have been exchanged since: never wait for a writer, and ask what was opened.
        descriptor = os.open(kept, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "is no file", str(kept))
        return FileIO(descriptor, "rb")

    def temporary(self, kind: str) -> Path:
        """A name that nobody else uses."""
        return self.path / f"{os.getpid()}.{_TOKEN}.{next(_numbers)}.{kind}"

    def use(self, digests: Iterable[str]) -> None:
        """Keep the files from eviction by this process until `release`."""
        with self._lock:
            self._in_use.update(digests)

    def release(self, digests: Iterable[str]) -> None:
        with self._lock:
            for digest in digests:
                self._in_use[digest] -= 1
                if self._in_use[digest] <= 0:
                    del self._in_use[digest]

    def touch(self, digest: str, seen: Identity) -> None:
        """Note the use: the time of access is the order of eviction, for all who share the folder.

        The time of change stays; it is part of the file's identity.
        """
        with suppress(OSError):
            os.utime(self.kept(digest), ns=(time.time_ns(), seen[2]))

    def reserve(self, size: int) -> tuple[Path, int] | None:
        """A new part of its full length, so that others count it, and how many files were removed
        for it; `None` = no room."""
        part = self.temporary("part")
        try:
            with part.open("xb") as made:
                os.fchmod(made.fileno(), 0o600)
                made.truncate(size)
            evicted = self._make_room(size)
        except OSError:
            evicted = None
        if evicted is None:
            with suppress(OSError):
                part.unlink()
            return None
        return part, evicted

    def keep(self, verified: Path, digest: str) -> None:
        """Give a verified file its final name; the first one wins.

        Without space, or on a file system without links, the file is just not kept.
        """
        with suppress(OSError):
            os.link(verified, self.kept(digest))

    def remove_corrupt(self, digest: str, seen: Identity) -> None:
        """Remove a file with wrong bytes, unless somebody has replaced it meanwhile."""
        with suppress(OSError):
            if identity(self.kept(digest).stat()) == seen:
                self.kept(digest).unlink()

    def stored(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Every file that takes space: finished files, parts, and links that are all that is left
        of a file."""
        for path in self.path.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat(follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    yield path, status
                    continue
                for below in path.rglob("*"):
                    status = below.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                        yield below, status

    def _make_room(self, size: int) -> int | None:
        """Remove the files used longest ago until the folder is within its limit and `size` bytes
        are free. How many were removed; `None`, and nothing removed, where it cannot be done."""
        with self._lock:
            evictable: list[tuple[int, int, Path]] = []
            total = 0
            for path, status in self.stored():
                total += status.st_size
                finished = path.parent == self.path and _FINISHED.fullmatch(path.name)
                if finished and path.name not in self._in_use:
                    evictable.append((status.st_atime_ns, status.st_size, path))
            space = os.statvfs(self.path)
            lacking = max(total - self.limit, size - space.f_bavail * space.f_frsize)
            if lacking > sum(size for _, size, _ in evictable):
                return None
            removed = 0
            for _, freed, path in sorted(evictable):
                if lacking <= 0:
                    break
                path.unlink(missing_ok=True)
                lacking -= freed
                removed += 1
            return removed

    def _remove_orphans(self) -> None:
        with suppress(OSError):
            for path in list(self.path.iterdir()):
                if self._is_orphan(path):
                    remove_tree(path)

    def _is_orphan(self, path: Path) -> bool:
        name = _TEMPORARY.fullmatch(path.name)
        try:
            if name is None:
                return bool(_LOCK.fullmatch(path.name)) and _is_old(path)
            pid, token = int(name[1]), name[2]
            if not self._shared:
                if pid == os.getpid():
                    return token != _TOKEN
                os.kill(pid, 0)
            return _is_old(path)
        except ProcessLookupError:
            return True
        except OSError:
            return False


def remove_tree(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for below in path.iterdir():
                remove_tree(below)
            path.rmdir()
        else:
            path.unlink()


def _is_old(path: Path) -> bool:
    return time.time() - path.stat(follow_symlinks=False).st_mtime > ORPHAN_SECONDS


def _make_private(folder: Path, *, owned: bool) -> bool:
    """Make the folder; whether it is a real folder that nobody else may write to."""
    try:
        folder.mkdir(mode=0o700, parents=owned, exist_ok=True)
        status = folder.stat(follow_symlinks=False)
    except OSError:
        return False
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ours = not owned or status.st_uid == os.getuid()
    return stat.S_ISDIR(status.st_mode) and ours and not others_write
