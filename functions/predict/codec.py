"""Bodies of the Open Inference Protocol v2, JSON and binary tensors, checked against a manifest.

A binary body is a JSON header followed by the bytes of each tensor that has a `binary_data_size`,
in order, little-endian; elements of BYTES are each preceded by their length in 4 bytes. FP16 exists
in binary only, since JSON has no form for it that the protocol defines.

Every error names the field and the limit. None repeats a value of a tensor.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, NamedTuple, cast

import numpy as np

from contracts.manifest import Manifest
from contracts.protocol import BINARY_HEADER, DATATYPES, LAMBDA_PAYLOAD_BYTES, TensorSpec
from functions.shared.errors import (
    AnswerNotJson,
    AnswerTooLarge,
    BadRequest,
    InferenceFailed,
    InvalidTensor,
)

Body = bytes | bytearray | str
Tensors = dict[str, np.ndarray]
Json = dict[str, Any]

HEADER_NAME = "Inference-Header-Content-Length"
ANSWER_ROOM_BYTES = 64 * 1024
"""Kept free in Lambda's answer for its headers and the envelope around the body."""

_DIGITS = re.compile(r"[0-9]{1,10}")
_TYPES = {name: np.dtype(dtype).newbyteorder("<") for name, (dtype, _) in DATATYPES.items()}
_JSON_TYPES = {"b": frozenset({bool}), "i": frozenset({int}), "u": frozenset({int})}
_NUMBERS = frozenset({int, float})
_LARGEST = {"FP32": float(np.finfo(np.float32).max), "FP64": float(np.finfo(np.float64).max)}


class OutputChoice(NamedTuple):
    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class Inference:
    """A request that fits the model's signature."""

    id: str | None
    inputs: Tensors
    outputs: tuple[OutputChoice, ...]

    @property
    def output_names(self) -> list[str]:
        return [output.name for output in self.outputs]

    def wipe(self) -> None:
        """Overwrite the arrays that hold the request's values."""
        wipe(self.inputs)


class Encoded(NamedTuple):
    body: bytes | str
    headers: dict[str, str]


def wipe(tensors: Mapping[str, np.ndarray]) -> None:
    """Overwrite what can be: `bytes` and `str` elements can only be let go of."""
    for tensor in tensors.values():
        if tensor.flags.writeable:
            tensor.fill(b"" if tensor.dtype == object else 0)


def decode(body: Body, header_length: str | None, manifest: Manifest) -> Inference:
    """Raises `BadRequest` or `InvalidTensor`."""
    document, binary = _split(body, header_length)
    parameters = _parameters(document, "parameters")
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise BadRequest("id must be text.")
    reader = _BinaryReader(binary)
    inputs = _inputs(document.get("inputs"), manifest, reader)
    reader.finish()
    return Inference(request_id, inputs, _outputs(document.get("outputs"), parameters, manifest))


# --- the two parts of a body -------------------------------------------------------------------


def _split(body: Body, header_length: str | None) -> tuple[Json, memoryview | None]:
    if not body:
        raise BadRequest("The body is empty.")
    if header_length is None:
        return _json(body), None
    if not _DIGITS.fullmatch(header_length):
        raise BadRequest(f"{HEADER_NAME} must be a whole number of bytes, 0 or more.")
    raw = body.encode(errors="replace") if isinstance(body, str) else body
    length = int(header_length)
    if length > len(raw):
        raise BadRequest(
            f"{HEADER_NAME} is {length}, but the body has {len(raw)} bytes. A binary body needs "
            "Content-Type: application/octet-stream."
        )
    view = memoryview(raw)
    return _json(bytes(view[:length])), view[length:]


def _no_constant(name: str) -> float:
    raise BadRequest(f"The JSON holds {name}, which JSON does not have; send the tensor as binary.")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _json(body: Body) -> Json:
    try:
        text = body if isinstance(body, str) else str(body, "utf-8")
        document = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"The JSON is not UTF-8 at byte {error.start}. Does {HEADER_NAME} state its length?"
        ) from None
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"The body stops being JSON at character {error.pos} of {len(error.doc)}."
        ) from None
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None
    except ValueError:
        raise BadRequest("The JSON holds a number with too many digits.") from None
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object with the member inputs.")
    return cast(Json, document)


