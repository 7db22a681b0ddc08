from pathlib import Path

import pytest

from tests.tiny_models import linear, save
from tests.unit.models.fake_aws import FakeStack


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(linear(1.0), tmp_path / "one" / "model.onnx", external="weights.bin")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return save(linear(2.0), tmp_path / "two" / "model.onnx", external="weights.bin")
