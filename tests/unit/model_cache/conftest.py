"""Fixtures of the model cache's tests."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a cache keeps its files; not there yet."""
    return tmp_path / "models"
