"""The manifest of a model version: what its files are, and what it takes and gives.

The signature covers the SHA-256 of `Manifest.canonical()`, the JSON text with sorted keys and no
spaces. Readers verify the very bytes that were stored and refuse any other spelling, so two texts
can never mean one manifest. The list of files follows the `resources` of an OpenSSF Model Signing
statement: name, algorithm, digest.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from contracts.protocol import DATATYPES, TensorSpec

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""1 to 63 characters: lower-case letters, digits, hyphen, underscore; first a letter or digit."""
MAX_VERSION = 2_147_483_647
MAX_MANIFEST_BYTES = 300_000
"""Leaves room for the other attributes in a DynamoDB item of 400 KB."""
MAX_FILE_NAME = 200
MODEL_PREFIX = "models/"
"""Of the keys of all model files."""
SIGNATURE_ALGORITHM = "ECDSA_SHA_256"
"""KMS name of ECDSA on P-256 over a SHA-256 digest; signatures are DER."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Target = Literal["onnx", "triton"]


class ManifestError(ValueError):
    """A manifest that says something it may not; the text names the field and the reason."""


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One file of a model version. `name` is its path below the version's prefix."""

    name: str
    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        if not _FILE_NAME.fullmatch(self.name) or len(self.name) > MAX_FILE_NAME:
            raise ManifestError(
                f"resources.name is {self.name!r}; it must be a relative path of letters, digits, "
                "'.', '_' and '-', no part starting with '.', "
                f"at most {MAX_FILE_NAME} characters"
            )
        if not _SHA256.fullmatch(self.sha256):
            raise ManifestError(f"resources.digest of {self.name} must be 64 hex digits")
        if self.size_bytes < 1:
            raise ManifestError(f"resources.size_bytes of {self.name} must be 1 or more")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who vouches for a manifest: the key's name in the keyring and the DER signature, base64."""

    key: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """An immutable description of one model version."""

    model: str
    version: int
    serving_group: str
    target: Target
    entrypoint: str
    """Name of the file that the runtime opens; one of `files`."""
    files: tuple[ModelFile, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch_size: int
    """Largest size of the first axis where the signature leaves it open (-1); 0 = no batching."""
    memory_mb: int
    """Memory that the loaded model is planned with, MiB."""

    def __post_init__(self) -> None:
        check_model_name(self.model)
        check_model_name(self.serving_group, field="serving_group")
        check_version(self.version)
        names = [file.name for file in self.files]
        if len(set(names)) != len(names):
            raise ManifestError("resources lists a name twice")
        if self.entrypoint not in names:
            raise ManifestError(f"entrypoint is {self.entrypoint!r}; it must be one of the files")
        if self.target not in ("onnx", "triton"):
            raise ManifestError(f"target is {self.target!r}; it must be 'onnx' or 'triton'")
        if self.max_batch_size < 0 or self.memory_mb < 1:
            raise ManifestError("max_batch_size must be 0 or more and memory_mb 1 or more")
        for kind, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            if not tensors or len({t.name for t in tensors}) != len(tensors):
                raise ManifestError(f"{kind} must name at least one tensor, each once")
            for tensor in tensors:
                if tensor.datatype not in DATATYPES:
                    raise ManifestError(f"{kind}.{tensor.name} has datatype {tensor.datatype!r}")
                if any(size == 0 or size < -1 for size in tensor.shape):
                    raise ManifestError(f"{kind}.{tensor.name} has shape {list(tensor.shape)}")

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    def file(self, name: str) -> ModelFile:
        return next(file for file in self.files if file.name == name)

    def canonical(self) -> bytes:
        """The bytes that are stored and signed."""
        document = {
            "entrypoint": self.entrypoint,
            "inputs": [tensor.to_json() for tensor in self.inputs],
            "max_batch_size": self.max_batch_size,
            "memory_mb": self.memory_mb,
            "model": self.model,
            "outputs": [tensor.to_json() for tensor in self.outputs],
            "resources": [
                {
                    "algorithm": "sha256",
                    "digest": file.sha256,
                    "name": file.name,
                    "size_bytes": file.size_bytes,
                }
                for file in self.files
            ],
            "serving_group": self.serving_group,
            "target": self.target,
            "version": self.version,
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes: what KMS signs (`MessageType=DIGEST`)."""
        return hashlib.sha256(self.canonical()).digest()

    @classmethod
    def parse(cls, raw: bytes) -> "Manifest":
        """Read canonical bytes; raises `ManifestError` for anything else."""
        if len(raw) > MAX_MANIFEST_BYTES:
            raise ManifestError(f"manifest has {len(raw)} bytes; at most {MAX_MANIFEST_BYTES}")
        try:
            fields = cast(dict[str, Any], json.loads(raw))
            manifest = cls(
                model=_text(fields, "model"),
                version=_whole(fields, "version"),
                serving_group=_text(fields, "serving_group"),
                target=cast(Target, _text(fields, "target")),
                entrypoint=_text(fields, "entrypoint"),
                files=tuple(
                    ModelFile(
                        name=_text(entry, "name"),
                        sha256=_text(entry, "digest"),
                        size_bytes=_whole(entry, "size_bytes"),
                    )
                    for entry in _entries(fields, "resources")
                ),
                inputs=_tensors(fields, "inputs"),
                outputs=_tensors(fields, "outputs"),
                max_batch_size=_whole(fields, "max_batch_size"),
                memory_mb=_whole(fields, "memory_mb"),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, ManifestError):
                raise
            raise ManifestError(f"manifest cannot be read: {error}") from error
        if manifest.canonical() != raw:
            raise ManifestError("manifest is not in canonical form")
        return manifest


def check_model_name(name: str, *, field: str = "model") -> None:
    if not MODEL_NAME.fullmatch(name):
        raise ManifestError(
            f"{field} is {name!r}; it must match {MODEL_NAME.pattern}, because it becomes part of "
            "object keys, metric dimensions and URLs"
        )


def check_version(version: int) -> None:
    if not 1 <= version <= MAX_VERSION:
        raise ManifestError(f"version is {version}; it must be from 1 to {MAX_VERSION}")


def object_key(model: str, version: int, name: str) -> str:
    """S3 key of a file of a version. A version's prefix is written once and never changed."""
    return f"{MODEL_PREFIX}{model}/{version}/{name}"


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise ManifestError(f"{key} must be text")
    return value


def _whole(fields: Mapping[str, Any], key: str) -> int:
    value = fields[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ManifestError(f"{key} must be a whole number")
    return value


def _entries(fields: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    value = fields[key]
    if not isinstance(value, list):
        raise ManifestError(f"{key} must be a list")
    return cast(Sequence[Mapping[str, Any]], value)


def _tensors(fields: Mapping[str, Any], key: str) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            name=_text(entry, "name"),
            datatype=_text(entry, "datatype"),
            shape=tuple(int(size) for size in entry["shape"]),
        )
        for entry in _entries(fields, key)
    )