class _BinaryReader:
    """Hands out the binary part, tensor by tensor."""

    def __init__(self, data: memoryview | None) -> None:
        self._data = data
        self._offset = 0

    def take(self, size: Any, where: str) -> memoryview:
        if type(size) is not int or size < 0:
            raise BadRequest(f"{where} must be a whole number of bytes, 0 or more.")
        if self._data is None:
            raise BadRequest(f"{where} is given, but the header {HEADER_NAME} is missing.")
        left = len(self._data) - self._offset
        if size > left:
            raise BadRequest(f"{where} is {size}, but the body has {left} bytes left.")
        start, self._offset = self._offset, self._offset + size
        return self._data[start : self._offset]

    def finish(self) -> None:
        if self._data is not None and self._offset != len(self._data):
            raise BadRequest(
                f"The body has {len(self._data) - self._offset} bytes after the last tensor; "
                f"check inputs[].parameters.binary_data_size and {HEADER_NAME}."
            )


# --- inputs ------------------------------------------------------------------------------------


def _inputs(entries: Any, manifest: Manifest, reader: _BinaryReader) -> Tensors:
    if not isinstance(entries, list) or not entries:
        raise BadRequest("inputs must be a list with one entry for each input of the model.")
    specs = {spec.name: spec for spec in manifest.inputs}
    tensors: Tensors = {}
    batch: tuple[str, int] | None = None
    for index, entry in enumerate(cast(list[Any], entries)):
        where = f"inputs[{index}]"
        name = _name(entry, where, specs, tensors, "input")
        spec = specs[name]
        shape = _shape(entry.get("shape"), spec, manifest.max_batch_size, where)
        if manifest.max_batch_size and spec.shape and spec.shape[0] == -1:
            batch = batch or (where, shape[0])
            if shape[0] != batch[1]:
                raise InvalidTensor(
                    f"{where}.shape[0] is {shape[0]}, but {batch[0]}.shape[0] is {batch[1]}; "
                    "all inputs share one batch size."
                )
        tensors[name] = _tensor(entry, spec, shape, where, reader)
        if spec.datatype == "BYTES" and manifest.target == "onnx":
            _require_text(tensors[name], where)
    missing = [name for name in specs if name not in tensors]
    if missing:
        raise InvalidTensor(f"inputs lacks {', '.join(map(repr, missing))}.")
    return tensors


def _name(
    entry: Any, where: str, specs: Mapping[str, TensorSpec], seen: Mapping[str, Any], kind: str
) -> str:
    if not isinstance(entry, dict):
        raise BadRequest(f"{where} must be an object.")
    name = cast(Json, entry).get("name")
    if not isinstance(name, str) or name not in specs:
        raise InvalidTensor(
            f"{where}.name is no {kind} of the model; it has {', '.join(map(repr, specs))}."
        )
    if name in seen:
        raise InvalidTensor(f"{where}.name repeats the {kind} {name!r}.")
    return name


def _parameters(entry: Json, where: str) -> Json:
    parameters = entry.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise BadRequest(f"{where} must be an object.")
    parameters = cast(Json, parameters)
    for name in parameters:
        if name.startswith("shared_memory") or name in ("sequence_id", "classification"):
            raise BadRequest(f"{where}.{name} is not supported.")
    return parameters


def _shape(shape: Any, spec: TensorSpec, max_batch_size: int, where: str) -> tuple[int, ...]:
    if not isinstance(shape, list) or any(type(size) is not int for size in shape):
        raise BadRequest(f"{where}.shape must be a list of whole numbers.")
    sizes = cast(list[int], shape)
    if len(sizes) != len(spec.shape):
        raise InvalidTensor(
            f"{where}.shape has {len(sizes)} dimensions; {spec.name!r} takes {list(spec.shape)}."
        )
    for axis, (size, wanted) in enumerate(zip(sizes, spec.shape, strict=True)):
        if size < 1:
            raise InvalidTensor(f"{where}.shape[{axis}] is below 1; a tensor needs elements.")
        if wanted not in (-1, size):
            raise InvalidTensor(f"{where}.shape[{axis}] is {_plain(size)}; it must be {wanted}.")
    if spec.shape and spec.shape[0] == -1 and 0 < max_batch_size < sizes[0]:
        raise InvalidTensor(
            f"{where}.shape[0] is {_plain(sizes[0])}; the model's largest batch is "
            f"{max_batch_size}."
        )
    return tuple(sizes)


def _plain(size: int) -> str:
    return str(size) if size < 1 << 63 else "above 2**63"


def _tensor(
    entry: Json, spec: TensorSpec, shape: tuple[int, ...], where: str, reader: _BinaryReader
) -> np.ndarray:
    datatype = entry.get("datatype")
    if datatype != spec.datatype:
        said = repr(datatype) if isinstance(datatype, str) and datatype in DATATYPES else "unknown"
        raise InvalidTensor(f"{where}.datatype is {said}; {spec.name!r} takes {spec.datatype!r}.")
    parameters = _parameters(entry, f"{where}.parameters")
    count = math.prod(shape)
    if "binary_data_size" in parameters:
        if "data" in entry:
            raise BadRequest(f"{where} has both data and parameters.binary_data_size.")
        where = f"{where}.parameters.binary_data_size"
        view = reader.take(parameters["binary_data_size"], where)
        if spec.datatype == "BYTES":
            return _bytes_array(_split_bytes(view, count, where), count, shape)
        return _from_binary(view, spec, shape, count, where)
    if "data" not in entry:
        raise BadRequest(f"{where}.data is missing, and so is parameters.binary_data_size.")
    return _from_json(entry["data"], spec, shape, count, f"{where}.data")


