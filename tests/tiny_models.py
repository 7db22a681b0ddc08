"""ONNX models of a few hundred bytes whose answers show which of them ran."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
WIDTH = 4


def linear(added: float, *, width: int = WIDTH, batch: str | int = "n") -> onnx.ModelProto:
    """`y = x + added` for FP32 `x` of shape [batch, width]; a text names an open axis."""
    return model(
        [helper.make_node("Add", ["x", "added"], ["y"])],
        [tensor("x", TensorProto.FLOAT, [batch, width])],
        [tensor("y", TensorProto.FLOAT, [batch, width])],
        [numpy_helper.from_array(np.full(width, added, np.float32), "added")],
    )


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto] = (),
    *,
    opset: int = OPSET,
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """A model of these parts; `domains` are operator sets beside the standard one."""
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def tensor(name: str, element: int, shape: Sequence[str | int] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def save(proto: onnx.ModelProto, path: Path, *, external: str | None = None) -> Path:
    """Write the model; with `external`, its weights go to a file of that name beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if external is None:
        onnx.save(proto, str(path))
    else:
        path.with_name(external).unlink(missing_ok=True)  # the library would append to it
        onnx.save(proto, str(path), save_as_external_data=True, location=external, size_threshold=0)
    return path
