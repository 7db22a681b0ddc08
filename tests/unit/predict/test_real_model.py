"""The whole request path with a real model and the real runtime, against the runtime alone."""

import dataclasses
import json
from pathlib import Path

import magika
import numpy as np
import onnxruntime as ort
import pytest
import tritonclient.http as triton

from contracts.manifest import Manifest
from contracts.registry import VersionRecord
from functions.predict.app import serve
from functions.predict.disk import Files
from functions.predict.onnx_model import OnnxModel, open_onnx
from functions.predict.ports import Observer
from functions.shared.deadline import Deadline
from tests.unit.predict.fakes import Bench, FakeModels, adder, manifest, request

pytestmark = pytest.mark.unit

MODEL = next(Path(magika.__file__).parent.glob("models/*/model.onnx"))
WIDTH, LABELS = 2_048, 214
SIGNATURE = manifest(
    inputs=[("bytes", "INT32", (-1, WIDTH))],
    outputs=[("target_label", "FP32", (-1, LABELS))],
    max_batch_size=64,
)


class RealModels(FakeModels):
    """A cache that opens the model for real."""

    def load(self, record: VersionRecord, deadline: Deadline, observer: Observer) -> OnnxModel:  # type: ignore[override]
        return open_onnx(Manifest.parse(record.manifest.encode()), FILES, deadline)


FILES = Files(folder=MODEL.parent)


def bench() -> Bench:
    made = Bench(models=RealModels())
    made.registry = adder().registry
    made.registry.register(SIGNATURE)
    made.__post_init__()
    made.ports = dataclasses.replace(made.ports, max_body_bytes=4_400_000)
    return made


def rows(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 257, (count, WIDTH), dtype=np.int32)


def alone(inputs: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    (scores,) = session.run(["target_label"], {"bytes": inputs})
    return np.asarray(scores)


@pytest.mark.parametrize("binary", [False, True], ids=["JSON", "binary"])
@pytest.mark.parametrize("count", [1, 16])
def test_scores_are_those_of_the_runtime_itself(count: int, binary: bool) -> None:
    inputs = rows(count)
    said = triton.InferInput("bytes", [count, WIDTH], "INT32")
    said.set_data_from_numpy(inputs, binary_data=binary)
    body, length = triton.InferenceServerClient.generate_request_body(
        [said], outputs=[triton.InferRequestedOutput("target_label", binary_data=binary)]
    )
    headers = {} if length is None else {"inference-header-content-length": str(length)}
    made = bench()
    ports = made.ports
    asked = request(bytes(body), headers=headers)
    if count == 16:
        ports = dataclasses.replace(ports, max_body_bytes=4_400_000)
    answer = serve(asked, ports)
    assert answer.status == 200, answer.body
    raw = answer.body.encode() if isinstance(answer.body, str) else answer.body
    said_length = answer.headers.get("Inference-Header-Content-Length")
    result = triton.InferenceServerClient.parse_response_body(
        raw, header_length=None if said_length is None else int(said_length)
    )
    scores = result.as_numpy("target_label")
    assert scores is not None
    np.testing.assert_allclose(scores, alone(inputs), atol=1e-6)


def test_a_deadline_that_passes_inside_the_runtime_is_answered_with_504() -> None:
    made = bench()
    session = open_onnx(SIGNATURE, FILES, Deadline.after(30))
    made.models.load = lambda record, deadline, observer: session  # type: ignore[method-assign, assignment]
    many = np.repeat(rows(1), 48, axis=0)
    entry = {"name": "bytes", "datatype": "INT32", "shape": list(many.shape)}
    entry["parameters"] = {"binary_data_size": many.nbytes}
    header = json.dumps({"inputs": [entry]}).encode()
    headers = {"inference-header-content-length": str(len(header))}
    late = request(header + many.tobytes(), headers=headers, seconds=0.02)
    assert serve(late, made.ports).status == 504
    late = request(header + many.tobytes(), headers=headers)
    assert serve(late, made.ports).status == 200
