"""What makes a Pulumi command line usable, and what is said when there is none."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from semver import VersionInfo

MINIMUM = VersionInfo(3, 249, 0)
"""The first engine whose `policy analyze` judges an exported stack; older ones were never tried."""
HOST = "pulumi-language-python"
"""The engine's plugin that runs Python programs and policy packs."""
VERSION_LIMIT_SECONDS = 30

Origin = Literal["path", "download", "build"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A Pulumi command line that works."""

    command: Path
    version: str
    """As it prints it, with the leading `v`."""
    origin: Origin
    path_entries: tuple[Path, ...] = ()
    """Folders that go first on PATH when it runs."""


class Unusable(Exception):
    """One way to an engine does not work; the text is the cause."""


class EngineError(Exception):
    """There is no usable engine. `cause` says what was tried, `way_out` what a person can do."""

    def __init__(self, tried: Sequence[tuple[str, str]], go: str) -> None:
        self.cause = "\n".join(
            ["no usable Pulumi engine on this machine; what was tried:"]
            + [f"  {way}: {cause}" for way, cause in tried]
        )
        self.way_out = (
            "Any one of these is enough; then run the same command again:\n"
            f"  - install Pulumi {MINIMUM} or newer, so that `pulumi` is on PATH\n"
            "  - let this machine reach Pulumi's download, get.pulumi.com (HTTPS_PROXY is heeded)\n"
            f"  - install Go {go} or newer, and let it reach a module proxy (GOPROXY is heeded)"
        )
        super().__init__(f"{self.cause}\n{self.way_out}")


def version_of(command: Path) -> str:
    """What `pulumi version` prints. Raises `Unusable` where that is no version."""
    try:
        shown = subprocess.run(
            [command, "version"],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=VERSION_LIMIT_SECONDS,
            env=dict(os.environ) | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(f"{command} cannot be run: {error}") from error
    if shown.returncode != 0:
        last = (shown.stderr.strip() or shown.stdout.strip()).splitlines()[-1:]
        raise Unusable(
            f"`{command} version` ended with code {shown.returncode}: {' '.join(last) or 'no text'}"
        )
    text = shown.stdout.strip()
    if not VersionInfo.is_valid(text.removeprefix("v")):
        raise Unusable(f"`{command} version` prints {text[:80]!r}, which is no version")
    return text


def require_supported(command: Path, version: str) -> None:
    """Raises `Unusable` for a version that this project cannot work with."""
    parsed = VersionInfo.parse(version.removeprefix("v"))
    if parsed.major != MINIMUM.major:
        raise Unusable(
            f"{command} is {version}; Pulumi's Python SDK here works with major version "
            f"{MINIMUM.major} only"
        )
    if parsed < MINIMUM:
        raise Unusable(f"{command} is {version}, older than {MINIMUM}")
