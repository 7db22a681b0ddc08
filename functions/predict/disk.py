"""The disk cache: a folder with one file per SHA-256, shared by processes without locks.

A file is written under a private name, checked while it streams in, and then linked to its final
name, where the first one wins. A load never opens the final name: it opens a link of its own, whose
bytes this process has verified, so no other process can exchange or remove them under it.

Names in the folder: `<sha256>` a finished file, `<pid>.<token>.<n>.part` a download, and
`<pid>.<token>.<n>.open/` the links of one load.
"""

import hashlib
import itertools
import os
import re
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from contracts.manifest import Manifest, ModelFile
from functions.predict.download import Download
from functions.predict.tiers import Source
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded

FOLDER = "warmline-models"
ORPHAN_SECONDS = 3_600
"""A temporary name of another process is a leftover after this, even if its pid is in use."""
READ_BYTES = 1024 * 1024

_TOKEN = os.urandom(4).hex()
"""Tells this process from an earlier one with the same pid: in a function pids repeat."""
_TEMPORARY = re.compile(r"(\d+)\.([0-9a-f]{8})\.\d+\.(?:part|open)")
_numbers = itertools.count()


@dataclass
class Files:
    """The verified files of one version, for one load.

    All lie below `folder`, or, where the disk did not take one of them, all are in `contents`.
    """

    folder: Path | None = None
    contents: dict[str, bytes] = field(default_factory=dict[str, bytes])
    downloaded: int = 0
    """How many files came from the source."""
    refused: bool = False
    """The disk did not take a file: too large for its limit, or no space left."""
    evicted: int = 0
    """How many files were removed from the disk to make room."""
    release: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Give the disk space back. Files that are mapped into memory stay readable."""
        release, self.release = self.release, lambda: None
        release()


class Disk:
    """Files by content, within `limit_bytes`. A folder that others may write to is never used."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder = folder
        self._limit = limit_bytes if _make_private(folder) else 0
        self._verified: dict[str, tuple[int, int, int]] = {}
        """Digest -> identity of the file whose bytes this process has checked."""
        self._in_use: Counter[str] = Counter()
        self._lock = threading.Lock()
        if self._limit:
            self._remove_orphans()

    @classmethod
    def in_temporary_folder(cls, environ: Mapping[str, str], *, limit_bytes: int) -> "Disk":
        """Below TMPDIR, else below /tmp, the one place where a function may write."""
        temporary = environ.get("TMPDIR") or "/tmp"  # noqa: S108 - the folder below it is private
        return cls(Path(temporary) / FOLDER, limit_bytes=limit_bytes)

    def open(self, manifest: Manifest, source: Source, deadline: Deadline) -> Files:
        """Every file of the version, from the disk or else from the source.

        Raises `ModelIntegrity` when bytes are not what the manifest says, `DeadlineExceeded`, and
        what the source raises; nothing of a failed download stays.
        """
        digests = [file.sha256 for file in manifest.files]
        with self._lock:
            self._in_use.update(digests)
        files = Files()
        files.release = lambda: self._release(digests, files.folder)
        try:
            files.folder = self._open_folder(manifest)
            for file in manifest.files:
                if not self._link(file, files, deadline):
                    self._download(manifest, file, source, files, deadline)
            if files.contents:
                files.refused = True
                _read_the_rest(manifest, files)
        except BaseException:
            files.close()
            raise
        return files

    def _open_folder(self, manifest: Manifest) -> Path | None:
        if manifest.size_bytes > self._limit:
            return None
        folder = self._temporary("open")
        try:
            folder.mkdir(mode=0o700)
        except OSError:
            return None
        return folder

    def _link(self, file: ModelFile, files: Files, deadline: Deadline) -> bool:
        """Whether the cache has the file; then it is verified and below `files.folder`."""
        if files.folder is None:
            return False
        kept, target = self._folder / file.sha256, files.folder / file.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(kept, target)
            identity = _identity(target)
            if self._verified.get(file.sha256) != identity:
                if _sha256(target, deadline) != file.sha256:
                    self._remove_corrupt(kept, target, identity)
                    return False
                self._verified[file.sha256] = identity
        except OSError:  # not there, or not readable: fetched as if it were not there
            return False
        with suppress(OSError):
            # The time of access is the order of eviction, for all processes that share the folder.
            os.utime(kept, ns=(time.time_ns(), identity[2]))
        return True

    def _download(
        self, manifest: Manifest, file: ModelFile, source: Source, files: Files, deadline: Deadline
    ) -> None:
        part = self._reserve(file, files) if files.folder else None
        download = Download(file, part)
        try:
            source.fetch(manifest, file, download.write, deadline)
            download.check()
            files.downloaded += 1
            target = files.folder / file.name if files.folder else None
            if target is None or not download.move_to(target):
                files.contents[file.name] = download.contents()
                return
            self._verified[file.sha256] = _identity(target)
            with suppress(OSError):  # the first one wins; without space the file is just not kept
                os.link(target, self._folder / file.sha256)
        finally:
            download.discard()

    def _reserve(self, file: ModelFile, files: Files) -> Path | None:
        """A new part of the file's full length, so that others count it; `None` = no room."""
        part = self._temporary("part")
        try:
            with part.open("xb") as made:
                os.fchmod(made.fileno(), 0o600)
                made.truncate(file.size_bytes)
            evicted = self._make_room(file.size_bytes)
        except OSError:
            evicted = None
        if evicted is None:
            with suppress(OSError):
                part.unlink()
            return None
        files.evicted += evicted
        return part

    def _make_room(self, size: int) -> int | None:
        """Remove the files used longest ago until the folder is within its limit and `size` bytes
        are free. How many were removed; `None`, and nothing removed, where it cannot be done."""
        with self._lock:
            evictable: list[tuple[int, int, Path]] = []
            total = 0
            for path, status in self._stored():
                total += status.st_size
                finished = path.parent == self._folder and not _TEMPORARY.fullmatch(path.name)
                if finished and path.name not in self._in_use:
                    evictable.append((status.st_atime_ns, status.st_size, path))
            space = os.statvfs(self._folder)
            lacking = max(total - self._limit, size - space.f_bavail * space.f_frsize)
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

    def _stored(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Every file that takes space: finished files, parts, and links that are all that is left
        of a file."""
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat(follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    yield path, status
                    continue
                for below in path.rglob("*"):
                    status = below.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                        yield below, status

    def _release(self, digests: list[str], folder: Path | None) -> None:
        with self._lock:
            self._in_use.subtract(digests)
            for digest in digests:
                if self._in_use[digest] <= 0:
                    del self._in_use[digest]
        if folder is not None:
            _remove_tree(folder)

    def _remove_corrupt(self, kept: Path, link: Path, identity: tuple[int, int, int]) -> None:
        link.unlink()
        if _identity(kept) == identity:  # nobody has replaced it meanwhile
            kept.unlink()

    def _remove_orphans(self) -> None:
        for path in list(self._folder.iterdir()):
            name = _TEMPORARY.fullmatch(path.name)
            if name is not None and self._is_orphan(path, int(name[1]), name[2]):
                _remove_tree(path)

    def _is_orphan(self, path: Path, pid: int, token: str) -> bool:
        if pid == os.getpid():
            return token != _TOKEN
        try:
            os.kill(pid, 0)
            return time.time() - path.stat().st_mtime > ORPHAN_SECONDS
        except ProcessLookupError:
            return True
        except OSError:
            return False

    def _temporary(self, kind: str) -> Path:
        return self._folder / f"{os.getpid()}.{_TOKEN}.{next(_numbers)}.{kind}"


def _read_the_rest(manifest: Manifest, files: Files) -> None:
    for file in manifest.files:
        if file.name not in files.contents and files.folder is not None:
            files.contents[file.name] = (files.folder / file.name).read_bytes()


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _sha256(path: Path, deadline: Deadline) -> str:
    digest = hashlib.sha256()
    piece = memoryview(bytearray(READ_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            if deadline.passed:
                raise DeadlineExceeded("the model's files could not be verified in time")
            digest.update(piece[:count])
    return digest.hexdigest()


def _make_private(folder: Path) -> bool:
    """Make the folder; whether it is a real folder of ours that nobody else may write to."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat(follow_symlinks=False)
    except OSError:
        return False
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not others_write


def _remove_tree(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for below in path.iterdir():
                _remove_tree(below)
            path.rmdir()
        else:
            path.unlink()
