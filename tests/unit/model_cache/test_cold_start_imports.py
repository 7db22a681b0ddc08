from pathlib import Path

import pytest

from tests.bench import cold_start

pytestmark = pytest.mark.unit


def test_the_path_to_the_first_answer_of_a_model_on_disk_imports_nothing_slow(
    tmp_path: Path,
) -> None:
    cold_start.prepare(tmp_path, layer_count=1)
    report = cold_start.first_answer(tmp_path)
    assert set(report["modules"]) & set(cold_start.FORBIDDEN) == set()
    assert {"numpy", "onnxruntime", "awscrt"} <= set(report["modules"])
    assert report["log"][0]["cache_hit_disk"] == 1


def test_the_request_path_alone_imports_no_runtime() -> None:
    modules = cold_start.router_modules()
    assert modules & set(cold_start.FORBIDDEN_IN_ROUTER) == set()
    assert "awscrt" in modules
