"""The commands that people and CI type do what their names say."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
NO_LEVEL = {"bench"}


def make(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs make as a person would, also where make itself runs the tests."""
    return subprocess.run(
        ["make", *arguments],  # noqa: S607 - make as people have it
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=False,
    )


def planned(target: str) -> str:
    made = make(ROOT, "--dry-run", target)
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_make_test_runs_pytest_on_every_level_and_once_more_with_iam_enforced() -> None:
    levels = {folder.parent.name for folder in ROOT.glob("tests/*/test_*.py")}
    levels |= {folder.parent.parent.name for folder in ROOT.glob("tests/*/*/test_*.py")} - {"tests"}
    assert {"unit", "graph", "engine", "emulated"} <= levels - NO_LEVEL
    plan = planned("test").splitlines()
    assert [line for line in plan if "pytest" in line] == [
        f".venv/bin/pytest tests/{level}"
        for level in ("unit", "graph", "engine", "emulated", "emulated --enforce-iam")
    ]


def test_ci_runs_lint_and_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "make lint" in script
    assert "make test" in script
    assert "set -euo pipefail" in script


@pytest.mark.parametrize("tool", ["ruff format --check", "ruff check", "lint-imports", "pyright"])
def test_make_lint_runs_every_checker(tool: str) -> None:
    assert tool in planned("lint")


@pytest.mark.parametrize("found", ["not there", "Python 3.9.2"])
def test_a_python_that_does_not_fit_is_told_with_its_version(found: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    if found != "not there":
        python.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{found}" && exit 0\nexit 1\n')
        python.chmod(0o755)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "bootstrap.txt").touch()
    made = make(tmp_path, "-f", ROOT / "Makefile", f"PYTHON={python}", ".venv/bin/uv")
    assert made.returncode == 2
    assert f"needs Python 3.11 or newer; {python} is {found}." in made.stderr


def test_clean_stops_what_runs_before_the_folder_that_knows_it_is_removed() -> None:
    down, remove = [line for line in planned("clean").splitlines() if "warmline" in line]
    assert down.endswith(".venv/bin/warmline down")
    assert remove == "rm -rf .venv .warmline"


def test_make_alone_lists_what_there_is_to_type() -> None:
    listed = make(ROOT).stdout
    for target in ("up", "down", "test", "lint", "preview", "bench"):
        assert f"make {target} " in listed
