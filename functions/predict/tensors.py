"""Values of one tensor: from JSON and from bytes to numpy, and back.

Nothing here repeats a value in an error; `where` names the field.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from typing import Any, cast

import numpy as np

from contracts.protocol import DATATYPES, TensorSpec
from functions.shared.errors import AnswerNotJson, InvalidTensor

Tensors = dict[str, np.ndarray]

DTYPES = {name: np.dtype(dtype).newbyteorder("<") for name, (dtype, _) in DATATYPES.items()}
"""Datatype of the protocol -> numpy's, little-endian as on the wire."""


def _range_of(dtype: np.dtype) -> tuple[float, float]:
    if dtype.kind == "b":
        return False, True
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


_NUMBERS = frozenset({int, float})
_WHOLE = frozenset({int})
_TEXT = frozenset({str})
_JSON_TYPES = {"b": frozenset({bool}), "i": _WHOLE, "u": _WHOLE}
_RANGES = {name: _range_of(dtype) for name, dtype in DTYPES.items() if not dtype.hasobject}


def from_binary(
    view: memoryview, spec: TensorSpec, shape: tuple[int, ...], count: int, where: str
) -> np.ndarray:
    dtype = DTYPES[spec.datatype]
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


def require_text(tensor: np.ndarray, where: str) -> None:
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


def from_json(
    data: Any, spec: TensorSpec, shape: tuple[int, ...], count: int, where: str
) -> np.ndarray:
    if spec.datatype == "FP16":
        raise InvalidTensor(f"{where}: FP16 has no JSON form; send it as binary.")
    values = _flat(data, shape, count, where)
    kinds = frozenset(map(type, values))
    if spec.datatype == "BYTES":
        if kinds != _TEXT:
            raise InvalidTensor(f"{where} must hold text only; send other bytes as binary.")
        try:
            return _bytes_array((value.encode() for value in values), count, shape)
        except UnicodeEncodeError:
            raise InvalidTensor(f"{where} holds text that has no UTF-8 form.") from None
    dtype = DTYPES[spec.datatype]
    if not kinds <= _JSON_TYPES.get(dtype.kind, _NUMBERS):
        raise InvalidTensor(f"{where} must hold {_WANTED[dtype.kind]} only, for {spec.datatype}.")
    lowest, highest = _RANGES[spec.datatype]
    if min(values) < lowest or max(values) > highest:
        raise InvalidTensor(f"{where} holds a number outside the range of {spec.datatype}.")
    return np.array(values, dtype).reshape(shape)


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


def bytes_from_binary(
    view: memoryview, shape: tuple[int, ...], count: int, where: str
) -> np.ndarray:
    return _bytes_array(_split_bytes(view, count, where), count, shape)


def to_bytes(tensor: np.ndarray) -> bytes:
    """A tensor in the protocol's binary form."""
    if tensor.dtype.kind not in "OSU":
        return tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()
    pieces: list[bytes] = []
    for element in tensor.ravel().tolist():
        raw = element.encode() if isinstance(element, str) else bytes(element)
        pieces += (len(raw).to_bytes(4, "little"), raw)
    return b"".join(pieces)


def to_json(tensor: np.ndarray, name: str) -> list[Any]:
    if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
        raise AnswerNotJson(f"Output {name!r} holds NaN or an infinity, which JSON does not have.")
    values = tensor.ravel().tolist()
    if tensor.dtype.kind not in "OS":
        return values
    try:
        return [value if isinstance(value, str) else str(value, "utf-8") for value in values]
    except UnicodeDecodeError:
        raise AnswerNotJson(f"Output {name!r} holds bytes that are no text.") from None


def wipe(tensors: Mapping[str, np.ndarray]) -> None:
    """Overwrite what can be: `bytes` and `str` elements can only be let go of."""
    for tensor in tensors.values():
        if tensor.flags.writeable:
            tensor.fill(b"" if tensor.dtype == object else 0)
