"""Bodies of the Open Inference Protocol v2, JSON and binary tensors, checked against a manifest.

A binary body is a JSON header followed by the bytes of each tensor that has a `binary_data_size`,
in order, little-endian; elements of BYTES are each preceded by their length in 4 bytes. FP16 exists
in binary only, since JSON has no form for it that the protocol defines.

Every error names the field and the limit. None repeats a value of a tensor.
"""

import json
import math
import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from contracts.manifest import Manifest
from contracts.protocol import (
    BINARY_HEADER,
    DATATYPES,
    LAMBDA_PAYLOAD_BYTES,
    MAX_BODY_BYTES,
    TensorSpec,
)
from functions.predict import tensors
from functions.predict.tensors import Tensors
from functions.shared.errors import (
    AnswerNotJson,
    AnswerTooLarge,
    BadRequest,
    InferenceFailed,
    InvalidTensor,
)

Body = bytes | bytearray | str
Json = dict[str, Any]

HEADER_NAME = "Inference-Header-Content-Length"
ANSWER_ROOM_BYTES = 64 * 1024
"""Kept free in Lambda's answer for its headers and the envelope around the body."""

_SHORTEST_JSON = {"b": 5, "f": 4, "i": 2, "u": 2}
"""Kind of dtype -> bytes of its shortest element with a comma: `true,`, `0.0,`, `0,`."""
_SHORTEST_TEXT = {False: 3, True: 4}
"""Of an empty text: `"",` in JSON, and its length where it is binary."""
_DIGITS = re.compile(r"[0-9]{1,10}")
_WHOLE = frozenset({int})


class OutputChoice(NamedTuple):
    name: str
    binary: bool


class Inference(NamedTuple):
    """A request that fits the model's signature."""

    id: str | None
    inputs: Tensors
    outputs: list[OutputChoice]

    @property
    def output_names(self) -> list[str]:
        return [output.name for output in self.outputs]

    def wipe(self) -> None:
        """Overwrite the arrays that hold the request's values."""
        tensors.wipe(self.inputs)


class Encoded(NamedTuple):
    body: bytes | str
    headers: dict[str, str]


def decode(body: Body, header_length: str | None, manifest: Manifest) -> Inference:
    """Raises `BadRequest` or `InvalidTensor`."""
    document, binary = _split(body, header_length)
    parameters = _parameters(document)
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise BadRequest("id must be text.")
    reader = None if binary is None else _BinaryReader(binary)
    inputs = _inputs(document.get("inputs"), manifest, reader)
    if reader is not None:
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
_encode_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


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

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._offset = 0

    def take(self, size: Any, where: str) -> memoryview:
        if type(size) is not int or size < 0:
            raise BadRequest(f"{where} must be a whole number of bytes, 0 or more.")
        left = len(self._data) - self._offset
        if size > left:
            raise BadRequest(f"{where} is {size}, but the body has {left} bytes left.")
        start, self._offset = self._offset, self._offset + size
        return self._data[start : self._offset]

    def finish(self) -> None:
        if self._offset != len(self._data):
            raise BadRequest(
                f"The body has {len(self._data) - self._offset} bytes after the last tensor; "
                f"check inputs[].parameters.binary_data_size and {HEADER_NAME}."
            )


# --- inputs ------------------------------------------------------------------------------------


def _inputs(entries: Any, manifest: Manifest, reader: _BinaryReader | None) -> Tensors:
    if not isinstance(entries, list) or not entries:
        raise BadRequest("inputs must be a list with one entry for each input of the model.")
    found: Tensors = {}
    batch: tuple[str, int] | None = None
    for index, entry in enumerate(cast(list[Any], entries)):
        where = f"inputs[{index}]"
        spec = _spec(entry, where, manifest.inputs, found, "input")
        shape = _shape(entry.get("shape"), spec, manifest.max_batch_size, where)
        if manifest.max_batch_size and spec.shape and spec.shape[0] == -1:
            batch = batch or (where, shape[0])
            if shape[0] != batch[1]:
                raise InvalidTensor(
                    f"{where}.shape[0] is {shape[0]}, but {batch[0]}.shape[0] is {batch[1]}; "
                    "all inputs share one batch size."
                )
        found[spec.name] = _tensor(entry, spec, shape, where, reader)
        if spec.datatype == "BYTES" and manifest.target == "onnx":
            tensors.require_text(found[spec.name], where)
    if len(found) < len(manifest.inputs):
        missing = [spec.name for spec in manifest.inputs if spec.name not in found]
        raise InvalidTensor(f"inputs lacks {', '.join(map(repr, missing))}.")
    return found


def _spec(
    entry: Any, where: str, specs: Sequence[TensorSpec], seen: Container[str], kind: str
) -> TensorSpec:
    if not isinstance(entry, dict):
        raise BadRequest(f"{where} must be an object.")
    name = cast(Json, entry).get("name")
    for spec in specs:
        if spec.name == name:
            if spec.name in seen:
                raise InvalidTensor(f"{where}.name repeats the {kind} {spec.name!r}.")
            return spec
    names = ", ".join(repr(spec.name) for spec in specs)
    raise InvalidTensor(f"{where}.name is no {kind} of the model; it has {names}.")


def _parameters(entry: Json, where: str = "") -> Json:
    """The member `parameters` of an entry; `where` is the entry's path with a dot."""
    parameters = entry.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise BadRequest(f"{where}parameters must be an object.")
    parameters = cast(Json, parameters)
    for name in parameters:
        if name.startswith("shared_memory") or name in ("sequence_id", "classification"):
            raise BadRequest(f"{where}parameters.{name} is not supported.")
    return parameters


