"""The demo model `magika`: says what kind of file something is.

It is the model of the `magika` package (Apache-2.0, Google LLC), taken from where the package is
installed; see docs/NOTICE.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from automation.errors import Failure
from automation.models import routes
from automation.models.registry import Registry
from automation.models.stack import Progress, Stack
from automation.outputs import Outputs
from contracts.registry import VersionState
from contracts.route import FULL_WEIGHT
from model_images import content_types

MODEL = "magika"
MAX_BATCH_SIZE = 64
INPUT, OUTPUT = "bytes", "target_label"


def ensure(stack: Stack, progress: Progress) -> str:
    """Have the model registered and routed; returns what was done, in words.

    What a person changed stays: a model with a route is left alone.
    """
    progress(f"looking for {MODEL}")
    registry = Registry.of(stack)
    route = registry.route(MODEL)
    if route is not None:
        answering = ", ".join(str(version) for version, _ in route.weights)
        return f"{MODEL} is there, version {answering} answers"
    ready = [v.version for v in registry.versions(MODEL) if v.state is VersionState.READY]
    if not ready:
        from automation.models.push import push  # imports onnx, which an unchanged stack spares

        path = content_types.model_folder() / "model.onnx"
        pushed = push(stack, MODEL, path, max_batch_size=MAX_BATCH_SIZE, progress=progress)
        ready = [pushed.manifest.version]
    version = ready[-1]
    progress(f"routing {MODEL} to version {version}")
    wanted = routes.edited(MODEL, None, {version: FULL_WEIGHT})
    routes.change_route(registry, wanted, expect=0)
    return f"{MODEL} version {version} registered"


def classify(
    outputs: Outputs, paths: Sequence[Path], *, tenant: str | None = None
) -> list[dict[str, Any]]:
    """Ask the deployed model what kind of file each path is: `file`, `label`, `score`.

    Raises `Failure` for an unreadable path, and when the API refuses.
    """
    from automation.predict import infer  # it serves other models too, and imports this module

    def ask(rows: list[list[int]]) -> list[list[float]]:
        return scores(infer(outputs, MODEL, request(rows), tenant=tenant))

    return [
        {"file": _shown(found.path), "label": found.label, "score": found.score}
        for found in content_types.classify(paths, ask)
    ]


def _shown(path: Path) -> str:
    """As a person would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def request(rows: Sequence[Sequence[int]]) -> bytes:
    """An Open Inference Protocol request in JSON."""
    tensor = {
        "name": INPUT,
        "datatype": "INT32",
        "shape": [len(rows), len(rows[0])],
        "data": [number for row in rows for number in row],
    }
    return json.dumps({"inputs": [tensor], "outputs": [{"name": OUTPUT}]}).encode()


def scores(answer: dict[str, Any]) -> list[list[float]]:
    """The rows of the answer's tensor. Raises `Failure` for an answer of another form."""
    try:
        tensor = next(tensor for tensor in answer["outputs"] if tensor["name"] == OUTPUT)
        count, width = tensor["shape"]
        data: list[float] = tensor["data"]
        if len(data) != count * width:
            raise ValueError(len(data))
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise Failure(
            f"the answer has no tensor {OUTPUT!r} with two axes: {str(answer)[:200]}",
            f"See what answers: `warmline models show {MODEL}`.",
        ) from error
    return [data[i * width : (i + 1) * width] for i in range(count)]
