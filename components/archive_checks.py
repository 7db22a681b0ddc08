"""What a function archive may hold, checked before it is uploaded."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

UNZIPPED_BUDGET_BYTES: Final = 225_000_000
"""Lambda refuses 250 MB of code and layers together (2026-11); this leaves room for a layer."""
MODEL_LIMIT_BYTES: Final = 10_000_000
ONNXRUNTIME_ARM64: Final = (1, 32)
"""Older ones may abort at import on Graviton functions (microsoft/onnxruntime#28230)."""
_LISTED: Final = 5
_ELF_MACHINES: Final = {0x3E: "x86_64", 0xB7: "arm64"}
_TAG: Final = re.compile(r"\.cpython-(\d)(\d+)[a-z]*-")
_FOREIGN_SUFFIXES: Final = frozenset({".dylib", ".dll", ".pyd"})


class PackagingError(RuntimeError):
    """An archive that cannot be built or would not run; the text names files and the reason."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the archive will run on."""

    python_version: str
    architecture: str
    machine: bool
    """Whether it is this very machine, whatever its operating system."""


def check_models(entries: Mapping[str, Path]) -> None:
    """Models never travel in an archive: they are data with versions of their own."""
    for name, path in sorted(entries.items()):
        if name.endswith(".onnx") and path.stat().st_size > MODEL_LIMIT_BYTES:
            raise PackagingError(
                f"{name} has {path.stat().st_size} bytes; a model above {MODEL_LIMIT_BYTES} does "
                "not belong in a function's archive: push it with `warmline models push`"
            )


def check_size(function: str, sizes: Mapping[str, int]) -> None:
    """`sizes` is name in the archive -> unzipped bytes."""
    total = sum(sizes.values())
    if total <= UNZIPPED_BUDGET_BYTES:
        return
    folders: Counter[str] = Counter()
    for name, size in sizes.items():
        folders[PurePosixPath(name).parts[0]] += size
    biggest = ", ".join(
        f"{name} {size / 1e6:.0f} MB" for name, size in folders.most_common(_LISTED)
    )
    raise PackagingError(
        f"{function} has {total / 1e6:.0f} MB unzipped; at most "
        f"{UNZIPPED_BUDGET_BYTES / 1e6:.0f} MB fit (Lambda refuses 250 MB of code and layers). "
        f"Biggest: {biggest}"
    )


def check_compiled_files(entries: Mapping[str, Path], target: Target) -> None:
    """Refuses compiled files for another Python, processor or operating system."""
    wrong = [
        f"{name} ({reason})"
        for name, path in sorted(entries.items())
        if (reason := _misfit(name, path, target))
    ]
    if wrong:
        raise PackagingError(
            f"compiled files do not fit python {target.python_version} on {target.architecture}: "
            + ", ".join(wrong[:_LISTED])
            + (f" and {len(wrong) - _LISTED} more" if len(wrong) > _LISTED else "")
        )
    has_numpy = any(name.startswith("numpy/") for name in entries)
    core = re.compile(r"numpy/_?core/_multiarray_umath\.[^/]+\.(so|pyd)")
    if has_numpy and not any(core.fullmatch(name) for name in entries):
        raise PackagingError(
            "numpy is there without its compiled core: a source tree of that name hides the wheel"
        )


def _misfit(name: str, path: Path, target: Target) -> str | None:
    suffix = PurePosixPath(name).suffix
    if suffix in _FOREIGN_SUFFIXES:
        return None if target.machine else "not for Linux"
    if suffix != ".so" and ".so." not in PurePosixPath(name).name:
        return None
    tag = _TAG.search(PurePosixPath(name).name)
    if tag and f"{tag[1]}.{tag[2]}" != target.python_version:
        return f"for python {tag[1]}.{tag[2]}"
    with path.open("rb") as file:
        header = file.read(20)
    if header[:4] != b"\x7fELF":
        return None if target.machine else "not for Linux"
    machine = _ELF_MACHINES.get(int.from_bytes(header[18:20], "little"), "another processor")
    return None if machine == target.architecture else f"for {machine}"


def check_onnxruntime(entries: Mapping[str, Path], target: Target) -> None:
    if target.machine or target.architecture != "arm64":
        return
    for name in entries:
        found = re.match(r"onnxruntime-(\d+)\.(\d+)[^/]*\.dist-info/", name)
        if found and (int(found[1]), int(found[2])) < ONNXRUNTIME_ARM64:
            raise PackagingError(
                f"onnxruntime {found[1]}.{found[2]} may abort at import on arm64 functions; "
                f"{'.'.join(map(str, ONNXRUNTIME_ARM64))} or newer does not"
            )
