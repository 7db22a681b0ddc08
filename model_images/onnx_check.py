"""Judges an ONNX model before anything is uploaded, and tells all of its problems at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnxruntime
from onnx import ModelProto

from contracts.protocol import TensorSpec
from model_images import graph
from model_images.files import LocalFile, collect, identity_of, judge_sizes
from model_images.limits import (
    DEFAULT_BATCH_SIZE,
    MAX_BATCH_SIZE,
    MIB,
    ONNX_FILE_BYTES,
    Limits,
)
from model_images.problems import Problem, Refused

_RUNTIME_OVERHEAD_MB = 32


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A model that can be served: what goes into its manifest beside name and version."""

    entrypoint: str
    files: tuple[LocalFile, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch_size: int
    memory_mb: int


def check(
    path: Path,
    *,
    limits: Limits,
    entrypoint: str | None = None,
    max_batch_size: int | None = None,
    memory_mb: int | None = None,
) -> Checked:
    """Judge an `.onnx` file (with the external data it names) or a whole folder.

    `max_batch_size` None takes 32 where the first axis of every input is open, else 0.
    `memory_mb` None plans twice the files' size plus 32 MiB.
    Raises `Refused` with every problem found, and `Failure` for a file that changes meanwhile.
    """
    folder, name, problems = _locate(path, entrypoint)
    if name is None:
        raise Refused(str(path), problems)
    parsed = identity_of((folder / name).stat())
    model, unreadable = _parse(folder / name)
    problems += unreadable
    names = None if path.is_dir() else {name}
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    if model is not None:
        problems += graph.judge_operators(model)
        external, broken = graph.judge_external(model, (folder / name).parent)
        inputs, outputs, unfit = graph.signature(model)
        problems += broken + unfit
        if names is not None:
            names.update(external)
    files, illegal = collect(folder, names)
    for file in files:
        if file.name == name:
            file.require(parsed)
    problems += illegal
    problems += judge_sizes(files, limits)
    batch = _batch_size(inputs, max_batch_size)
    problems += _judge_batch(inputs, batch)
    size_mb = -(-sum(file.size_bytes for file in files) // MIB)
    memory = 2 * size_mb + _RUNTIME_OVERHEAD_MB if memory_mb is None else memory_mb
    problems += _judge_memory(memory, limits)
    if not problems:
        problems += _load(folder / name)
    if problems:
        raise Refused(str(path), problems)
    return Checked(
        entrypoint=name,
        files=tuple(sorted(files, key=lambda file: file.name)),
        inputs=inputs,
        outputs=outputs,
        max_batch_size=batch,
        memory_mb=memory,
    )


def _locate(path: Path, entrypoint: str | None) -> tuple[Path, str | None, list[Problem]]:
    """The model's folder and the name of the file that the runtime opens."""
    if path.is_file():
        return path.parent, path.name, []
    names: list[str] = []
    if path.is_dir():
        names = sorted(
            found.as_posix()
            for found in (entry.relative_to(path) for entry in path.rglob("*.onnx"))
            if (path / found).is_file() and not any(part.startswith(".") for part in found.parts)
        )
        if entrypoint in names:
            return path, entrypoint, []
        if entrypoint is None and len(names) == 1:
            return path, names[0], []
        problem = Problem(
            key="--entrypoint",
            value=repr(entrypoint) if entrypoint else "not given",
            limit=f"one of the folder's .onnx files ({', '.join(names) or 'it has none'})",
            reason="the runtime opens one file of a version",
            way_out="Name the file with `--entrypoint`, or push the .onnx file itself.",
        )
    else:
        problem = Problem(
            key="PATH",
            value=f"{str(path)!r}, which does not exist",
            limit="an .onnx file, or a folder with one",
            reason="there is nothing to push otherwise",
            way_out="Check the spelling.",
        )
    return path, None, [problem]


def _parse(path: Path) -> tuple[ModelProto | None, list[Problem]]:
    if path.stat().st_size > ONNX_FILE_BYTES:
        return None, [
            Problem(
                key=path.name,
                value=f"{path.stat().st_size} bytes long",
                limit=f"at most {ONNX_FILE_BYTES} bytes",
                reason="a protocol buffers message has at most 2 GiB",
                way_out="Save the weights as external data.",
            )
        ]
    return graph.parse(path)


def _batch_size(inputs: Sequence[TensorSpec], asked: int | None) -> int:
    if asked is not None:
        return asked
    return DEFAULT_BATCH_SIZE if inputs and not _fixed(inputs) else 0


def _fixed(inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
    """Inputs whose first axis is not open, scalars included."""
    return [spec for spec in inputs if spec.shape[:1] != (-1,)]


def _judge_batch(inputs: Sequence[TensorSpec], batch: int) -> Iterator[Problem]:
    if not 0 <= batch <= MAX_BATCH_SIZE:
        yield Problem(
            key="--max-batch-size",
            value=str(batch),
            limit=f"from 0 (no batching) to {MAX_BATCH_SIZE}",
            reason="one request has to fit a function's memory and time",
            way_out="Split larger batches in the client.",
        )
    elif batch > 0:
        for spec in _fixed(inputs):
            yield Problem(
                key="--max-batch-size",
                value=str(batch),
                limit=f"0, as input {spec.name!r} has shape {list(spec.shape)}",
                reason="only an open first axis takes a batch",
                way_out="Leave the option out, or export the model with a dynamic first axis.",
            )


def _judge_memory(memory_mb: int, limits: Limits) -> Iterator[Problem]:
    if not 1 <= memory_mb <= limits.memory_mb:
        yield Problem(
            key="--memory-mb",
            value=str(memory_mb),
            limit=f"from 1 to {limits.memory_mb} MiB",
            reason=limits.source,
            way_out="State what the loaded model needs, quantise it, or give the serving group "
            "more memory.",
        )


def _load(path: Path) -> Iterator[Problem]:
    """The last word is the runtime's: the same package, at the same version, serves the model."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what matters is raised; the rest would go to the terminal
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - the runtime raises a dozen unrelated types
        text = " ".join(str(error).split())
        yield Problem(
            key=path.name,
            value=f"refused by ONNX Runtime {onnxruntime.__version__} ({text[:500]})",
            limit="loadable",
            reason="the functions load it with this very runtime",
            way_out="Check it with `onnx.checker.check_model(path, full_check=True)` and export "
            "it again.",
        )
