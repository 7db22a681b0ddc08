"""Real files of many kinds that every clone has: its own, and those of its environment."""

import sysconfig
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = (
    *("py", "pyi", "pyc", "md", "toml", "yaml", "json", "txt", "rst", "ini", "html", "js", "mjs"),
    *("c", "h", "cc", "proto", "f90", "sh", "bat", "ps1", "csv", "pem", "npy", "whl", "gz", "exe"),
    *("so", "onnx", "pb", "lock", "cfg", "css", "png", "xml"),
)
PER_KIND = 2
LARGEST_BYTES = 50_000_000


def find_files() -> list[Path]:
    """Up to two files of each kind, in a fixed order, and some of the clone by name."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(Path(sysconfig.get_path("purelib")).rglob("*")):
        kind = path.suffix.removeprefix(".")
        wanted = kind in KINDS and len(found[kind]) < PER_KIND and path.is_file()
        if wanted and 0 < path.stat().st_size < LARGEST_BYTES:
            found[kind].append(path)
    own = [ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"]
    return own + [path for kind in KINDS for path in found[kind]]
