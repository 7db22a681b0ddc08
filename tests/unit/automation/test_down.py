"""A local stack goes away whatever its file says by then."""

from pathlib import Path

import pytest
from rich.console import Console

from automation import down, outputs, workspace
from automation.workspace import LOCAL, workspace_folder

pytestmark = pytest.mark.unit


class Emulator:
    """Stands for the one that runs, and notes when it is stopped."""

    stopped = 0

    def __init__(self, _home: Path) -> None:
        pass

    def running(self) -> None:
        return None

    def stop(self) -> bool:
        Emulator.stopped += 1
        return True


@pytest.mark.parametrize("text", ["", "config:\n  x: [\n", None])
def test_a_broken_stack_file_does_not_keep_the_emulator_running(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(workspace, "ROOT", tmp_path)
    monkeypatch.setattr(down, "Emulator", Emulator)
    monkeypatch.setattr(outputs, "Emulator", Emulator)
    monkeypatch.setattr(down.engines, "ensure", lambda _show: None)
    monkeypatch.setattr(down.launchers, "write", lambda: None)
    monkeypatch.setattr(Emulator, "stopped", 0)
    outputs.remember_emulator(LOCAL, "one")
    if text is not None:
        (tmp_path / "Pulumi.local.yaml").write_text(text)
    removed = down.down(LOCAL, Console(quiet=True))
    assert removed.emulator_stopped
    assert Emulator.stopped == 1
    assert removed.problem is not None
    assert "Pulumi.local.yaml" in removed.problem
    assert not workspace_folder(LOCAL).exists()
