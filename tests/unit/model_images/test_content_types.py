"""Our client of the Magika model says what the magika package says, on real files."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import magika
import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automation import predict
from automation.errors import Failure
from automation.models import demo
from automation.outputs import Outputs
from model_images import content_types
from model_images.content_types import classify
from tests.magika_files import find_files

pytestmark = pytest.mark.unit

Infer = Callable[[list[list[int]]], Sequence[Sequence[float]]]


@pytest.fixture(scope="module")
def oracle() -> magika.Magika:
    return magika.Magika()


@pytest.fixture(scope="module")
def infer() -> Infer:
    """The model in this process; its inputs and outputs pass through the request's JSON form."""
    path = content_types.model_folder() / "model.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(rows: list[list[int]]) -> list[list[float]]:
        assert len(rows) <= content_types.BATCH
        [out] = session.run([demo.OUTPUT], {demo.INPUT: np.array(rows, np.int32)})
        answer = np.asarray(out)
        tensor = {"name": demo.OUTPUT, "shape": list(answer.shape), "data": answer.ravel().tolist()}
        return demo.scores({"outputs": [tensor]})

    return run


def agree(paths: Sequence[Path], infer: Infer, oracle: magika.Magika) -> set[str]:
    """Compare; returns the labels seen."""
    found = classify(paths, infer)
    for ours, theirs in zip(found, oracle.identify_paths(paths), strict=True):
        assert ours.path == theirs.path
        assert ours.label == str(theirs.output.label), ours.path
        assert ours.score == pytest.approx(theirs.score, abs=1e-4), ours.path
    return {one.label for one in found}


def test_label_and_score_are_the_packages_own_on_real_files(
    infer: Infer, oracle: magika.Magika
) -> None:
    paths = find_files()
    assert len(paths) >= 30
    labels = agree(paths, infer, oracle)
    assert len(labels) >= 12, sorted(labels)


def test_files_that_no_model_is_needed_for(
    tmp_path: Path, infer: Infer, oracle: magika.Magika
) -> None:
    contents = {
        "empty": b"",
        "seven": b"seven b",
        "seven-raw": b"\xff\xfe\x00\x01\x02\x03\x04",
        "eight": b"12345678",
        "spaces": b" " * 5000,
        "few-in-spaces": b" \n\t" * 900 + b"abc" + b"\r\n " * 900,
        "cut-in-a-character": b"\xc3\xa9" * 3 + b"\xc3",
        "newlines": b"\n" * 8,
    }
    paths = []
    for name, content in contents.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    link = tmp_path / "link"
    link.symlink_to("seven")
    assert agree([*paths, tmp_path, link], infer, oracle) >= {
        "empty",
        "txt",
        "unknown",
        "directory",
    }


@pytest.mark.parametrize("size", [1023, 1024, 1025, 2047, 2048, 4095, 4096, 4097, 8192, 9000])
@pytest.mark.parametrize("blank", [b"", b" ", b"\n\n  "])
def test_files_around_the_sizes_of_the_features(
    tmp_path: Path, size: int, blank: bytes, infer: Infer, oracle: magika.Magika
) -> None:
    path = tmp_path / "sized"
    line = b"def f(x):\n    return x + 1\n\n"
    path.write_bytes(blank + (line * (size // len(line) + 1))[:size] + blank)
    agree([path], infer, oracle)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=300),
    repeat=st.integers(1, 40),
    text=st.text(max_size=100),
)
def test_arbitrary_content_gets_the_packages_label(
    tmp_path: Path,
    infer: Infer,
    oracle: magika.Magika,
    content: bytes,
    repeat: int,
    text: str,
) -> None:
    path = tmp_path / "any"
    path.write_bytes(content * repeat + text.encode("utf-8", "replace"))
    agree([path], infer, oracle)


def test_a_label_that_is_not_sure_enough_becomes_a_generic_one() -> None:
    rules = content_types.load_rules()
    sure = [0.0] * len(rules.labels)

    def told(label: str, score: float) -> str:
        scores = list(sure)
        scores[rules.labels.index(label)] = score
        return rules.label(scores)[0]

    assert (told("python", 0.5), told("python", 0.49)) == ("python", "txt")
    assert (told("png", 0.5), told("png", 0.49)) == ("png", "unknown")
    assert (told("markdown", 0.75), told("markdown", 0.74)) == ("markdown", "txt")
    assert (told("randomtxt", 0.99), told("randombytes", 0.99)) == ("txt", "unknown")


def test_many_files_are_asked_about_in_batches_and_keep_their_order(
    tmp_path: Path, infer: Infer
) -> None:
    sizes: list[int] = []

    def counted(rows: list[list[int]]) -> Sequence[Sequence[float]]:
        sizes.append(len(rows))
        return infer(rows)

    paths = []
    for number in range(35):
        path = tmp_path / str(number)
        path.write_bytes(b"" if number % 5 == 0 else b"import os\nprint(os.name)\n" * 3)
        paths.append(path)
    found = classify(paths, counted)
    assert [one.path for one in found] == paths
    assert [one.label == "empty" for one in found] == [n % 5 == 0 for n in range(35)]
    assert sizes == [16, 12]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, infer: Infer) -> None:
    with pytest.raises(Failure, match=r"gone\.txt cannot be read: No such file"):
        classify([tmp_path / "gone.txt"], infer)


def test_the_deployed_model_is_asked_in_one_request_and_files_are_named_as_typed(
    tmp_path: Path, infer: Infer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_outputs: object, model: str, body: bytes, *, tenant: str | None) -> dict[str, Any]:
        document = json.loads(body)
        asked.append({"model": model, "tenant": tenant, "shape": document["inputs"][0]["shape"]})
        data = document["inputs"][0]["data"]
        rows = [data[i : i + 2048] for i in range(0, len(data), 2048)]
        scores = [list(map(float, row)) for row in infer(rows)]
        out = {"name": demo.OUTPUT, "shape": [len(scores), len(scores[0])]}
        return {"outputs": [out | {"data": [score for row in scores for score in row]}]}

    monkeypatch.setattr(predict, "infer", answer)
    monkeypatch.chdir(tmp_path)
    for name, text in (("a.py", "import os\nprint(os.name)\n" * 9), ("b.json", '{"a": [1, 2]}')):
        (tmp_path / name).write_text(text)
    outputs = Outputs(stack="local", values={})
    said = demo.classify(outputs, [tmp_path / "a.py", Path("b.json")], tenant="acme")
    assert [(one["file"], one["label"]) for one in said] == [("a.py", "python"), ("b.json", "json")]
    assert asked == [{"model": "magika", "tenant": "acme", "shape": [2, 2048]}]


def test_an_answer_of_another_form_is_told_and_not_read() -> None:
    good = {"name": demo.OUTPUT, "shape": [1, 2], "data": [0.1, 0.9]}
    assert demo.scores({"outputs": [good]}) == [[0.1, 0.9]]
    for bad in (
        {},
        {"outputs": []},
        {"outputs": [good | {"shape": [2, 2]}]},
        {"outputs": [good | {"shape": [2]}]},
        {"outputs": [good | {"name": "other"}]},
        {"outputs": None},
    ):
        with pytest.raises(Failure, match="no tensor 'target_label'"):
            demo.scores(bad)
