"""ONNX Runtime sessions. Importing this module imports numpy and onnxruntime, the largest part of a
cold start: who only routes or answers from a cache of another kind never pays for it.
"""

import _thread
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnxruntime as ort

from contracts.manifest import Manifest
from functions.predict.disk import Files
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, InferenceFailed, ModelUnavailable
from functions.shared.trace import Trace

if TYPE_CHECKING:
    from functions.predict.ports import Tensors

MB_PER_VCPU = 1_769
"""Memory at which a function has one whole vCPU (Lambda documentation, checked 2026-11)."""
FATAL = 4
"""ONNX Runtime's own log would show what a request did to a model."""


class OnnxModel:
    """Implements `functions.predict.ports.LoadedModel`."""

    def __init__(self, manifest: Manifest, session: ort.InferenceSession) -> None:
        self._manifest = manifest
        self._session = session
        self._text_inputs = frozenset(t.name for t in manifest.inputs if t.datatype == "BYTES")

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def run(
        self,
        inputs: "Tensors",
        outputs: Sequence[str],
        deadline: Deadline,
        trace: Trace | None = None,  # noqa: ARG002 - the call does not leave the process
    ) -> dict[str, np.ndarray]:
        """Implements the port; nothing of the inputs is kept, also not in what is raised."""
        options = ort.RunOptions()
        options.log_severity_level = FATAL
        with _alarm(deadline, lambda: setattr(options, "terminate", True)) as rang:
            try:
                values = self._session.run(list(outputs), self._feeds(inputs), options)
            except Exception:  # noqa: BLE001 - the runtime has many kinds, and its texts may quote data
                values = None
        if values is not None:
            return dict(zip(outputs, values, strict=True))
        name = f"{self._manifest.model} version {self._manifest.version}"
        if rang():
            raise DeadlineExceeded(f"{name} did not answer in time and was stopped")
        raise InferenceFailed(f"{name} cannot compute an answer for these inputs")

    def _feeds(self, inputs: "Tensors") -> dict[str, np.ndarray]:
        return {
            name: _as_text(value) if name in self._text_inputs else value
            for name, value in inputs.items()
        }


def open_onnx(manifest: Manifest, files: Files, deadline: Deadline) -> OnnxModel:
    """A session over verified files; a `functions.predict.models.Runtime`.

    No library of custom operators is registered, so a model can only use those built in.
    """
    options = ort.SessionOptions()
    options.log_severity_level = FATAL
    options.intra_op_num_threads = threads(os.environ)
    options.inter_op_num_threads = 1
    # The arena never gives memory back: one large batch would keep its tensors, and their memory,
    # for as long as the model is loaded. Without it runs take as long (docs/model-cache.md).
    options.enable_cpu_mem_arena = False
    # A worker that spins while it waits is billed, and on a laptop it is heard.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model: str | bytes
    if files.contents:
        beside = {n: c for n, c in files.contents.items() if n != manifest.entrypoint}
        if beside:
            folder, _, _ = manifest.entrypoint.rpartition("/")
            names = [n.removeprefix(f"{folder}/") if folder else n for n in beside]
            options.add_external_initializers_from_files_in_memory(
                names, list(beside.values()), [len(content) for content in beside.values()]
            )
        model = files.contents[manifest.entrypoint]
    else:
        model = str(cast(Any, files.folder) / manifest.entrypoint)
    with _alarm(deadline, lambda: options.set_load_cancellation_flag(True)) as rang:
        try:
            session = ort.InferenceSession(
                model, options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
        except Exception:  # noqa: BLE001 - as above
            session = None
    name = f"{manifest.model} version {manifest.version}"
    if session is None:
        if rang():
            raise DeadlineExceeded(f"{name} could not be opened in time")
        raise ModelUnavailable(f"ONNX Runtime cannot open {name}")
    # Else the file stays in memory beside the session.
    session._model_bytes = None  # pyright: ignore[reportPrivateUsage] - no public way
    _check_signature(manifest, session)
    return OnnxModel(manifest, session)


def threads(environ: Mapping[str, str]) -> int:
    """Threads for one operator: the whole vCPUs of a function, one where it is not said."""
    memory_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return max(1, int(memory_mb) // MB_PER_VCPU) if memory_mb.isdecimal() else 1


def _check_signature(manifest: Manifest, session: ort.InferenceSession) -> None:
    for kind, told, real in (
        ("inputs", manifest.inputs, session.get_inputs()),
        ("outputs", manifest.outputs, session.get_outputs()),
    ):
        names = {tensor.name for tensor in real}
        unknown = sorted(t.name for t in told if t.name not in names)
        if unknown:
            raise ModelUnavailable(
                f"the {kind} of {manifest.model} version {manifest.version} are not those of its "
                f"manifest: {', '.join(unknown)} missing"
            )


def _as_text(value: np.ndarray) -> np.ndarray:
    """ONNX strings are text. The runtime would take bytes too, as what `repr` makes of them."""
    texts = [v.decode() if isinstance(v, bytes) else v for v in value.ravel().tolist()]
    return np.array(texts, dtype=object).reshape(value.shape)


@contextmanager
def _alarm(deadline: Deadline, ring: Callable[[], object]) -> Generator[Callable[[], bool]]:
    """Calls `ring` when the deadline passes inside the block; its thread ends with the block.

    A bare thread with two locks: half the price of `threading.Timer`, which each call would pay.
    """
    over = _thread.allocate_lock()
    gone = _thread.allocate_lock()
    rung: list[bool] = []

    def watch() -> None:
        try:
            if not over.acquire(timeout=deadline.remaining()):
                rung.append(True)
                ring()
        finally:
            gone.release()

    over.acquire()
    gone.acquire()
    _thread.start_new_thread(watch, ())
    try:
        yield lambda: bool(rung)
    finally:
        over.release()
        gone.acquire()
