"""Function archives: reproducible, checked against their target, built once per content.

An archive holds the wheels of `requirements/<function>.txt`, `functions/<function>`,
`functions/shared` and `contracts`. Equal input gives equal bytes: entries are sorted, times and
modes fixed, and nothing in it depends on the machine that built it.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
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
_RECIPE: Final = "1"
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
    path = folder / f"{function}-{_content_key(function, target, root)}.zip"
    if not path.is_file():
        _build(function, target, root, path)
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


def _content_key(function: str, target: Target, root: Path) -> str:
    """Names everything that decides the archive's bytes."""
    digest = hashlib.sha256()
    for part in (_RECIPE, function, target.python_version, target.architecture, target.machine):
        digest.update(f"{part}\0".encode())
    if target.machine:
        digest.update(sys.platform.encode())
    for name, path in sorted([("lock", _lock(function, root)), *_sources(function, root)]):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _lock(function: str, root: Path) -> Path:
    return root / "requirements" / f"{function}.txt"


def _belongs(path: Path) -> bool:
    """Whether a file is needed at run time; `path` is relative to the archive's root."""
    if _LEFT_OUT_FOLDERS.intersection(path.parts) or path.suffix in _LEFT_OUT_SUFFIXES:
        return False
    in_dist_info = any(part.endswith(".dist-info") for part in path.parts)
    return not in_dist_info or path.name == _DIST_INFO_KEPT


def _build(function: str, target: Target, root: Path, path: Path) -> None:
    """Builds beside `path` and moves it there at the end: two builds at once do no harm."""
    path.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f"{function}-", dir=path.parent))
    try:
        wheels = workspace / "wheels"
        _install(_lock(function, root), target, wheels)
        entries = dict(_sources(function, root))
        for file in wheels.rglob("*"):
            name = file.relative_to(wheels)
            if file.is_file() and _belongs(name):
                entries[name.as_posix()] = file
        check_models(entries)
        check_size(function, {name: file.stat().st_size for name, file in entries.items()})
        check_compiled_files(entries, target)
        check_onnxruntime(entries, target)
        archive = workspace / "archive.zip"
        _write(archive, entries)
        archive.replace(path)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


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
            f"on {target.architecture}: {done.stderr.strip()}"
        )
    wheels.mkdir(exist_ok=True)


def _write(archive: Path, entries: dict[str, Path]) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the mode below is read
            entry.external_attr = _FILE_MODE << 16
            out.writestr(entry, entries[name].read_bytes(), compresslevel=6)
