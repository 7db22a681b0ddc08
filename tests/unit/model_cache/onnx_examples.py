"""Small ONNX models, made when a test needs them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data


def linear(*, added: float = 1.0) -> bytes:
    """y = x + added, and z = 2 x; x is float [n, 2]."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "b"], ["y"]), helper.make_node("Add", ["x", "x"], ["z"])],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 2]) for n in ("y", "z")],
        [numpy_helper.from_array(np.array([added], np.float32), "b")],
    )
    return _bytes(graph)


def slow(steps: int = 2_000) -> bytes:
    """x is float [n, n]; a chain of matrix products that takes seconds for n = 500."""
    nodes = [
        helper.make_node("MatMul", ["x" if s == 0 else f"h{s}", "x"], [f"h{s + 1}"])
        for s in range(steps)
    ]
    nodes.append(helper.make_node("Identity", [f"h{steps}"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "n"])],
    )
    return _bytes(graph)


def strings() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "strings",
        [helper.make_tensor_value_info("x", TensorProto.STRING, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.STRING, ["n"])],
    )
    return _bytes(graph)


def custom_operator() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Mystery", ["x"], ["y"], domain="com.example")],
        "custom",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)],
        ir_version=8,
    )
    return model.SerializeToString()


def with_external_data(*, location: str = "weights.bin") -> dict[str, bytes]:
    """y = x + 3; the weights lie in a file of their own. Name -> content, entrypoint first."""
    weights = np.full((1, 4_096), 3, np.float32)
    tensor = numpy_helper.from_array(weights, "b")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "b"], ["y"])],
        "external",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4_096])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4_096])],
        [tensor],
    )
    set_external_data(tensor, location, 0, weights.nbytes)
    del graph.initializer[:]
    tensor.ClearField("raw_data")
    graph.initializer.append(tensor)
    return {"model.onnx": _bytes(graph), location: weights.tobytes()}


def _bytes(graph: onnx.GraphProto) -> bytes:
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def layers(*, count: int, width: int = 1_024) -> bytes:
    """x is float [n, width]; `count` dense layers of 4 MiB each at the default width."""
    generator = np.random.default_rng(7)
    weights = [
        numpy_helper.from_array(
            generator.standard_normal((width, width), dtype=np.float32) / width, f"w{layer}"
        )
        for layer in range(count)
    ]
    names = ["x", *(f"h{layer}" for layer in range(1, count)), "y"]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", [names[layer], f"w{layer}"], [names[layer + 1]])
            for layer in range(count)
        ],
        "layers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", width])],
        weights,
    )
    return _bytes(graph)
