"""The client's part of the Magika model: a file's features, and what its scores mean.

The rules are those of the `magika` package, which is also the oracle of the tests: the first and
the last bytes of a file without surrounding white space, a label per file, and a generic label
where the model is not sure enough. Sizes, labels and thresholds are read from the package.
"""

import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contracts.failure import Failure

PACKAGE = "magika"
BATCH = 16
"""Files per request."""

Infer = Callable[[list[list[int]]], Sequence[Sequence[float]]]
"""Rows of the input `bytes` -> rows of the output `target_label`."""


@dataclass(frozen=True, kw_only=True)
class Classified:
    """What a file is; `label` and `score` are those of the magika package's output."""

    path: Path
    label: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The configuration that the package ships beside its model."""

    beginning: int
    """Bytes taken from the beginning of the file; the input's first half."""
    end: int
    block: int
    """Bytes read at each end before white space is stripped."""
    padding: int
    shortest: int
    """With fewer bytes the model is not asked."""
    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    threshold: float
    renamed: Mapping[str, str]
    text_labels: frozenset[str]

    @property
    def width(self) -> int:
        return self.beginning + self.end

    def label(self, scores: Sequence[float]) -> tuple[str, float]:
        """The label that is sure enough, else `txt` or `unknown`; and the model's score."""
        best = max(range(len(scores)), key=scores.__getitem__)
        told, score = self.labels[best], float(scores[best])
        label = self.renamed.get(told, told)
        if score < self.thresholds.get(told, self.threshold):
            label = "txt" if label in self.text_labels else "unknown"
        return label, score


def classify(paths: Sequence[Path], infer: Infer) -> list[Classified]:
    """What each file is, in the order of `paths`; links are followed.

    Raises `Failure` for a path that does not exist or cannot be read.
    """
    rules = load_rules()
    answers: dict[int, tuple[str, float]] = {}
    asked: list[tuple[int, list[int]]] = []
    for position, path in enumerate(paths):
        label, row = _look(path, rules)
        if row:
            asked.append((position, row))
        else:
            answers[position] = (label, 1.0)
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        scores = infer([row for _, row in batch])
        for (position, _), row in zip(batch, scores, strict=True):
            answers[position] = rules.label(row)
    return [
        Classified(path=path, label=answers[i][0], score=answers[i][1])
        for i, path in enumerate(paths)
    ]


def features(content_start: bytes, content_end: bytes, rules: Rules) -> list[int]:
    """The model's input row of a file with these first and last bytes."""
    first = list(content_start.lstrip()[: rules.beginning])
    last = list(content_end.rstrip()[-rules.end :])
    return [
        *first,
        *[rules.padding] * (rules.beginning - len(first)),
        *[rules.padding] * (rules.end - len(last)),
        *last,
    ]


def _look(path: Path, rules: Rules) -> tuple[str, list[int]]:
    """A label where no model is needed, or an input row."""
    if path.is_dir():
        return "directory", []
    if path.exists() and not path.is_file():
        return "unknown", []
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            length = min(size, rules.block)
            stream.seek(0)
            start = stream.read(length)
            stream.seek(size - length)
            end = stream.read(length)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}", "Name a readable file.") from None
    if size == 0:
        return "empty", []
    row = features(start, end, rules)
    if size < rules.shortest or row[rules.shortest - 1] == rules.padding:
        return ("txt" if _is_utf8(start) else "unknown"), []
    return "", row


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def package_folder() -> Path:
    """Where the installed package lies, found without importing it."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise Failure(
            f"the package {PACKAGE!r} is not installed, and the demo model comes from it",
            "Install what the lock names: `make setup`.",
        )
    return Path(found.origin).parent


def model_folder() -> Path:
    """The package's model with its configuration."""
    folders = sorted(path.parent for path in package_folder().glob("models/*/model.onnx"))
    if len(folders) != 1:
        raise Failure(
            f"the package {PACKAGE!r} carries {len(folders)} models; exactly one is expected",
            "Install what the lock names: `make setup`.",
        )
    return folders[0]


@cache
def load_rules() -> Rules:
    config: dict[str, Any] = _json(model_folder() / "config.min.json")
    known: dict[str, dict[str, Any]] = _json(
        package_folder() / "config" / "content_types_kb.min.json"
    )
    return Rules(
        beginning=config["beg_size"],
        end=config["end_size"],
        block=config["block_size"],
        padding=config["padding_token"],
        shortest=config["min_file_size_for_dl"],
        labels=tuple(config["target_labels_space"]),
        thresholds=config["thresholds"],
        threshold=config["medium_confidence_threshold"],
        renamed=config["overwrite_map"],
        text_labels=frozenset(label for label, kind in known.items() if kind["is_text"]),
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
