"""Mutable state belongs to the user who made it."""

import stat
from pathlib import Path

import pytest

from emulation import paths

pytestmark = pytest.mark.unit


def test_a_new_home_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "deep" / "home"))
    assert stat.S_IMODE(paths.home().stat().st_mode) == 0o700
