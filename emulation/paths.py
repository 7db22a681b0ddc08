"""Where things live: the clone, what is made in it, mutable state, and the user's cache."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The clone."""
RUNTIME = ROOT / ".warmline"
"""What can be made again from the clone: launchers, archives, the emulator's environment."""
HOME_VARIABLE = "WARMLINE_HOME"


def home() -> Path:
    """Mutable state: the emulator, the engine's state, workspaces. `WARMLINE_HOME` moves it.

    Made when it is not there, for its owner only: it holds logs, state and a passphrase.
    """
    chosen = os.environ.get(HOME_VARIABLE)
    path = Path(chosen).resolve() if chosen else RUNTIME / "home"
    if not path.exists():
        with suppress(OSError):  # who writes there says what is in the way
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
    return path


def cache() -> Path:
    """Large files that several clones share; safe to delete at any time."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    # The XDG rules: a relative path in the variable is to be ignored.
    base = Path(chosen) if chosen and Path(chosen).is_absolute() else Path.home() / ".cache"
    return base / "warmline"


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file that is never half there, not even when two commands write it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    neighbour.write_text(text, encoding="utf-8")
    neighbour.chmod(mode)
    neighbour.replace(path)
