"""Fixtures of the model cache's tests."""

from pathlib import Path

import pytest

from tests.unit.model_cache.stored_file import CONTENT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a cache keeps its files; not there yet."""
    return tmp_path / "models"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A file with what the model store has."""
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    return path
