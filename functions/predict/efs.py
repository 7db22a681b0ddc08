"""The shared file system: a source in front of the model store, filled by whoever fetches first.

Hosts and processes that know nothing of each other read and write one folder. Nothing there is
believed: a file is verified each time before its bytes are handed on, and one that is not what its
name says is removed and fetched again. What the file system refuses is never an error, as the
model store has every file.
"""

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from contracts.manifest import Manifest, ModelFile
from contracts.metrics import Tier
from functions.predict.disk import FOLDER, READ_BYTES, sha256_of
from functions.predict.download import Download
from functions.predict.folder import Folder, identity
from functions.predict.tiers import Fetched, Source
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelIntegrity

WAIT_SECONDS = 8.0
"""The longest that one process waits for another that fetches the same file. A lock only saves
work: who holds it may be frozen or dead, and on some file systems it holds nobody."""
POLL_SECONDS = 0.05

Write = Callable[[bytes], None]


class SharedFolder:
    """Implements `functions.predict.tiers.Source`."""

    def __init__(self, folder: Folder, behind: Source) -> None:
        self._folder = folder
        self._behind = behind

    @classmethod
    def below(cls, mounted: str, *, limit_bytes: int, behind: Source) -> "SharedFolder":
        """In a folder of its own on a file system that is mounted there."""
        folder = Folder(Path(mounted) / FOLDER, limit_bytes=limit_bytes, shared=True)
        return cls(folder, behind)

    def fetch(
        self, manifest: Manifest, file: ModelFile, write: Write, deadline: Deadline
    ) -> Fetched:
        """Raises what the source behind raises, and `DeadlineExceeded`."""
        if not self._folder.limit or file.size_bytes > self._folder.limit:
            return replace(self._behind.fetch(manifest, file, write, deadline), refused=True)
        handed = _Handed(write)
        corrupt = self._read(file, handed, deadline)
        if handed.count == file.size_bytes:
            return Fetched(Tier.EFS, corrupt=corrupt, again=self._behind)
        with self._turn(file, deadline) as waited:
            if waited and not handed.count:
                corrupt += self._read(file, handed, deadline)
                if handed.count == file.size_bytes:
                    return Fetched(Tier.EFS, corrupt=corrupt, again=self._behind)
            again = self._behind if handed.count else None
            fetched = self._fetch_and_keep(manifest, file, handed, deadline)
        return replace(fetched, corrupt=corrupt, again=again)

    def _read(self, file: ModelFile, handed: "_Handed", deadline: Deadline) -> int:
        """Hand over the file if it is there. 1 = it was, with wrong bytes, and is no more.

        The bytes are read twice, so that a file with wrong ones is not handed over: the second time
        from this host's memory. Whoever takes them checks them too, as another host can write into
        the file meanwhile. A file system that fails midway leaves the rest to the next source.
        """
        try:
            # One open file for both: whoever evicts the name meanwhile leaves the bytes.
            with self._folder.open(file.sha256) as opened:
                seen = identity(os.fstat(opened.fileno()))
                if seen[1] != file.size_bytes or sha256_of(opened, deadline) != file.sha256:
                    self._folder.remove_corrupt(file.sha256, seen)
                    return 1
                opened.seek(0)
                while piece := opened.read(min(READ_BYTES, file.size_bytes - handed.count)):
                    if deadline.passed:
                        raise DeadlineExceeded("the model's files could not be read in time")
                    handed.write(piece)
        except OSError:  # not there, or not readable
            return 0
        self._folder.touch(file.sha256, seen)
        return 0

    def _fetch_and_keep(
        self, manifest: Manifest, file: ModelFile, handed: "_Handed", deadline: Deadline
    ) -> Fetched:
        """From the source behind, and a copy into the folder on the way."""
        reserved = self._folder.reserve(file.size_bytes)
        part, evicted = reserved or (None, 0)
        rest = handed.rest()
        if part is None:
            return replace(self._behind.fetch(manifest, file, rest, deadline), refused=True)
        try:
            copy = Download(file, part, copy=True)
        except OSError:
            return replace(self._behind.fetch(manifest, file, rest, deadline), refused=True)

        def both(chunk: bytes) -> None:
            copy.write(chunk)
            rest(chunk)

        try:
            fetched = self._behind.fetch(manifest, file, both, deadline)
            return replace(fetched, refused=not self._keep(file, copy, part), evicted=evicted)
        finally:
            copy.discard()

    def _keep(self, file: ModelFile, copy: Download, part: Path) -> bool:
        """Whether the copy is in the folder. Wrong bytes are refused by whoever fetched them."""
        try:
            copy.check()
        except ModelIntegrity:
            return True
        if not copy.sync():
            return False
        self._folder.keep(part, file.sha256)
        return True

    @contextmanager
    def _turn(self, file: ModelFile, deadline: Deadline) -> Generator[bool, None, None]:
        """The turn to fetch a file: at once, or after whoever has it, or after a while anyway.

        Gives whether it had to wait. At most half of the time left is waited.
        """
        path = self._folder.path / f"{file.sha256}.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        waited, held = False, _locked(descriptor)
        until = time.monotonic() + min(WAIT_SECONDS, deadline.remaining() / 2)
        try:
            while not held and time.monotonic() < until:
                waited = True
                time.sleep(POLL_SECONDS)
                held = _locked(descriptor)
            yield waited
        finally:
            if held:
                with suppress(OSError):
                    path.unlink()
            os.close(descriptor)


class _Handed:
    """How much of a file its taker has: what a broken-off source handed over is right so far."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.count = 0

    def write(self, chunk: bytes) -> None:
        self._write(chunk)
        self.count += len(chunk)

    def rest(self) -> Write:
        """A `write` for the whole file from its start, of which only what is missing goes on."""
        missing_from, at = self.count, 0

        def write(chunk: bytes) -> None:
            nonlocal at
            new = chunk[max(0, missing_from - at) :]
            at += len(chunk)
            if new:
                self.write(new)

        return write


def _locked(descriptor: int) -> bool:
    """Whether nobody else is known to hold the lock; a file system without locks knows nobody."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