def _from_binary(
    view: memoryview, spec: TensorSpec, shape: tuple[int, ...], count: int, where: str
) -> np.ndarray:
    dtype = _TYPES[spec.datatype]
    if len(view) != count * dtype.itemsize:
        raise InvalidTensor(
            f"{where} is {len(view)}; {count} elements of {spec.datatype} have "
            f"{count * dtype.itemsize} bytes."
        )
    if dtype.kind == "b" and np.frombuffer(view, np.uint8).max() > 1:
        raise InvalidTensor(f"{where}: each byte of a BOOL tensor must be 0 or 1.")
    array = np.frombuffer(view, dtype).reshape(shape)
    # The header has any length, so tensors may start anywhere; kernels expect aligned memory.
    return array if array.flags.aligned else array.copy()


def _split_bytes(view: memoryview, count: int, where: str) -> Iterator[bytes]:
    offset, end = 0, len(view)
    for _ in repeat(None, count):
        start = offset + 4
        if start > end:
            raise InvalidTensor(f"{where}: the bytes end before {count} elements.")
        offset = start + int.from_bytes(view[offset:start], "little")
        if offset > end:
            raise InvalidTensor(f"{where}: an element's length goes past the end.")
        yield bytes(view[start:offset])
    if offset != end:
        raise InvalidTensor(f"{where}: {end - offset} bytes are left after {count} elements.")


def _require_text(tensor: np.ndarray, where: str) -> None:
    try:
        for element in tensor.ravel().tolist():
            element.decode()
    except UnicodeDecodeError:
        raise InvalidTensor(f"{where}: this model's BYTES are text, in UTF-8.") from None


def _bytes_array(elements: Iterator[bytes], count: int, shape: tuple[int, ...]) -> np.ndarray:
    # The elements come first: a count that the body does not hold must not allocate memory.
    values = list(elements)
    array = np.empty(count, object)
    array[:] = values
    return array.reshape(shape)


def _from_json(
    data: Any, spec: TensorSpec, shape: tuple[int, ...], count: int, where: str
) -> np.ndarray:
    if spec.datatype == "FP16":
        raise InvalidTensor(f"{where}: FP16 has no JSON form; send it as binary.")
    values = _flat(data, shape, count, where)
    kinds = frozenset(map(type, values))
    if spec.datatype == "BYTES":
        if kinds != {str}:
            raise InvalidTensor(f"{where} must hold text only; send other bytes as binary.")
        try:
            return _bytes_array((value.encode() for value in values), count, shape)
        except UnicodeEncodeError:
            raise InvalidTensor(f"{where} holds text that has no UTF-8 form.") from None
    dtype = _TYPES[spec.datatype]
    if not kinds <= _JSON_TYPES.get(dtype.kind, _NUMBERS):
        raise InvalidTensor(f"{where} must hold {_WANTED[dtype.kind]} only, for {spec.datatype}.")
    try:
        if dtype.kind != "f":
            return np.array(values, dtype).reshape(shape)
        wide = np.array(values, np.float64)
    except OverflowError:
        raise InvalidTensor(
            f"{where} holds a number outside the range of {spec.datatype}."
        ) from None
    if np.abs(wide).max() > _LARGEST[spec.datatype]:
        raise InvalidTensor(f"{where} holds a number outside the range of {spec.datatype}.")
    return wide.astype(dtype, copy=False).reshape(shape)


_WANTED = {"b": "true and false", "i": "whole numbers", "u": "whole numbers", "f": "numbers"}


def _flat(data: Any, shape: tuple[int, ...], count: int, where: str) -> list[Any]:
    """Elements in row-major order of a flat list, or of lists nested as the shape says."""
    if not isinstance(data, list):
        raise InvalidTensor(f"{where} must be a list.")
    values = cast(list[Any], data)
    if values and type(values[0]) is list and len(shape) > 1:
        level: list[Any] = [values]
        for size in shape:
            if any(type(part) is not list or len(part) != size for part in level):
                raise InvalidTensor(f"{where} is nested differently from shape {list(shape)}.")
            level = list(chain.from_iterable(level))
        return level
    if len(values) != count:
        raise InvalidTensor(f"{where} has {len(values)} elements; its shape asks for {count}.")
    return values


