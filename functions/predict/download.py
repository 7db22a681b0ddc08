"""One file on its way in: digest while it streams, on disk as long as the disk takes it."""

import hashlib
import io
import os
from contextlib import suppress
from pathlib import Path

from contracts.manifest import ModelFile
from functions.shared.errors import ModelIntegrity


class Download:
    """Takes the bytes of `file`; `check` says whether they are the right ones.

    With a `part` they go there. When the disk fails, what was written is read back into memory and
    the rest follows it, so nothing is fetched twice; a `copy`, whose bytes go elsewhere too, is
    given up instead.
    """

    def __init__(self, file: ModelFile, part: Path | None, *, copy: bool = False) -> None:
        self._file = file
        self._part = part
        self._copy = copy
        self._disk: int | None = None
        self._memory = io.BytesIO()
        self._digest = hashlib.sha256()
        self._size = 0
        if part is not None:
            # Already made by who reserved the space; opened again for reading and writing.
            # Another host may have put something in its place that waits for a reader.
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            self._disk = os.open(part, flags)

    def write(self, chunk: bytes) -> None:
        """Raises `ModelIntegrity` when the file becomes longer than it may be."""
        view = memoryview(chunk)
        if self._size + len(view) > self._file.size_bytes:
            raise ModelIntegrity(f"{self._file.name} is longer than its manifest says")
        self._digest.update(view)
        if self._disk is not None:
            try:
                _write_all(self._disk, view)
            except OSError:
                self._spill()
        if self._disk is None and not self._copy:
            self._memory.write(view)
        self._size += len(view)

    def check(self) -> None:
        """Raises `ModelIntegrity` unless size and SHA-256 are those of the manifest."""
        if self._size != self._file.size_bytes:
            raise ModelIntegrity(f"{self._file.name} is shorter than its manifest says")
        if self._digest.hexdigest() != self._file.sha256:
            raise ModelIntegrity(f"{self._file.name} has another SHA-256 than its manifest says")

    def sync(self) -> bool:
        """Have the part outlive a crash; `False` = it is not on the disk."""
        if self._disk is not None:
            try:
                os.fsync(self._disk)
            except OSError:
                self._close()
        return self._disk is not None

    def move_to(self, target: Path) -> bool:
        """Give the file its name; `False` = it is in memory, see `contents`."""
        if self._disk is not None and self._part is not None:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._part.rename(target)
            except OSError:
                self._spill()
        return self._disk is not None

    def contents(self) -> bytes:
        return self._memory.getvalue()

    def discard(self) -> None:
        """Close, and remove the part unless it was moved."""
        self._close()
        if self._part is not None:
            with suppress(OSError):
                self._part.unlink()

    def _spill(self) -> None:
        if self._disk is None:
            return
        if self._copy:
            self._close()
            return
        os.lseek(self._disk, 0, os.SEEK_SET)
        while self._memory.tell() < self._size:
            piece = os.read(self._disk, self._size - self._memory.tell())
            if not piece:
                raise ModelIntegrity(f"{self._file.name} was cut short on the disk")
            self._memory.write(piece)
        self._close()

    def _close(self) -> None:
        disk, self._disk = self._disk, None
        if disk is not None:
            with suppress(OSError):
                os.close(disk)


def _write_all(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]
