"""The commands that people and CI type do what their names say."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
NO_LEVEL = {"bench"}


def planned(target: str) -> str:
    made = subprocess.run(
        ["make", "--dry-run", target],  # noqa: S607 - make as people have it
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


def test_make_test_runs_pytest_on_every_level() -> None:
    levels = {folder.parent.name for folder in ROOT.glob("tests/*/test_*.py")}
    levels |= {folder.parent.parent.name for folder in ROOT.glob("tests/*/*/test_*.py")} - {"tests"}
    assert {"unit", "graph", "engine", "emulated"} <= levels - NO_LEVEL
    plan = planned("test").splitlines()
    assert [line for line in plan if "pytest" in line] == [
        f".venv/bin/pytest tests/{level}" for level in ("unit", "graph", "engine", "emulated")
    ]


def test_ci_runs_lint_and_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "make lint" in script
    assert "make test" in script
    assert "set -euo pipefail" in script


@pytest.mark.parametrize("tool", ["ruff format --check", "ruff check", "lint-imports", "pyright"])
def test_make_lint_runs_every_checker(tool: str) -> None:
    assert tool in planned("lint")