# --- outputs -----------------------------------------------------------------------------------


def _outputs(entries: Any, parameters: Json, manifest: Manifest) -> tuple[OutputChoice, ...]:
    by_default = _flag(parameters, "binary_data_output", False, "parameters")
    specs = {spec.name: spec for spec in manifest.outputs}
    chosen: dict[str, bool] = {}
    if entries is None or entries == []:
        chosen = dict.fromkeys(specs, by_default)
    elif not isinstance(entries, list):
        raise BadRequest("outputs must be a list.")
    else:
        for index, entry in enumerate(cast(list[Any], entries)):
            where = f"outputs[{index}]"
            name = _name(entry, where, specs, chosen, "output")
            own = _parameters(entry, f"{where}.parameters")
            chosen[name] = _flag(own, "binary_data", by_default, f"{where}.parameters")
    for name, binary in chosen.items():
        if specs[name].datatype == "FP16" and not binary:
            raise AnswerNotJson(f"Output {name!r} is FP16, which has no JSON form.")
    return tuple(OutputChoice(name, binary) for name, binary in chosen.items())


def _flag(parameters: Json, name: str, default: bool, where: str) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"{where}.{name} must be true or false.")
    return value


def encode(inference: Inference, manifest: Manifest, results: Mapping[str, np.ndarray]) -> Encoded:
    """Raises `AnswerTooLarge`, `AnswerNotJson`, or `InferenceFailed` for an output that is not
    what the manifest says."""
    specs = {spec.name: spec for spec in manifest.outputs}
    outputs: list[Json] = []
    parts: list[bytes] = []
    for name, binary in inference.outputs:
        spec = specs[name]
        tensor = _checked(results.get(name), spec)
        entry: Json = {"name": name, "datatype": spec.datatype, "shape": list(tensor.shape)}
        if binary:
            raw = to_bytes(tensor)
            parts.append(raw)
            entry["parameters"] = {"binary_data_size": len(raw)}
        else:
            entry["data"] = _to_json(tensor, name)
        outputs.append(entry)
    document: Json = {
        "model_name": manifest.model,
        "model_version": str(manifest.version),
        "outputs": outputs,
    }
    if inference.id is not None:
        document["id"] = inference.id
    return _assemble(document, parts, any(output.binary for output in inference.outputs))


def _assemble(document: Json, parts: Sequence[bytes], binary: bool) -> Encoded:
    text = json.dumps(document, separators=(",", ":"))
    if not binary:
        # Inside Lambda's answer the text is a JSON string: quotes and backslashes double.
        _check_size(len(text) + text.count('"') + text.count("\\"))
        return Encoded(text, {"Content-Type": "application/json"})
    header = text.encode()
    _check_size((len(header) + sum(map(len, parts)) + 2) // 3 * 4)
    return Encoded(
        b"".join((header, *parts)),
        {"Content-Type": "application/octet-stream", HEADER_NAME: str(len(header))},
    )


def _check_size(event_bytes: int) -> None:
    limit = LAMBDA_PAYLOAD_BYTES - ANSWER_ROOM_BYTES
    if event_bytes > limit:
        raise AnswerTooLarge(
            f"The answer takes {event_bytes} bytes on its way; {limit} is the most."
        )


def _checked(tensor: np.ndarray | None, spec: TensorSpec) -> np.ndarray:
    if tensor is None:
        raise InferenceFailed(f"The model gave no output {spec.name!r}.")
    wanted = _TYPES[spec.datatype]
    right = tensor.dtype.kind in "OSU" if wanted.hasobject else tensor.dtype == wanted
    if not right or len(tensor.shape) != len(spec.shape):
        raise InferenceFailed(f"Output {spec.name!r} is not what the model's signature says.")
    return tensor


def to_bytes(tensor: np.ndarray) -> bytes:
    """A tensor in the protocol's binary form."""
    if tensor.dtype.kind not in "OSU":
        return tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()
    pieces: list[bytes] = []
    for element in tensor.ravel().tolist():
        raw = element.encode() if isinstance(element, str) else bytes(element)
        pieces += (len(raw).to_bytes(4, "little"), raw)
    return b"".join(pieces)


def _to_json(tensor: np.ndarray, name: str) -> list[Any]:
    if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
        raise AnswerNotJson(f"Output {name!r} holds NaN or an infinity, which JSON does not have.")
    values = tensor.ravel().tolist()
    if tensor.dtype.kind not in "OS":
        return values
    try:
        return [value if isinstance(value, str) else str(value, "utf-8") for value in values]
    except UnicodeDecodeError:
        raise AnswerNotJson(f"Output {name!r} holds bytes that are no text.") from None


assert HEADER_NAME.lower() == BINARY_HEADER  # noqa: S101 - two spellings of one name
