"""Launchers: the executables by which the engine starts what is written in Python here.

The engine looks for plugins on PATH by file name. Each set of launchers has a folder of its own, so
that a run sees exactly the plugins that are meant for it.
"""

import shlex
from pathlib import Path

from emulation.paths import ROOT, RUNTIME, write_whole

PYTHON = ROOT / ".venv" / "bin" / "python"
LOCAL, PREVIEW, ENGINE = (RUNTIME / "bin" / name for name in ("local", "preview", "engine"))

MODULES: dict[Path, str] = {
    LOCAL / "pulumi-resource-aws": "emulation.aws",
    PREVIEW / "pulumi-resource-aws": "emulation.echo aws",
    PREVIEW / "pulumi-resource-eks": "emulation.echo eks",
    PREVIEW / "pulumi-resource-kubernetes": "emulation.echo kubernetes",
    ENGINE / "pulumi-language-python": "emulation.engine.language_host",
}


def write() -> None:
    """Make every launcher say what it should say; one that does already is not touched."""
    for path, module in MODULES.items():
        text = script(PYTHON, module)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text, mode=0o755)


def script(python: Path, module: str) -> str:
    """A launcher's text; `module` may carry arguments."""
    # -P: the folder where the engine starts a plugin must not shadow modules.
    return f'#!/bin/sh\nexec {shlex.quote(str(python))} -P -m {module} "$@"\n'
