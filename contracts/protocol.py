"""The Open Inference Protocol v2, as far as rooms must agree on it.

Source: the published REST description of the protocol (kserve/open-inference-protocol) and its
binary tensor extension. Turning bytes into arrays needs numpy and lives in `functions.predict`.
"""

from dataclasses import dataclass

BINARY_HEADER = "inference-header-content-length"
"""HTTP header with the length in bytes of the JSON part of a binary body; lower case."""

LAMBDA_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Largest synchronous Lambda event or answer, as JSON (service quota, checked 2026-11)."""

MAX_BODY_BYTES = 4_400_000
"""Largest request body that is promised to work: base64 makes it 5,866,668 bytes of event JSON,
which leaves 415 KiB for headers and claims. Above Lambda's own limit the gateway answers and the
function never runs, so clients check this number before they send."""

DATATYPES = {
    "BOOL": ("bool", 1),
    "UINT8": ("uint8", 1),
    "UINT16": ("uint16", 2),
    "UINT32": ("uint32", 4),
    "UINT64": ("uint64", 8),
    "INT8": ("int8", 1),
    "INT16": ("int16", 2),
    "INT32": ("int32", 4),
    "INT64": ("int64", 8),
    "FP16": ("float16", 2),
    "FP32": ("float32", 4),
    "FP64": ("float64", 8),
    "BYTES": ("object", 0),
}
"""Datatype -> (numpy dtype name, bytes per element; 0 = variable)."""

SCOPE_INFER = "models/infer"
SCOPE_READ = "models/read"
SCOPE_WRITE = "models/write"


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """A named tensor of a model's signature. A dimension of -1 takes any size of 1 or more."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}
