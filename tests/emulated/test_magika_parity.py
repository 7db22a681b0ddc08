"""The served model says of real files what the `magika` package itself says."""

import importlib.util
import io
import sqlite3
import sys
import tarfile
import wave
import zipfile
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from magika import Magika

from emulation.paths import ROOT
from model_images import content_types
from tests.emulated.calls import (
    Api,
    binary_input,
    binary_output,
    json_input,
    json_output,
)

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

REPOSITORY = [
    "README.md",
    "Makefile",
    "LICENSE",
    "pyproject.toml",
    "Pulumi.yaml",
    "__main__.py",
    ".gitignore",
    ".github/workflows/ci.yml",
    ".ci/run",
    "contracts/manifest.py",
    "contracts/route.py",
    "requirements/lock.sh",
    "requirements/tools.txt",
    "emulation/engine/go.mod",
    "emulation/engine/go.sum",
    "docs/adr/0001-record-decisions.md",
]


def made_files(folder: Path) -> list[Path]:
    """Files of further kinds, written by the standard library's own writers."""
    text = b"warmline " * 400
    (folder / "page.html").write_text(
        "<!doctype html><html><head><title>t</title></head><body><p>"
        + "words in a page " * 60
        + "</p></body></html>",
        encoding="utf-8",
    )
    (folder / "data.json").write_text('{"rows": [' + "1, " * 300 + "2]}", encoding="utf-8")
    (folder / "data.csv").write_text("id,name,score\n" + "1,ada,0.5\n" * 80, encoding="utf-8")
    (folder / "tree.xml").write_text(
        '<?xml version="1.0"?><root>' + "<row id='1'>x</row>" * 80 + "</root>", encoding="utf-8"
    )
    (folder / "app.js").write_text(
        "'use strict';\nconst add = (a, b) => a + b;\nmodule.exports = { add };\n" * 20,
        encoding="utf-8",
    )
    (folder / "main.c").write_text(
        '#include <stdio.h>\nint main(void) { printf("hello\\n"); return 0; }\n' * 10,
        encoding="utf-8",
    )
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("words.txt", text)
    with tarfile.open(folder / "a.tar", "w") as tar:
        entry = tarfile.TarInfo("words.txt")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    with wave.open(str(folder / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(4000))
    database = sqlite3.connect(folder / "a.sqlite")
    database.execute("create table t (id integer, name text)")
    database.commit()
    database.close()
    (folder / "empty").write_bytes(b"")
    (folder / "short.txt").write_bytes(b"hi")
    return sorted(folder.iterdir())


class Samples:
    """The files, and what the package says of each."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.find_spec("numpy")
        assert spec is not None
        assert spec.origin is not None
        compiled = next(Path(spec.origin).parent.rglob("*.so"))
        self.paths = [ROOT / name for name in REPOSITORY]
        self.paths += [*made_files(folder), compiled, Path(sys.executable).resolve()]

    @cached_property
    def expected(self) -> dict[Path, tuple[str, float]]:
        package = Magika()
        results = package.identify_paths(self.paths)
        return {
            path: (str(result.output.label), float(result.score))
            for path, result in zip(self.paths, results, strict=True)
        }


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return Samples(tmp_path_factory.mktemp("samples"))


def test_there_are_thirty_files_of_twelve_kinds(samples: Samples) -> None:
    assert len(samples.paths) >= 30
    assert len({label for label, _ in samples.expected.values()}) >= 12


def ask_json(api: Api, rows: list[list[int]]) -> list[list[float]]:
    array = np.array(rows, np.int32)
    answer = api.infer("magika", {"inputs": [json_input("bytes", array, "INT32")]})
    return json_output(answer, "target_label").tolist()


def ask_binary(api: Api, rows: list[list[int]]) -> list[list[float]]:
    array = np.array(rows, np.int32)
    document = {
        "inputs": [binary_input("bytes", array, "INT32")],
        "outputs": [{"name": "target_label", "parameters": {"binary_data": True}}],
    }
    answer = api.infer_binary("magika", document, array.tobytes())
    return binary_output(answer, "target_label", "float32").tolist()


@pytest.mark.parametrize("ask", [ask_json, ask_binary])
@pytest.mark.parametrize("batch", [1, 16])
def test_label_and_score_through_the_api_are_the_packages_own(
    ask: type, batch: int, api: Api, samples: Samples
) -> None:
    sizes: list[int] = []

    def infer(rows: list[list[int]]) -> list[list[float]]:
        answers: list[list[float]] = []
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            sizes.append(len(part))
            answers += ask(api, part)
        return answers

    said = {
        found.path: (found.label, found.score)
        for found in content_types.classify(samples.paths, infer)
    }
    assert max(sizes) == batch
    assert {path: label for path, (label, _) in said.items()} == {
        path: label for path, (label, _) in samples.expected.items()
    }
    for path, (_, score) in samples.expected.items():
        assert said[path][1] == pytest.approx(score, abs=1e-4), path
