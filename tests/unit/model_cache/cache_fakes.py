"""Fakes that can fail, and makers of signed model versions, for the tests and benchmarks."""

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.manifest import Manifest, ModelFile, Signature
from contracts.metrics import Metric
from contracts.protocol import TensorSpec
from contracts.registry import VersionRecord, VersionState
from functions.predict.disk import Files
from functions.predict.tiers import Fetched
from functions.shared.deadline import Deadline
from functions.shared.errors import ModelUnavailable


def soon() -> Deadline:
    """Time enough for anything that a test does."""
    return Deadline.after(10)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read(files: Files, name: str = "model.onnx") -> bytes:
    if files.contents:
        return files.contents[name]
    assert files.folder is not None
    return (files.folder / name).read_bytes()


class Clock:
    """A monotonic clock that moves when it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


class RecordingObserver:
    def __init__(self) -> None:
        self.counts: Counter[Metric] = Counter()
        self.times: dict[Metric, float] = {}

    def count(self, metric: Metric, value: float = 1) -> None:
        self.counts[metric] += int(value)

    def milliseconds(self, metric: Metric, value: float) -> None:
        self.times[metric] = self.times.get(metric, 0.0) + value


class SigningKey:
    """A P-256 key that signs as KMS does: DER, over the SHA-256 digest."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def sign(self, manifest: Manifest) -> Signature:
        algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
        value = self._key.sign(manifest.digest(), algorithm)
        return Signature(key=self.name, value=base64.b64encode(value).decode())


def keyring_text(*keys: SigningKey) -> str:
    return json.dumps({key.name: key.public for key in keys})


def make_manifest(
    files: Mapping[str, bytes],
    *,
    model: str = "demo",
    version: int = 1,
    memory_mb: int = 1,
    inputs: Iterable[TensorSpec] = (TensorSpec(name="x", datatype="FP32", shape=(-1, 2)),),
    outputs: Iterable[TensorSpec] = (TensorSpec(name="y", datatype="FP32", shape=(-1, 2)),),
) -> Manifest:
    return Manifest(
        model=model,
        version=version,
        serving_group="group",
        target="onnx",
        entrypoint=next(iter(files)),
        files=tuple(
            ModelFile(
                name=name, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
            )
            for name, content in files.items()
        ),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        max_batch_size=0,
        memory_mb=memory_mb,
    )


def make_record(manifest: Manifest, key: SigningKey | None) -> VersionRecord:
    return VersionRecord(
        model=manifest.model,
        version=manifest.version,
        state=VersionState.READY,
        manifest=manifest.canonical().decode(),
        signature=key.sign(manifest) if key else None,
        created_at="2026-01-01T00:00:00Z",
    )


@dataclass
class FaultySource:
    """A model store in memory. Each fetch takes the next fault from `then`, if there is one.

    A fault is an exception to raise, or a function from the true bytes to the bytes that arrive.
    """

    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    then: list[BaseException | Callable[[bytes], bytes]] = field(default_factory=list[Any])
    seconds: float = 0.0
    """Latency of each fetch."""
    bytes_per_second: float = 0.0
    """0 = as fast as it goes."""
    chunk: int = 64 * 1024
    fetches: list[str] = field(default_factory=list[str])

    def add(self, files: Mapping[str, bytes]) -> None:
        for content in files.values():
            self.objects[hashlib.sha256(content).hexdigest()] = content

    def fetch(
        self,
        manifest: Manifest,
        file: ModelFile,
        write: Callable[[bytes], None],
        deadline: Deadline,
    ) -> Fetched:
        self.fetches.append(file.name)
        fault = self.then.pop(0) if self.then else None
        if self.seconds:
            time.sleep(self.seconds)
        if isinstance(fault, BaseException):
            raise fault
        content = self.objects.get(file.sha256)
        if content is None:
            raise ModelUnavailable(f"{file.name} is not in the model store")
        if fault is not None:
            content = fault(content)
        view = memoryview(content)
        for start in range(0, len(view), self.chunk):
            piece = view[start : start + self.chunk]
            if self.bytes_per_second:
                time.sleep(len(piece) / self.bytes_per_second)
            write(bytes(piece))
        return Fetched()


def stocked(*contents: bytes) -> FaultySource:
    source = FaultySource()
    source.add({str(number): content for number, content in enumerate(contents)})
    return source


def flipped(position: int = 0) -> Callable[[bytes], bytes]:
    """One bit of one byte of the artefact is wrong."""

    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[position] ^= 1
        return bytes(changed)

    return flip


def cut(count: int = 1) -> Callable[[bytes], bytes]:
    return lambda content: content[:-count]


def lengthened(by: bytes = b"more") -> Callable[[bytes], bytes]:
    return lambda content: content + by


@dataclass
class FakeModel:
    manifest: Manifest
    content: bytes

    def run(self, inputs: Any, outputs: Any, deadline: Deadline, trace: Any) -> dict[str, Any]:
        return {name: inputs["x"].copy() for name in outputs}


class FakeRuntime:
    """Opens every file, as a runtime does, and counts what it opened."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.opened: list[tuple[str, int]] = []
        self.seconds = seconds
        self.fault: BaseException | None = None
        self._lock = threading.Lock()

    def __call__(self, manifest: Manifest, files: Files, deadline: Deadline) -> FakeModel:
        with self._lock:
            self.opened.append((manifest.model, manifest.version))
        if self.seconds:
            time.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        content = b"".join(read(files, file.name) for file in manifest.files)
        return FakeModel(manifest, content)