def _shape(shape: Any, spec: TensorSpec, max_batch_size: int, where: str) -> tuple[int, ...]:
    if not isinstance(shape, list) or not {*map(type, cast(list[Any], shape))} <= _WHOLE:
        raise BadRequest(f"{where}.shape must be a list of whole numbers.")
    sizes = tuple(cast(list[int], shape))
    if len(sizes) != len(spec.shape):
        raise InvalidTensor(
            f"{where}.shape has {len(sizes)} dimensions; {spec.name!r} takes {list(spec.shape)}."
        )
    for axis, wanted in enumerate(spec.shape):
        size = sizes[axis]
        if size < 1:
            raise InvalidTensor(f"{where}.shape[{axis}] is below 1; a tensor needs elements.")
        if wanted not in (-1, size):
            raise InvalidTensor(f"{where}.shape[{axis}] is {_plain(size)}; it must be {wanted}.")
    if spec.shape and spec.shape[0] == -1 and 0 < max_batch_size < sizes[0]:
        raise InvalidTensor(
            f"{where}.shape[0] is {_plain(sizes[0])}; the model's largest batch is "
            f"{max_batch_size}."
        )
    # Each element takes a byte or more. Beyond that, counts are numbers that nothing here can hold.
    if math.prod(sizes) > MAX_BODY_BYTES:
        raise InvalidTensor(f"{where}.shape asks for more elements than a body can hold.")
    return sizes


def _plain(size: int) -> str:
    return str(size) if size < 1 << 63 else "above 2**63"


def _tensor(
    entry: Json, spec: TensorSpec, shape: tuple[int, ...], where: str, reader: _BinaryReader | None
) -> np.ndarray:
    datatype = entry.get("datatype")
    if datatype != spec.datatype:
        said = repr(datatype) if isinstance(datatype, str) and datatype in DATATYPES else "unknown"
        raise InvalidTensor(f"{where}.datatype is {said}; {spec.name!r} takes {spec.datatype!r}.")
    parameters = _parameters(entry, f"{where}.")
    count = math.prod(shape)
    if "binary_data_size" in parameters:
        if "data" in entry:
            raise BadRequest(f"{where} has both data and parameters.binary_data_size.")
        where = f"{where}.parameters.binary_data_size"
        if reader is None:
            raise BadRequest(f"{where} is given, but the header {HEADER_NAME} is missing.")
        view = reader.take(parameters["binary_data_size"], where)
        if spec.datatype == "BYTES":
            return tensors.bytes_from_binary(view, shape, count, where)
        return tensors.from_binary(view, spec, shape, count, where)
    if "data" not in entry:
        raise BadRequest(f"{where}.data is missing, and so is parameters.binary_data_size.")
    return tensors.from_json(entry["data"], spec, shape, count, f"{where}.data")


# --- outputs -----------------------------------------------------------------------------------


def _outputs(entries: Any, parameters: Json, manifest: Manifest) -> list[OutputChoice]:
    by_default = _flag(parameters, "binary_data_output", False, "parameters")
    if entries is None or entries == []:
        return [_choice(spec, by_default) for spec in manifest.outputs]
    if not isinstance(entries, list):
        raise BadRequest("outputs must be a list.")
    chosen: dict[str, OutputChoice] = {}
    for index, entry in enumerate(cast(list[Any], entries)):
        where = f"outputs[{index}]"
        spec = _spec(entry, where, manifest.outputs, chosen, "output")
        own = _parameters(entry, f"{where}.")
        binary = _flag(own, "binary_data", by_default, f"{where}.parameters")
        chosen[spec.name] = _choice(spec, binary)
    return list(chosen.values())


def _choice(spec: TensorSpec, binary: bool) -> OutputChoice:
    if spec.datatype == "FP16" and not binary:
        raise AnswerNotJson(f"Output {spec.name!r} is FP16, which has no JSON form.")
    return OutputChoice(spec.name, binary)


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
    least = 0
    for name, binary in inference.outputs:
        spec = specs[name]
        tensor = _checked(results.get(name), spec)
        # Written out, an answer takes many times the memory of its tensors.
        least += _least(tensor, binary)
        _check_size(least, "at least ")
        entry: Json = {"name": name, "datatype": spec.datatype, "shape": list(tensor.shape)}
        if binary:
            raw = tensors.to_bytes(tensor)
            parts.append(raw)
            entry["parameters"] = {"binary_data_size": len(raw)}
        else:
            entry["data"] = tensors.to_json(tensor, name)
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
    text = _encode_json(document)
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


def _least(tensor: np.ndarray, binary: bool) -> int:
    """Bytes that a tensor takes in Lambda's answer at least, told without writing it out."""
    each = _SHORTEST_JSON.get(tensor.dtype.kind, _SHORTEST_TEXT[binary])
    if binary and tensor.dtype.kind in _SHORTEST_JSON:
        each = tensor.itemsize
    return tensor.size * each * 4 // 3 if binary else tensor.size * each


def _check_size(event_bytes: int, about: str = "") -> None:
    limit = LAMBDA_PAYLOAD_BYTES - ANSWER_ROOM_BYTES
    if event_bytes > limit:
        raise AnswerTooLarge(
            f"The answer takes {about}{event_bytes} bytes on its way; {limit} is the most."
        )


def _checked(tensor: np.ndarray | None, spec: TensorSpec) -> np.ndarray:
    if tensor is None:
        raise InferenceFailed(f"The model gave no output {spec.name!r}.")
    wanted = tensors.DTYPES[spec.datatype]
    right = tensor.dtype.kind in "OSU" if wanted.hasobject else tensor.dtype == wanted
    if not right or len(tensor.shape) != len(spec.shape):
        raise InferenceFailed(f"Output {spec.name!r} is not what the model's signature says.")
    return tensor


assert HEADER_NAME.lower() == BINARY_HEADER  # noqa: S101 - two spellings of one name
