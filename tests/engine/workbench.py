"""A copy of the clone to change, and a home with an emulator to deploy it to."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from automation import deployment, local, workspace
from automation.clients import Clients
from automation.report import Report
from automation.workspace import LOCAL, Reach
from emulation import engine as engines
from emulation import launchers, processes
from emulation.engine import Engine
from emulation.ministack import Emulator, Running
from emulation.paths import HOME_VARIABLE, ROOT

ROOMS = ("components", "contracts", "functions", "requirements", "settings")


ENDS_WITHIN_SECONDS = 15


def silent(_text: str) -> None:
    return None


def wait_for_end(*pids: int) -> None:
    """Fails when one of the processes still runs after `ENDS_WITHIN_SECONDS`."""
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while running := [pid for pid in pids if processes.started(pid) is not None]:
        assert time.monotonic() < deadline, f"still running: {running}"
        time.sleep(0.05)


@dataclass
class Workbench:
    """Deploys the copy under `root`, by the same steps as `warmline up`."""

    root: Path
    home: Path
    engine: Engine
    emulator: Emulator

    def up(self, show: Callable[[str], None] = silent) -> Report:
        """Start the emulator where needed, and deploy."""
        return local.deploy(self.engine, self.running, show)

    @property
    def running(self) -> Running:
        return self.emulator.ensure(silent)

    @property
    def clients(self) -> Clients:
        return Clients(region="us-east-1", endpoint_url=self.running.endpoint_url)

    def stack(self) -> auto.Stack:
        return workspace.open_stack(LOCAL, self.engine, Reach.EMULATOR, emulator=self.running)

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical name -> outputs, of the state's resources of a type."""
        exported = self.stack().export_stack().deployment or {}
        return {
            each["urn"].rsplit("::", 1)[-1]: each.get("outputs", {})
            for each in exported.get("resources", [])
            if each["type"] == kind
        }

    def set(self, section: str, **values: Any) -> None:
        """Change settings of the copy's stack file; in a list, those of its only entry."""
        path = self.root / "Pulumi.local.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = content["config"][f"warmline:{section}"]
        (entry,) = found if isinstance(found, list) else [found]
        entry |= values
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def add_code(self, file: str, *, before: str = "", after: str = "") -> None:
        """Put code around that of one of the copy's files."""
        path = self.root / file
        path.write_text(before + path.read_text(encoding="utf-8") + after, encoding="utf-8")


@contextmanager
def workbench(folder: Path) -> Iterator[Workbench]:
    root, home = folder / "clone", folder / "home"
    copy_clone(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(home))
        patch.setattr(workspace, "ROOT", root)
        launchers.write()
        emulator = Emulator(home)
        try:
            yield Workbench(root=root, home=home, engine=engines.ensure(silent), emulator=emulator)
        finally:
            emulator.stop()


def copy_clone(root: Path) -> None:
    """What the program needs, and the archives that were built before."""
    root.mkdir(parents=True)
    for name in ("__main__.py", "Pulumi.yaml", *(f.name for f in ROOT.glob("Pulumi.*.yaml"))):
        shutil.copy(ROOT / name, root / name)
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, root / room, ignore=ignored)
    built = ROOT / ".warmline" / "build"
    built.mkdir(parents=True, exist_ok=True)
    (root / ".warmline").mkdir()
    (root / ".warmline" / "build").symlink_to(built)


def destroy(bench: Workbench) -> Report:
    return deployment.destroy(bench.stack(), silent)
