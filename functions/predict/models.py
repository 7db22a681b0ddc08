"""The model cache: verified versions in memory, then the disk, then a shared file
system where there is one, then the model store.

One load per version at a time; room is made before a session is built, and never for bytes that
failed verification. A version that failed is remembered for a while, so that requests for it cost
no download each; a changed registry record is a new start.
"""

import copy
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.manifest import Manifest
from contracts.metrics import Metric, Tier
from contracts.registry import VersionRecord
from functions.predict.disk import Disk, Files
from functions.predict.flight import SingleFlight
from functions.predict.keyring import Keyring
from functions.predict.ports import LoadedModel, Observer
from functions.predict.tiers import Source
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    DeadlineExceeded,
    ModelIntegrity,
    ModelUnavailable,
    ServingError,
)

MIB = 1024 * 1024
INTEGRITY_QUARANTINE_SECONDS = 30.0
FAILURE_QUARANTINE_SECONDS = 2.0
MAX_QUARANTINED = 256
MAX_KEPT_MODELS = 4_096

_COUNTED = {
    Tier.DISK: (Metric.CACHE_HIT_DISK, Metric.LOAD_DISK),
    Tier.EFS: (Metric.CACHE_HIT_EFS, Metric.LOAD_EFS),
    Tier.STORE: (Metric.CACHE_MISS, Metric.LOAD_S3),
}
"""Where the files came from -> how a load is counted and timed."""

Key = tuple[str, int]


class Runtime(Protocol):
    """Turns verified files into a model. Raises `ModelUnavailable` or `DeadlineExceeded`."""

    def __call__(self, manifest: Manifest, files: Files, deadline: Deadline) -> LoadedModel: ...


@dataclass
class _Loaded:
    record: VersionRecord
    model: LoadedModel
    size_bytes: int
    files: Files
    used: int


@dataclass(frozen=True)
class _Failed:
    record: VersionRecord
    error: ServingError
    until: float


