"""A model cache with all its surroundings at hand, and signed versions to load with it."""

import functools
import os
from pathlib import Path

from contracts.manifest import Manifest
from contracts.registry import VersionRecord
from functions.predict.disk import Disk
from functions.predict.efs import SharedFolder
from functions.predict.keyring import Keyring
from functions.predict.models import MIB, ModelCache
from functions.shared.deadline import Deadline
from tests.unit.model_cache.cache_fakes import (
    Clock,
    FakeModel,
    FakeRuntime,
    FaultySource,
    RecordingObserver,
    SigningKey,
    keyring_text,
    make_manifest,
    make_record,
    soon,
)

KEY = SigningKey("key")
CONTENT = os.urandom(100_000)


def version(number: int, *, memory_mb: int = 1, model: str = "demo") -> Manifest:
    content = f"{model} {number}".encode() + CONTENT
    return make_manifest({"model.onnx": content}, version=number, memory_mb=memory_mb, model=model)


@functools.cache
def signed(manifest: Manifest) -> VersionRecord:
    """One record for one manifest: each signature is another, also of one key."""
    return make_record(manifest, KEY)


class Cache:
    def __init__(self, folder: Path, *, memory_mb: int = 4, mounted: Path | None = None) -> None:
        self.source = FaultySource()
        self.runtime = FakeRuntime()
        self.clock = Clock()
        self.seen = RecordingObserver()
        self.folder = folder
        self.models = ModelCache(
            keyring=Keyring.parse(keyring_text(KEY)),
            disk=Disk(folder, limit_bytes=100 * MIB),
            source=self.source
            if mounted is None
            else SharedFolder.below(str(mounted), limit_bytes=100 * MIB, behind=self.source),
            runtime=self.runtime,
            memory_limit_bytes=memory_mb * MIB,
            clock=self.clock,
        )

    def put(self, manifest: Manifest) -> None:
        name = manifest.entrypoint
        content = f"{manifest.model} {manifest.version}".encode() + CONTENT
        self.source.add({name: content})

    def load(self, manifest: Manifest, deadline: Deadline | None = None) -> FakeModel:
        self.put(manifest)
        loaded = self.models.load(signed(manifest), deadline or soon(), self.seen)
        assert isinstance(loaded, FakeModel)
        return loaded
