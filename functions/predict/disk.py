"""The disk cache: the files of one load, from a folder of this host or else from a source.

A load never opens a file under its final name: it opens a link of its own, whose bytes this process
has verified, so no other process can exchange or remove them under it.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from contracts.manifest import Manifest, ModelFile
from contracts.metrics import Tier
from functions.predict.download import Download
from functions.predict.folder import Folder, Identity, identity, remove_tree
from functions.predict.tiers import Fetched, Source
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelIntegrity

FOLDER = "warmline-models"
READ_BYTES = 1024 * 1024


@dataclass
class Files:
    """The verified files of one version, for one load.

    All lie below `folder`, or, where the disk did not take one of them, all are in `contents`.
    """

    folder: Path | None = None
    contents: dict[str, bytes] = field(default_factory=dict[str, bytes])
    downloaded: int = 0
    """How many files came from the model store."""
    from_efs: int = 0
    """How many came from the shared file system."""
    refused: bool = False
    """The disk did not take a file: too large for its limit, or no space left."""
    efs_refused: bool = False
    """The shared file system did not take a file, or cannot be used."""
    corrupt: int = 0
    """How many files of a cache had wrong bytes, and were removed."""
    evicted: int = 0
    """How many files were removed from a cache to make room."""
    release: Callable[[], None] = lambda: None

    @property
    def tier(self) -> Tier:
        """The farthest that one of the files came from."""
        if self.downloaded:
            return Tier.STORE
        return Tier.EFS if self.from_efs else Tier.DISK

    def note(self, fetched: Fetched) -> None:
        if fetched.tier is Tier.EFS:
            self.from_efs += 1
        else:
            self.downloaded += 1
        self.efs_refused |= fetched.refused
        self.corrupt += fetched.corrupt
        self.evicted += fetched.evicted

    def close(self) -> None:
        """Give the disk space back. Files that are mapped into memory stay readable."""
        release, self.release = self.release, lambda: None
        release()


class Disk:
    """The cache of this host, within `limit_bytes`."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self.folder = Folder(folder, limit_bytes=limit_bytes)
        self._verified: dict[str, Identity] = {}
        """Digest -> identity of the file whose bytes this process has checked."""

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
        self.folder.use(digests)
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
        if manifest.size_bytes > self.folder.limit:
            return None
        folder = self.folder.temporary("open")
        try:
            folder.mkdir(mode=0o700)
        except OSError:
            return None
        return folder

    def _link(self, file: ModelFile, files: Files, deadline: Deadline) -> bool:
        """Whether the cache has the file; then it is verified and below `files.folder`."""
        if files.folder is None:
            return False
        target = files.folder / file.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(self.folder.kept(file.sha256), target)
            seen = identity(target.stat())
            if self._verified.get(file.sha256) != seen:
                with target.open("rb", buffering=0) as opened:
                    found = sha256_of(opened, deadline)
                if found != file.sha256:
                    target.unlink()
                    self.folder.remove_corrupt(file.sha256, seen)
                    files.corrupt += 1
                    return False
                self._verified[file.sha256] = seen
        except OSError:  # not there, or not readable: fetched as if it were not there
            return False
        self.folder.touch(file.sha256, seen)
        return True

    def _download(
        self, manifest: Manifest, file: ModelFile, source: Source, files: Files, deadline: Deadline
    ) -> None:
        part = self._reserve(file, files) if files.folder else None
        download, again = Download(file, part), None
        try:
            fetched = source.fetch(manifest, file, download.write, deadline)
            again = fetched.again
            download.check()
            files.note(fetched)
            target = files.folder / file.name if files.folder else None
            if target is None or not download.move_to(target):
                files.contents[file.name] = download.contents()
                return
            self._verified[file.sha256] = identity(target.stat())
            self.folder.keep(target, file.sha256)
        except ModelIntegrity:
            if again is None:
                raise
        else:
            return
        finally:
            download.discard()
        files.corrupt += 1
        self._download(manifest, file, again, files, deadline)

    def _reserve(self, file: ModelFile, files: Files) -> Path | None:
        reserved = self.folder.reserve(file.size_bytes)
        if reserved is None:
            return None
        part, evicted = reserved
        files.evicted += evicted
        return part

    def _release(self, digests: list[str], folder: Path | None) -> None:
        self.folder.release(digests)
        if folder is not None:
            remove_tree(folder)


def _read_the_rest(manifest: Manifest, files: Files) -> None:
    for file in manifest.files:
        if file.name not in files.contents and files.folder is not None:
            files.contents[file.name] = (files.folder / file.name).read_bytes()


def sha256_of(opened: FileIO, deadline: Deadline) -> str:
    """Raises `OSError`, and `DeadlineExceeded` in the middle."""
    digest = hashlib.sha256()
    piece = memoryview(bytearray(READ_BYTES))
    while count := opened.readinto(piece):
        if deadline.passed:
            raise DeadlineExceeded("the model's files could not be verified in time")
        digest.update(piece[:count])
    return digest.hexdigest()
