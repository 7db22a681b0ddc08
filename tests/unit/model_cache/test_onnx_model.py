import _thread
import gc
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from contracts.protocol import TensorSpec
from functions.predict import onnx_model
from functions.predict.disk import Files
from functions.predict.onnx_model import OnnxModel, open_onnx
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, InferenceFailed, ModelUnavailable
from tests.unit.model_cache import onnx_examples
from tests.unit.model_cache.cache_fakes import make_manifest, soon

pytestmark = pytest.mark.unit

X = np.array([[1, 2], [3, 4]], np.float32)


def spec(name: str, datatype: str = "FP32", shape: tuple[int, ...] = (-1, 2)) -> TensorSpec:
    return TensorSpec(name=name, datatype=datatype, shape=shape)


def opened(
    files: Mapping[str, bytes],
    *,
    inputs: tuple[TensorSpec, ...] = (spec("x"),),
    outputs: tuple[TensorSpec, ...] = (spec("y"),),
) -> OnnxModel:
    manifest = make_manifest(files, inputs=inputs, outputs=outputs)
    return open_onnx(manifest, Files(contents=dict(files)), soon())


@pytest.fixture(scope="module")
def linear() -> OnnxModel:
    return opened({"model.onnx": onnx_examples.linear()}, outputs=(spec("y"), spec("z")))


@pytest.fixture(scope="module")
def slow() -> OnnxModel:
    return opened({"model.onnx": onnx_examples.slow()})


def test_only_the_outputs_that_are_asked_for_come_back(linear: OnnxModel) -> None:
    both = linear.run({"x": X}, ["z", "y"], soon())
    assert list(both) == ["z", "y"]
    np.testing.assert_array_equal(both["y"], X + 1)
    np.testing.assert_array_equal(both["z"], X * 2)
    assert list(linear.run({"x": X}, ["y"], soon())) == ["y"]


def test_a_run_is_stopped_at_its_deadline_and_the_next_one_works(slow: OnnxModel) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        slow.run({"x": np.ones((500, 500), np.float32)}, ["y"], Deadline.after(0.1))
    assert time.monotonic() - started < 1
    ones = slow.run({"x": np.eye(2, dtype=np.float32)}, ["y"], soon())["y"]
    np.testing.assert_array_equal(ones, np.eye(2))


def test_no_thread_is_left_after_a_call_whether_it_ends_well_late_or_badly(
    linear: OnnxModel, slow: OnnxModel
) -> None:
    before = _thread._count(), threading.enumerate()
    linear.run({"x": X}, ["y"], soon())
    with pytest.raises(DeadlineExceeded):
        slow.run({"x": np.ones((500, 500), np.float32)}, ["y"], Deadline.after(0.05))
    with pytest.raises(InferenceFailed):
        linear.run({"x": X.astype(np.float64)}, ["y"], soon())
    # A thread lets go of its lock a moment before the interpreter counts it as gone.
    until = time.monotonic() + 1
    while _thread._count() > before[0] and time.monotonic() < until:
        time.sleep(0.001)
    assert (_thread._count(), threading.enumerate()) == before


def test_inputs_are_not_kept_after_a_run_and_not_by_what_it_raises(linear: OnnxModel) -> None:
    good, bad = X.copy(), X.astype(np.float64)
    kept = [weakref.ref(good), weakref.ref(bad)]
    linear.run({"x": good}, ["y"], soon())
    with pytest.raises(InferenceFailed) as caught:
        linear.run({"x": bad}, ["y"], soon())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    del good, bad, caught
    gc.collect()
    assert [ref() for ref in kept] == [None, None]


