"""The process whose memory `tests.bench.residue` searches: events in by line, statuses out."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from functions.predict import gateway
from functions.predict.disk import Files
from functions.predict.onnx_model import open_onnx
from functions.shared.deadline import Deadline
from tests.unit.predict.fakes import CLAIM, FakeModel, adder, manifest

WIDTH = 1_024


def event(values: np.ndarray, *, binary: bool, request_id: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": "x", "datatype": "FP32", "shape": [1, WIDTH]}
    document: dict[str, Any] = {"id": request_id, "inputs": [entry]}
    headers: dict[str, str] = {}
    if binary:
        raw = values.tobytes()
        entry["parameters"] = {"binary_data_size": len(raw)}
        document["parameters"] = {"binary_data_output": True}
        header = json.dumps(document).encode()
        headers["inference-header-content-length"] = str(len(header))
        body = base64.b64encode(header + raw).decode()
    else:
        entry["data"] = values.ravel().tolist()
        body = json.dumps(document)
    return {
        "rawPath": "/v2/models/adder/infer",
        "headers": headers,
        "requestContext": {
            "authorizer": {"jwt": {"claims": {CLAIM: "client-a", "scope": "models/infer"}}},
            "http": {"method": "POST"},
            "requestId": "request-1",
        },
        "body": body,
        "isBase64Encoded": binary,
    }


def main(model: str) -> None:
    shapes = [("x", "FP32", (-1, WIDTH))], [("y", "FP32", (-1, WIDTH))]
    signature = manifest(inputs=shapes[0], outputs=shapes[1])
    bench = adder()
    bench.registry.register(signature)
    files = Files(contents={"model.onnx": Path(model).read_bytes()})
    opened = open_onnx(signature, files, Deadline.after(60))
    bench.models.compute = lambda inputs, _: opened.run(inputs, ["y"], Deadline.after(60))
    bench.models.memory["adder", 1] = FakeModel(signature, bench.models.compute)
    # As in Lambda, whoever reads an event keeps nothing of it but what the answer needed.
    for line in sys.stdin.buffer:
        answer = gateway.handle(json.loads(line), Deadline.after(60), bench.ports)
        bench.lines.clear()
        print(answer["statusCode"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
