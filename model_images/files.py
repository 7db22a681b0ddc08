"""The files of a model version on the developer's disk: which belong to it, and their digests."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.failure import Failure
from contracts.manifest import MAX_FILE_NAME, ManifestError, ModelFile
from model_images.limits import FILES, MIB, OBJECT_BYTES, Limits
from model_images.problems import Problem

CHUNK_BYTES = 4 * MIB
MANIFEST_NAME = "manifest.json"
SIGNATURE_PREFIX, SIGNATURE_SUFFIX = "manifest.", ".sig"
Identity = tuple[int, ...]
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, kw_only=True)
class LocalFile:
    """A file to push: `name` is its path below the version's prefix."""

    name: str
    path: Path
    size_bytes: int
    identity: Identity

    def hashed(self) -> ModelFile:
        """Reads the whole file. Raises `Failure` when it is not the one that was found any more."""
        digest, size = hashlib.sha256(), 0
        with self.path.open("rb") as stream:
            self.require(identity_of(os.fstat(stream.fileno())))
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
            self.require(identity_of(os.fstat(stream.fileno())))
        return ModelFile(name=self.name, sha256=digest.hexdigest(), size_bytes=size)

    def require(self, identity: Identity) -> None:
        """What is signed has to be what was judged. Raises `Failure` for another file."""
        if identity != self.identity:
            raise Failure(
                f"{self.name} changed while it was checked",
                "Push again once nothing writes to the model's files.",
            )


def identity_of(status: os.stat_result) -> Identity:
    """Which file it is, and its last change; its owner can set every time but that of the change
    of status (ctime)."""
    changed = (status.st_mtime_ns, status.st_ctime_ns)
    return (status.st_dev, status.st_ino, status.st_size, *changed)


def collect(
    folder: Path, names: Iterable[str] | None = None
) -> tuple[list[LocalFile], list[Problem]]:
    """The named files of `folder`, else all below it; what may not be pushed is a problem each."""
    root = folder.resolve()
    found: list[LocalFile] = []
    problems: list[Problem] = []
    for path in _walk(folder) if names is None else [folder / name for name in sorted(names)]:
        name = path.relative_to(folder).as_posix()
        problem = _illegal(name, path, root)
        if problem is not None:
            problems.append(problem)
        else:
            status = path.stat()
            found.append(
                LocalFile(
                    name=name,
                    path=path,
                    size_bytes=status.st_size,
                    identity=identity_of(status),
                )
            )
    return found, problems


def judge_sizes(files: list[LocalFile], limits: Limits) -> Iterator[Problem]:
    """Limits on the number and the sizes of files."""
    if len(files) > FILES:
        yield Problem(
            key="number of files",
            value=str(len(files)),
            limit=f"at most {FILES}",
            reason="each file is one more request of a cold load",
            way_out="Save the weights into one external data file.",
        )
    for file in files:
        if file.size_bytes == 0:
            yield Problem(
                key=file.name,
                value="0 bytes long",
                limit="1 byte or longer",
                reason="an empty file is a copy that went wrong",
                way_out="Copy it again, or remove it.",
            )
        if file.size_bytes > OBJECT_BYTES:
            yield Problem(
                key=file.name,
                value=f"{file.size_bytes} bytes long",
                limit=f"at most {OBJECT_BYTES} bytes",
                reason="it is uploaded with one conditional request, and S3 takes 5 GiB in one",
                way_out="Split the external data over several files.",
            )
    total = sum(file.size_bytes for file in files)
    if total > limits.version_bytes:
        yield Problem(
            key="size of the version",
            value=f"{total} bytes",
            limit=f"at most {limits.version_bytes} bytes",
            reason=limits.source,
            way_out="Quantise or split the model, or give the serving group larger caches.",
        )


def _walk(folder: Path) -> Iterator[Path]:
    """Files, and entries that are not followed: hidden ones, links to folders, empty folders."""
    entries = sorted(folder.iterdir())
    if not entries:
        yield folder
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            yield from _walk(entry)
        else:
            yield entry


def _illegal(name: str, path: Path, root: Path) -> Problem | None:
    if any(part.startswith(".") for part in name.split("/")) and name != ".":
        return Problem(
            key=name,
            value="hidden",
            limit="a plain file name",
            reason="hidden entries are leftovers of editors and notebooks, not part of a model",
            way_out="Delete it, or push the .onnx file alone.",
        )
    if not path.exists() or not path.resolve().is_relative_to(root):
        return Problem(
            key=name,
            value=f"a link to {path.readlink()}",
            limit=f"a file inside {root}",
            reason="a link that leads out would publish a file that is not the model's",
            way_out="Replace the link by a copy (`cp -L`).",
        )
    if not path.is_file():
        return Problem(
            key=name,
            value="an empty folder" if path.is_dir() and not path.is_symlink() else "not a file",
            limit="a regular file",
            reason="a version consists of files",
            way_out="Remove it.",
        )
    if name == MANIFEST_NAME or is_signature(name):
        return Problem(
            key=name,
            value="named like a part of the signed manifest",
            limit="another name",
            reason="the manifest and its signatures lie beside the model's files",
            way_out="Rename it, or remove it when it came with a download.",
        )
    try:
        ModelFile(name=name, sha256=_NO_DIGEST, size_bytes=1)
    except ManifestError:
        return Problem(
            key="file name",
            value=repr(name),
            limit=f"letters, digits, '.', '_' and '-' in each part, {MAX_FILE_NAME} at most",
            reason="it becomes an object key, and a path on the function's disk",
            way_out="Rename the file; external data is renamed by saving the model again.",
        )
    return None


def is_signature(name: str) -> bool:
    return name.startswith(SIGNATURE_PREFIX) and name.endswith(SIGNATURE_SUFFIX)
