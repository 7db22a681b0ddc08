"""Finds the Pulumi engine, or gets one; see docs/adr/0003."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from emulation.engine import build, download
from emulation.engine.found import (
    HOST,
    Engine,
    EngineError,
    Unusable,
    require_supported,
    version_of,
)

Progress = Callable[[str], None]


def ensure(progress: Progress) -> Engine:
    """The engine on PATH, else one that was downloaded or built before, else a new one.

    Raises `EngineError` when neither PATH, Pulumi's own installer nor a Go build gives one.
    """
    engine, unfit = present(os.environ)
    if unfit and shutil.which("pulumi"):
        progress(f"passed over: {unfit}")
    if engine is not None:
        return engine
    tried = [("pulumi on PATH", unfit)]
    for way, get in (("Pulumi's own installer", download.install), ("Go build", build.make)):
        try:
            return get(progress)
        except Unusable as error:
            tried.append((way, str(error)))
    raise EngineError(tried, ".".join(map(str, build.MINIMUM_GO)))


def present(environ: Mapping[str, str]) -> tuple[Engine | None, str]:
    """The engine that is here already, and why it is not the one on PATH; "" where it is."""
    try:
        return on_path(environ), ""
    except Unusable as error:
        return download.cached() or build.cached(), str(error)


def on_path(environ: Mapping[str, str]) -> Engine:
    """The `pulumi` that a shell would start. Raises `Unusable` with the reason to pass it over."""
    path = environ.get("PATH", os.defpath)
    found = shutil.which("pulumi", path=path)
    if found is None:
        raise Unusable("not found")
    command = Path(found).absolute()
    version = version_of(command)
    require_supported(command, version)
    # An installation may be linked into a folder of PATH; its plugins lie beside the real file.
    beside = (command.parent, command.resolve().parent)
    host = next((folder for folder in beside if os.access(folder / HOST, os.X_OK)), None)
    if host is None:
        raise Unusable(f"{command} has no {HOST} beside it, so it cannot run Python programs")
    # Its own host must be the one that the engine finds; where it is already, PATH stays as it is.
    first = shutil.which(HOST, path=path)
    entries = () if first is not None and Path(first).parent == host else (host,)
    return Engine(command=command, version=version, origin="path", path_entries=entries)