class ModelCache:
    """Implements `functions.predict.ports.Models`."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        disk: Disk,
        source: Source,
        runtime: Runtime,
        memory_limit_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keyring = keyring
        self._disk = disk
        self._source = source
        self._runtime = runtime
        self._limit = memory_limit_bytes
        self._clock = clock
        self._loaded: dict[Key, _Loaded] = {}
        self._reserved = 0
        """Bytes of the models that are being built."""
        self._failed: dict[Key, _Failed] = {}
        self._kept: dict[str, Sequence[int]] = {}
        self._uses = itertools.count()
        self._lock = threading.Lock()
        self._flights: SingleFlight[LoadedModel] = SingleFlight()

    def manifest(self, record: VersionRecord, observer: Observer) -> Manifest:
        try:
            return self._keyring.verify(record)
        except ModelIntegrity:
            observer.count(Metric.INTEGRITY_FAILURES)
            raise

    def load(self, record: VersionRecord, deadline: Deadline, observer: Observer) -> LoadedModel:
        loaded = self._loaded.get((record.model, record.version))
        if loaded is not None and loaded.record is record:
            loaded.used = next(self._uses)
            observer.count(Metric.CACHE_HIT_MEMORY)
            return loaded.model
        try:
            if loaded is not None and loaded.record.manifest == record.manifest:
                self._keyring.verify(record)  # read anew, or signed anew with another key
                loaded.record, loaded.used = record, next(self._uses)
                observer.count(Metric.CACHE_HIT_MEMORY)
                return loaded.model
            self._refuse_failed(record)
            model, led = self._flights.run(
                (record.model, record.version, record.manifest, record.signature),
                lambda: self._load(record, deadline, observer),
                deadline.remaining,
            )
        except ModelIntegrity:
            observer.count(Metric.INTEGRITY_FAILURES)
            raise
        if not led:
            observer.count(Metric.CACHE_HIT_MEMORY)
        return model

    def loaded(self, model: str, version: int) -> bool:
        return (model, version) in self._loaded

    def keep(self, model: str, versions: Sequence[int]) -> None:
        if self._kept.get(model) == versions:
            return
        with self._lock:
            self._kept[model] = versions
            if len(self._kept) > MAX_KEPT_MODELS:
                del self._kept[next(iter(self._kept))]

    def _load(self, record: VersionRecord, deadline: Deadline, observer: Observer) -> LoadedModel:
        try:
            return self._load_verified(record, deadline, observer)
        except DeadlineExceeded:
            raise
        except ServingError as error:
            self._remember(record, error)
            raise

    def _load_verified(
        self, record: VersionRecord, deadline: Deadline, observer: Observer
    ) -> LoadedModel:
        manifest = self._keyring.verify(record)
        size = max(manifest.memory_mb * MIB, manifest.size_bytes)
        if size > self._limit:
            raise ModelUnavailable(
                f"{record.model} version {record.version} needs {size} bytes of memory; the models "
                f"of this function may use {self._limit}"
            )
        if deadline.passed:
            raise DeadlineExceeded("no time was left to load the model")
        started = time.perf_counter()
        files = self._disk.open(manifest, self._source, deadline)
        try:
            model = self._build(record, manifest, files, size, deadline, observer)
        except BaseException:
            files.close()
            raise
        if len(manifest.files) == 1:
            files.close()  # read whole; files beside the entrypoint stay mapped into memory
        elapsed = (time.perf_counter() - started) * 1000
        counted, timed = _COUNTED[files.tier]
        observer.count(counted)
        observer.milliseconds(timed, elapsed)
        return model

    def _build(
        self,
        record: VersionRecord,
        manifest: Manifest,
        files: Files,
        size: int,
        deadline: Deadline,
        observer: Observer,
    ) -> LoadedModel:
        """The model in memory, in the room that was made for it."""
        if files.refused:
            observer.count(Metric.CACHE_DISK_REFUSED)
        if files.efs_refused:
            observer.count(Metric.CACHE_EFS_REFUSED)
        if files.corrupt:
            observer.count(Metric.CACHE_CORRUPT, files.corrupt)
        evicted = files.evicted + self._make_room(record, size)
        try:
            if evicted:
                observer.count(Metric.CACHE_EVICTIONS, evicted)
            model = self._runtime(manifest, files, deadline)
            loaded = _Loaded(record, model, size, files, next(self._uses))
            with self._lock:
                self._drop((record.model, record.version))
                self._loaded[record.model, record.version] = loaded
        finally:
            with self._lock:
                self._reserved -= size
        return model

    def _make_room(self, record: VersionRecord, size: int) -> int:
        """Reserve `size` bytes; how many models were evicted for them.

        Versions that no route mentions go first, then those used longest ago.
        """
        with self._lock:
            own = (record.model, record.version)
            lacking = self._reserved + size - self._limit
            lacking += sum(m.size_bytes for key, m in self._loaded.items() if key != own)
            victims = sorted(
                (key for key in self._loaded if key != own),
                key=lambda key: (self._is_kept(key), self._loaded[key].used),
            )
            evicted = 0
            for key in victims:
                if lacking <= 0:
                    break
                lacking -= self._loaded[key].size_bytes
                self._drop(key)
                evicted += 1
            if lacking > 0:
                raise ModelUnavailable(
                    "models that are being loaded take the memory now", retry_after_seconds=1
                )
            self._reserved += size
            return evicted

    def _is_kept(self, key: Key) -> bool:
        return key[1] in self._kept.get(key[0], ())

    def _drop(self, key: Key) -> None:
        loaded = self._loaded.pop(key, None)
        if loaded is not None:
            loaded.files.close()

    def _refuse_failed(self, record: VersionRecord) -> None:
        failed = self._failed.get((record.model, record.version))
        if failed and self._clock() < failed.until and _same(failed.record, record):
            raise copy.copy(failed.error)

    def _remember(self, record: VersionRecord, error: ServingError) -> None:
        integrity = isinstance(error, ModelIntegrity)
        seconds = INTEGRITY_QUARANTINE_SECONDS if integrity else FAILURE_QUARANTINE_SECONDS
        with self._lock:
            key = (record.model, record.version)
            self._failed.pop(key, None)
            self._failed[key] = _Failed(record, copy.copy(error), self._clock() + seconds)
            if len(self._failed) > MAX_QUARANTINED:
                del self._failed[next(iter(self._failed))]


def _same(one: VersionRecord, other: VersionRecord) -> bool:
    return one.manifest == other.manifest and one.signature == other.signature
