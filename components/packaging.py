"""Function archives: reproducible, checked against their target, built once per content.

An archive holds the wheels of `requirements/<function>.txt`, `functions/<function>`,
`functions/shared` and `contracts`. Equal input gives equal bytes: entries are sorted, times and
modes fixed, and nothing in it depends on the machine that built it. The wheels are packed once per
lock and target; our own files are added to a copy, so a change of source costs no time.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.archive_checks import (
    PackagingError,
    Target,
    check_compiled_files,
    check_models,
    check_onnxruntime,
    check_size,
)

ROOT: Final = Path(__file__).resolve().parents[1]
BUILD_FOLDER: Final = ROOT / ".warmline" / "build"
_RECIPE: Final = "2"
"""Goes up when the same input should give another archive."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o100644
_LEFT_OUT_FOLDERS: Final = frozenset({"__pycache__", "tests", "bin", ".lock"})
_LEFT_OUT_SUFFIXES: Final = frozenset({".pyc", ".pyi", ".pxd", ".h", ".lib", ".a"})
_DIST_INFO_KEPT: Final = "METADATA"
_UV_PLATFORMS: Final = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}
"""Amazon Linux 2023, under every runtime from Python 3.12, has glibc 2.34."""
MACHINE: Final = "machine"
_KEPT: Final = 4
"""Newest archives of a function that are kept in any case."""
_KEPT_SECONDS: Final = 3_600


@dataclass(frozen=True, kw_only=True)
class Package:
    """A built archive."""

    function: str
    path: Path
    sha256: str
    handler: str
    runtime: str
    """Lambda's identifier: `python3.13`."""
    architecture: str
    """`arm64` or `x86_64`."""


def build(
    function: str,
    *,
    python_version: str,
    architecture: str,
    root: Path = ROOT,
    folder: Path = BUILD_FOLDER,
) -> Package:
    """The archive of `functions/<function>` for a target; `machine` = this interpreter.

    Raises `PackagingError` when the wheels cannot be had, or do not fit the target or Lambda.
    """
    target = _target(python_version, architecture)
    lock = root / "requirements" / f"{function}.txt"
    sources = dict(_sources(function, root))
    path = folder / f"{function}-{_digest(function, target, {'lock': lock, **sources})}.zip"
    if path.is_file():
        path.touch()
    else:
        folder.mkdir(parents=True, exist_ok=True)
        wheels = folder / f"wheels-{function}-{_digest(function, target, {'lock': lock})}.zip"
        if not wheels.is_file():
            _pack_wheels(lock, target, wheels)
        _add_sources(function, wheels, sources, path)
        _forget_old(folder, function)
    return Package(
        function=function,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        handler=f"functions.{function}.handler.handler",
        runtime=f"python{target.python_version}",
        architecture=target.architecture,
    )


def _target(python_version: str, architecture: str) -> Target:
    if MACHINE not in (python_version, architecture):
        return Target(python_version=python_version, architecture=architecture, machine=False)
    machine = platform.machine().lower()
    return Target(
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
        architecture="arm64" if machine in ("arm64", "aarch64") else "x86_64",
        machine=True,
    )


def _sources(function: str, root: Path) -> Iterator[tuple[str, Path]]:
    """(name in the archive, file), of our own code."""
    yield "functions/__init__.py", root / "functions" / "__init__.py"
    for folder in (f"functions/{function}", "functions/shared", "contracts"):
        base = root / folder
        if not base.is_dir():
            raise PackagingError(f"{folder} does not exist, so there is no function to package")
        for path in base.rglob("*"):
            if path.is_file() and _belongs(path.relative_to(root)):
                yield path.relative_to(root).as_posix(), path


def _digest(function: str, target: Target, files: Mapping[str, Path]) -> str:
    """Names everything that decides the bytes of an archive with these files."""
    digest = hashlib.sha256()
    system = sys.platform if target.machine else "lambda"
    for part in (_RECIPE, function, target.python_version, target.architecture, system):
        digest.update(f"{part}\0".encode())
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _belongs(path: Path) -> bool:
    """Whether a file is needed at run time; `path` is relative to the archive's root."""
    if _LEFT_OUT_FOLDERS.intersection(path.parts) or path.suffix in _LEFT_OUT_SUFFIXES:
        return False
    in_dist_info = any(part.endswith(".dist-info") for part in path.parts)
    return not in_dist_info or path.name == _DIST_INFO_KEPT


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A folder to build in, on the same file system as `path`; gone afterwards.

    What is built there is moved to `path` at the end, so two builds at once do no harm.
    """
    workspace = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", dir=path.parent))
    try:
        yield workspace
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _pack_wheels(lock: Path, target: Target, path: Path) -> None:
    with _beside(path) as workspace:
        installed = workspace / "wheels"
        _install(lock, target, installed)
        entries = {
            file.relative_to(installed).as_posix(): file
            for file in installed.rglob("*")
            if file.is_file() and _belongs(file.relative_to(installed))
        }
        check_models(entries)
        check_compiled_files(entries, target)
        check_onnxruntime(entries, target)
        packed = workspace / "wheels.zip"
        _write(packed, entries)
        packed.replace(path)


def _add_sources(function: str, wheels: Path, sources: Mapping[str, Path], path: Path) -> None:
    with _beside(path) as workspace:
        archive = Path(shutil.copyfile(wheels, workspace / "archive.zip"))
        with zipfile.ZipFile(archive) as packed:
            sizes = {entry.filename: entry.file_size for entry in packed.infolist()}
        if hidden := sorted(sizes.keys() & sources.keys()):
            raise PackagingError(f"a wheel of {function} brings our own file {hidden[0]}")
        check_models(sources)
        check_size(function, sizes | {n: file.stat().st_size for n, file in sources.items()})
        _write(archive, sources)
        archive.replace(path)


def _forget_old(folder: Path, function: str) -> None:
    """Archives of sources long changed go; those used a moment ago stay for who uses them."""
    now = time.time()
    archives = sorted(folder.glob(f"{function}-*.zip"), key=lambda path: -path.stat().st_mtime)
    for path in archives[_KEPT:]:
        if now - path.stat().st_mtime > _KEPT_SECONDS:
            path.unlink(missing_ok=True)


def _install(lock: Path, target: Target, wheels: Path) -> None:
    """Unpacks the locked wheels for the target; nothing is built from source."""
    where = (
        ["--python", sys.executable]
        if target.machine
        else [
            "--python-version",
            target.python_version,
            "--python-platform",
            _UV_PLATFORMS[target.architecture],
        ]
    )
    command = [
        *(str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--no-deps"),
        *("--require-hashes", "--only-binary", ":all:", "--target", str(wheels), *where),
        *("--link-mode", "copy", "--requirement", str(lock)),
    ]
    environ = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    if done.returncode != 0:
        raise PackagingError(
            f"the wheels of {lock.name} cannot be installed for python {target.python_version} "
            f"on {target.architecture}: {done.stderr.strip() or f'uv ended with {done.returncode}'}"
        )
    wheels.mkdir(exist_ok=True)


def _write(archive: Path, entries: Mapping[str, Path]) -> None:
    """Adds files to an archive, which is made where there is none."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the mode below is read
            entry.external_attr = _FILE_MODE << 16
            out.writestr(entry, entries[name].read_bytes(), compresslevel=6)
