"""`warmline status`: what runs here, and how far the emulator can be believed."""

import os
import time
from dataclasses import asdict, dataclass
from typing import Any

from automation import outputs
from automation.errors import Failure
from automation.release.open import open_releases
from automation.workspace import LOCAL
from emulation.aws.catalogue import FIDELITY
from emulation.engine import bootstrap
from emulation.ministack import Emulator
from emulation.paths import home


@dataclass(frozen=True, kw_only=True)
class Status:
    """A picture of one home; `None` where nothing runs."""

    home: str
    engine: str | None
    emulator: dict[str, Any] | None
    stack: dict[str, Any] | None
    fidelity: list[dict[str, str]]
    open_releases: list[dict[str, str]]
    """Of the stack: begun, and not ended."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def status() -> Status:
    running = Emulator(home()).running()
    emulator = None
    if running is not None:
        emulator = {
            "endpoint_url": running.endpoint_url,
            "pid": running.pid,
            "port": running.port,
            "ca_bundle": None if running.ca_bundle is None else str(running.ca_bundle),
        }
    stack, releases = _stack()
    return Status(
        home=str(home()),
        engine=_engine(),
        emulator=emulator,
        stack=stack,
        open_releases=releases,
        fidelity=[
            {"type": token, "fidelity": str(fidelity), "note": note}
            for token, (fidelity, note) in sorted(FIDELITY.items())
        ],
    )


def _engine() -> str | None:
    """The engine that `up` would use, without getting one."""
    engine, _ = bootstrap.present(os.environ)
    return f"Pulumi {engine.version} ({engine.command})" if engine else None


def _stack() -> tuple[dict[str, Any] | None, list[dict[str, str]]]:
    try:
        count = outputs.resources(LOCAL)
        found = outputs.read(LOCAL) if count else None
    except Failure:
        return None, []
    values = found.values if found else {}
    about = {"name": LOCAL, "resources": count, "api_url": values.get("api_url")}
    if found is None or not {"serving_groups", "registry_table"} <= values.keys():
        return about, []
    return about, [vars(one) | {"told": str(one)} for one in open_releases(found, now=time.time())]