def test_a_failed_run_says_nothing_of_the_input_and_the_runtime_logs_nothing(
    linear: OnnxModel, capfd: pytest.CaptureFixture[str]
) -> None:
    for wrong in (np.full((1, 3), 424242, np.float32), np.full((1, 2), 424242, np.int64)):
        with pytest.raises(InferenceFailed) as caught:
            linear.run({"x": wrong}, ["y"], soon())
        assert "424242" not in caught.value.detail
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("texts", [[b"caf\xc3\xa9", b""], ["café", ""]], ids=["bytes", "text"])
def test_bytes_tensors_reach_the_model_as_text(texts: list[object]) -> None:
    model = opened(
        {"model.onnx": onnx_examples.strings()},
        inputs=(spec("x", "BYTES", (-1,)),),
        outputs=(spec("y", "BYTES", (-1,)),),
    )
    answer = model.run({"x": np.array(texts, dtype=object)}, ["y"], soon())["y"]
    assert answer.tolist() == ["café", ""]
    with pytest.raises(InferenceFailed) as caught:
        model.run({"x": np.array([b"\xff"], dtype=object)}, ["y"], soon())
    assert caught.value.__context__ is None


def test_the_memory_of_a_large_batch_is_given_back(linear: OnnxModel) -> None:
    def resident_mb() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4_096 / 2**20

    linear.run({"x": X}, ["y"], soon())
    before = resident_mb()
    linear.run({"x": np.ones((4_000_000, 2), np.float32)}, ["y", "z"], soon())
    gc.collect()
    assert resident_mb() - before < 16  # of 31 for each of three tensors


@pytest.mark.parametrize("where", ["on disk", "in memory"])
def test_weights_in_a_file_beside_the_entrypoint_are_found(tmp_path: Path, where: str) -> None:
    files = onnx_examples.with_external_data()
    manifest = make_manifest(files, inputs=(spec("x", "FP32", (-1, 4_096)),))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    given = Files(folder=tmp_path) if where == "on disk" else Files(contents=files)
    model = open_onnx(manifest, given, soon())
    for name in files:
        (tmp_path / name).unlink()
    answer = model.run({"x": np.ones((1, 4_096), np.float32)}, ["y"], soon())["y"]
    np.testing.assert_array_equal(answer, np.full((1, 4_096), 4, np.float32))


def test_weights_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    files = onnx_examples.with_external_data(location="../weights.bin")
    (tmp_path / "weights.bin").write_bytes(files["../weights.bin"])
    (folder / "model.onnx").write_bytes(files["model.onnx"])
    manifest = make_manifest({"model.onnx": files["model.onnx"]})
    with pytest.raises(ModelUnavailable):
        open_onnx(manifest, Files(folder=folder), soon())


@pytest.mark.parametrize(
    "content",
    [b"", b"junk" * 100, onnx_examples.custom_operator()],
    ids=["empty", "junk", "custom operator"],
)
def test_a_file_that_the_runtime_cannot_open_is_unavailable_and_nothing_is_printed(
    content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest = make_manifest({"model.onnx": b"x"})
    with pytest.raises(ModelUnavailable, match="demo version 1"):
        open_onnx(manifest, Files(contents={"model.onnx": content}), soon())
    assert capfd.readouterr() == ("", "")


def test_a_manifest_that_names_other_tensors_than_the_file_is_unavailable() -> None:
    content = {"model.onnx": onnx_examples.linear()}
    with pytest.raises(ModelUnavailable, match=r"inputs .* w missing"):
        opened(content, inputs=(spec("w"),))
    with pytest.raises(ModelUnavailable, match=r"outputs .* v missing"):
        opened(content, outputs=(spec("v"),))


@pytest.mark.parametrize(
    ("memory_mb", "expected"),
    [(None, 1), ("128", 1), ("1769", 1), ("3537", 1), ("3538", 2), ("10240", 5), ("x", 1)],
)
def test_a_function_uses_the_whole_vcpus_that_its_memory_gives(
    memory_mb: str | None, expected: int
) -> None:
    environ = {} if memory_mb is None else {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory_mb}
    assert onnx_model.threads(environ) == expected
