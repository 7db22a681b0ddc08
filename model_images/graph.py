"""Reads an ONNX graph without running it: its operators, its external data, its signature."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from contracts.protocol import TensorSpec
from model_images.problems import Problem

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operator sets inside the ONNX Runtime package that the functions carry; the last one holds the
operators that quantised and fused models use."""

DATATYPES: dict[int, str] = {
    TensorProto.BOOL: "BOOL",
    TensorProto.UINT8: "UINT8",
    TensorProto.UINT16: "UINT16",
    TensorProto.UINT32: "UINT32",
    TensorProto.UINT64: "UINT64",
    TensorProto.INT8: "INT8",
    TensorProto.INT16: "INT16",
    TensorProto.INT32: "INT32",
    TensorProto.INT64: "INT64",
    TensorProto.FLOAT16: "FP16",
    TensorProto.FLOAT: "FP32",
    TensorProto.DOUBLE: "FP64",
    TensorProto.STRING: "BYTES",
}


def parse(path: Path) -> tuple[onnx.ModelProto | None, list[Problem]]:
    """The model without its external data."""
    try:
        model = onnx.load(str(path), format="protobuf", load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        return None, [
            Problem(
                key=path.name,
                value=f"no ONNX model ({' '.join(str(error).split()) or type(error).__name__})",
                limit="an ONNX file in protocol buffers form",
                reason="nothing else can be served",
                way_out="Export the model again, or copy it again if it was cut off.",
            )
        ]
    return model, []


def judge_operators(model: onnx.ModelProto) -> Iterator[Problem]:
    """Operator sets and domains."""
    own = {(function.domain, function.name) for function in model.functions}
    custom: dict[str, set[str]] = {}
    for node in _nodes(model):
        if node.domain not in STANDARD_DOMAINS and (node.domain, node.op_type) not in own:
            custom.setdefault(node.domain, set()).add(node.op_type)
    for domain, operators in sorted(custom.items()):
        yield Problem(
            key="operator domain",
            value=f"{domain!r} (operators {', '.join(sorted(operators))})",
            limit="one of ai.onnx, ai.onnx.ml, com.microsoft",
            reason="a custom operator is native code that the functions neither have nor may load",
            way_out="Export with standard operators, or define them as functions in the model.",
        )
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    known = onnx.defs.onnx_opset_version()
    if not 1 <= opsets.get("ai.onnx", 0 if model.graph.node else known) <= known:
        yield Problem(
            key="opset of ai.onnx",
            value=str(opsets.get("ai.onnx", "not stated")),
            limit=f"from 1 to {known}",
            reason="a newer operator set may mean something else than this runtime computes",
            way_out=f"Export with opset_version={min(known, 21)}.",
        )


def external_files(model: onnx.ModelProto) -> dict[str, int]:
    """Location of external data, as the model spells it -> bytes that the file must have."""
    needed: dict[str, int] = {}
    for tensor in _tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        end = _whole(entries.get("offset")) + _whole(entries.get("length"))
        needed[location] = max(needed.get(location, 0), end)
    return needed


def judge_external(model: onnx.ModelProto, folder: Path) -> tuple[list[str], list[Problem]]:
    """Names of the external data files, and what is wrong with them (links are not judged)."""
    names: list[str] = []
    problems: list[Problem] = []
    for location, size in sorted(external_files(model).items()):
        parts = PurePosixPath(location).parts
        path = folder / location
        if not location or "\\" in location or location.startswith("/") or ".." in parts:
            value, limit = f"{location!r}", "a relative path below the model's folder"
            reason = "a path that leads out would read a file that is not the model's"
        elif not path.is_file():
            value, limit = f"{location!r}, which is missing", "a file beside the model"
            reason = "the weights in it are part of the model"
        elif path.stat().st_size < size:
            value = f"{location!r} with {path.stat().st_size} bytes"
            limit = f"at least {size} bytes long"
            reason = "tensors of the model lie beyond its end"
        else:
            names.append(PurePosixPath(location).as_posix())
            continue
        problems.append(
            Problem(
                key="external data",
                value=value,
                limit=limit,
                reason=reason,
                way_out="Put the data file beside the .onnx file, or save the model again with "
                "`onnx.save(model, path, save_as_external_data=True, location='weights.bin')`.",
            )
        )
    return names, problems


def signature(
    model: onnx.ModelProto,
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...], list[Problem]]:
    """Inputs, outputs, and those of them that the protocol cannot carry."""
    weights = {tensor.name for tensor in model.graph.initializer}
    weights |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    problems: list[Problem] = []
    sides: list[tuple[TensorSpec, ...]] = []
    for side, values in (("input", model.graph.input), ("output", model.graph.output)):
        specs = [
            _spec(side, value, problems)
            for value in values
            if side == "output" or value.name not in weights
        ]
        sides.append(tuple(spec for spec in specs if spec is not None))
        if not specs:
            problems.append(
                Problem(
                    key=f"{side}s",
                    value="none",
                    limit=f"at least one {side} tensor",
                    reason="a request names the tensors that it sends and takes",
                    way_out=f"Export the model with an {side}.",
                )
            )
    return sides[0], sides[1], problems


def _spec(side: str, value: onnx.ValueInfoProto, problems: list[Problem]) -> TensorSpec | None:
    kind = value.type.WhichOneof("value") or "no type"
    tensor = value.type.tensor_type
    datatype = DATATYPES.get(tensor.elem_type)
    if kind != "tensor_type":
        problems.append(
            Problem(
                key=f"{side} {value.name!r}",
                value=f"a {kind.removesuffix('_type').replace('_', ' ')}",
                limit="a tensor",
                reason="the Open Inference Protocol carries tensors only",
                way_out="Export it as a tensor; with skl2onnx: options={'zipmap': False}.",
            )
        )
    elif datatype is None:
        problems.append(
            Problem(
                key=f"{side} {value.name!r}",
                value=f"of element type {TensorProto.DataType.Name(tensor.elem_type)}",
                limit=f"one of {', '.join(sorted(DATATYPES.values()))}",
                reason="the Open Inference Protocol has no such datatype",
                way_out="Add a Cast at the model's edge.",
            )
        )
    elif not tensor.HasField("shape"):
        problems.append(
            Problem(
                key=f"{side} {value.name!r}",
                value="without a shape",
                limit="of a known number of axes",
                reason="requests and answers are checked against the signature",
                way_out="Run `onnx.shape_inference.infer_shapes`, or set the shape when exporting.",
            )
        )
    elif any(dim.HasField("dim_value") and dim.dim_value < 1 for dim in tensor.shape.dim):
        problems.append(
            Problem(
                key=f"{side} {value.name!r}",
                value=f"of shape {[dim.dim_value for dim in tensor.shape.dim]}",
                limit="of axes of 1 or more, or named (dynamic) ones",
                reason="a tensor without elements carries nothing",
                way_out="Name the axis when exporting (dynamic_axes).",
            )
        )
    else:
        shape = tuple(
            dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim
        )
        return TensorSpec(name=value.name, datatype=datatype, shape=shape)
    return None


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    pending = [*model.graph.node, *(node for f in model.functions for node in f.node)]
    while pending:
        node = pending.pop()
        yield node
        for attribute in node.attribute:
            pending.extend(attribute.g.node)
            for graph in attribute.graphs:
                pending.extend(graph.node)


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    graphs = [model.graph]
    for node in _nodes(model):
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            graphs.extend((attribute.g, *attribute.graphs))
    for graph in graphs:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
