"""The model cache (P13): what each tier costs, and what is checked on the way.

Sessions are opened as the function opens them. The store is a fake with a given latency and
bandwidth, so that the figures say what the cache adds and not what a network did.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from contracts.manifest import Manifest, ModelFile
from contracts.metrics import Metric
from functions.predict.disk import Disk, Files
from functions.predict.download import Download
from functions.predict.keyring import Keyring
from functions.predict.models import MIB, ModelCache, Runtime
from functions.predict.onnx_model import open_onnx
from functions.predict.tiers import Fetched
from functions.shared.deadline import Deadline
from tests.bench.report import Figure, interleaved, p50
from tests.unit.model_cache.cache_fakes import (
    FakeRuntime,
    FaultySource,
    RecordingObserver,
    SigningKey,
    keyring_text,
    make_manifest,
    make_record,
)
from tests.unit.model_cache.onnx_examples import layers

GOAL = "P13"
S3_MB_PER_SECOND = 90
"""What one connection of a function gets from S3 at best."""
EFS_MB_PER_SECOND = 300
KEY = SigningKey("bench")


class NoMetrics:
    def count(self, metric: Metric, value: float = 1) -> None:
        pass

    def milliseconds(self, metric: Metric, value: float) -> None:
        pass


class PacedSource(FaultySource):
    """A store that delivers at its own pace, also while the receiver is busy."""

    def __init__(self, *, mb_per_second: float, latency_seconds: float = 0.0) -> None:
        super().__init__(chunk=MIB)
        self._mb_per_second = mb_per_second
        self._latency = latency_seconds

    def fetch(
        self,
        manifest: Manifest,
        file: ModelFile,
        write: Callable[[bytes], None],
        deadline: Deadline,
    ) -> Fetched:
        content = memoryview(self.objects[file.sha256])
        begun = time.perf_counter() + self._latency
        for start in range(0, len(content), self.chunk):
            due = begun + start / MIB / self._mb_per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            write(bytes(content[start : start + self.chunk]))
        return Fetched()


def soon() -> Deadline:
    return Deadline.after(120)


def cache_over(disk: Disk, source: FaultySource, runtime: Runtime = open_onnx) -> ModelCache:
    return ModelCache(
        keyring=Keyring.parse(keyring_text(KEY)),
        disk=disk,
        source=source,
        runtime=runtime,
        memory_limit_bytes=4096 * MIB,
    )


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return [
            *memory_hits(root / "memory"),
            *disk_hits(root / "disk"),
            *concurrent_misses(root / "misses"),
            *hash_while_streaming(root / "hash"),
            *eviction(root / "eviction"),
            *tiers(root / "tiers"),
        ]


def memory_hits(folder: Path) -> list[Figure]:
    manifest = make_manifest({"model.onnx": b"bytes"})
    source = FaultySource()
    source.add({"model.onnx": b"bytes"})
    models = cache_over(Disk(folder, limit_bytes=MIB), source, FakeRuntime())
    record, deadline, observer = make_record(manifest, KEY), soon(), NoMetrics()
    models.load(record, deadline, observer)
    count = 100_000
    rounds = []
    for _ in range(7):
        started = time.perf_counter()
        for _ in range(count):
            models.load(record, deadline, observer)
        rounds.append((time.perf_counter() - started) / count * 1e6)
    what = "memory hit, the loop included"
    return [Figure(goal=GOAL, what=what, value=p50(rounds), unit="us", at_most=1)]


def disk_hits(folder: Path) -> list[Figure]:
    content = layers(count=48)
    manifest = make_manifest({"model.onnx": content}, memory_mb=400)
    record = make_record(manifest, KEY)
    source = FaultySource()
    source.add({"model.onnx": content})
    disk = Disk(folder, limit_bytes=400 * MIB)
    cache_over(disk, source).load(record, soon(), NoMetrics())
    bare = Files(folder=folder / "bare")
    (folder / "bare").mkdir()
    (folder / "bare" / "model.onnx").write_bytes(content)
    arms = {
        "bare": lambda: open_onnx(manifest, bare, soon()),
        "hit": lambda: cache_over(disk, source).load(record, soon(), NoMetrics()),
        "first": lambda: cache_over(Disk(folder, limit_bytes=400 * MIB), source).load(
            record, soon(), NoMetrics()
        ),
    }
    taken = interleaved(arms, rounds=7, calls=1)
    size = f"{len(content) // MIB} MB"
    # Neighbours in time see the same machine, so each hit is held against the bare load beside it.
    extra = [p50(_more(taken[arm], taken["bare"])) for arm in ("hit", "first")]
    return [
        Figure(
            goal=GOAL,
            what=f"disk hit over the bare session load, {size}",
            value=extra[0],
            unit="%",
            at_most=5,
            note=f"bare {p50(taken['bare']) / 1000:.0f} ms",
        ),
        Figure(
            goal=GOAL,
            what="the same in a process that has not verified it yet",
            value=extra[1],
            unit="%",
            note="reads and hashes the file once",
        ),
    ]


def concurrent_misses(folder: Path) -> list[Figure]:
    content = os.urandom(MIB)
    source = FaultySource(seconds=0.2)
    source.add({"model.onnx": content})
    record = make_record(make_manifest({"model.onnx": content}), KEY)
    models = cache_over(Disk(folder, limit_bytes=8 * MIB), source, FakeRuntime())
    start = threading.Barrier(32)

    def ask() -> None:
        start.wait()
        models.load(record, soon(), NoMetrics())

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    what = "downloads that 32 concurrent misses cause"
    return [Figure(goal=GOAL, what=what, value=len(source.fetches), unit="", at_most=1)]


def hash_while_streaming(folder: Path) -> list[Figure]:
    folder.mkdir()
    content = os.urandom(64 * MIB)
    manifest = make_manifest({"model.onnx": content})
    file = manifest.files[0]
    number = iter(range(10_000))

    def fetch(source: FaultySource, *, hashed: bool) -> None:
        part = folder / str(next(number))
        part.touch()
        download = Download(file, part)
        if not hashed:
            download._digest = _NoHash()  # type: ignore[assignment]
        source.fetch(manifest, file, download.write, soon())
        if hashed:
            download.check()
        download.discard()

    figures = []
    for pace, limit, note in (
        (S3_MB_PER_SECOND, 10.0, f"store at {S3_MB_PER_SECOND} MB/s"),
        (1_000_000, None, "store without a limit: a copy in memory"),
    ):
        source = PacedSource(mb_per_second=pace)
        source.add({"model.onnx": content})
        taken = interleaved(
            {
                "plain": lambda source=source: fetch(source, hashed=False),
                "hashed": lambda source=source: fetch(source, hashed=True),
            },
            rounds=5,
            calls=1,
        )
        figures.append(
            Figure(
                goal=GOAL,
                what="hash while streaming, extra",
                value=p50(_more(taken["hashed"], taken["plain"])),
                unit="%",
                at_most=limit,
                note=note,
            )
        )
    return figures


def eviction(folder: Path) -> list[Figure]:
    limit = 32 * MIB
    disk = Disk(folder, limit_bytes=limit)
    source = FaultySource(chunk=MIB)
    largest, evicted = 0, 0
    for version in range(1, 41):
        content = os.urandom((version % 7 + 1) * MIB)
        source.add({"model.onnx": content})
        manifest = make_manifest({"model.onnx": content}, version=version)
        files = disk.open(manifest, source, soon())
        largest = max(largest, sum(p.stat().st_size for p in folder.iterdir() if p.is_file()))
        evicted += files.evicted
        files.close()
        source.objects.clear()
    return [
        Figure(
            goal=GOAL,
            what="largest use of a 32 MB disk cache by 40 versions",
            value=largest / MIB,
            unit="MB",
            at_most=32,
            note=f"{evicted} files evicted",
        )
    ]


def tiers(folder: Path) -> list[Figure]:
    """One 34 MB model, from each tier to a session."""
    content = layers(count=8)
    record = make_record(make_manifest({"model.onnx": content}, memory_mb=80), KEY)

    def first_load(source: FaultySource) -> float:
        source.add({"model.onnx": content})
        taken = []
        for number in range(3):
            disk = Disk(folder / f"{id(source)}-{number}", limit_bytes=64 * MIB)
            seen = RecordingObserver()
            cache_over(disk, source).load(record, soon(), seen)
            taken.append(seen.times[Metric.LOAD_S3])
        return statistics.median(taken)

    disk = Disk(folder / "disk", limit_bytes=64 * MIB)
    source = FaultySource()
    source.add({"model.onnx": content})
    cache_over(disk, source).load(record, soon(), NoMetrics())
    hits = []
    for _ in range(5):
        seen = RecordingObserver()
        cache_over(disk, source).load(record, soon(), seen)
        hits.append(seen.times[Metric.LOAD_DISK])
    efs = PacedSource(mb_per_second=EFS_MB_PER_SECOND, latency_seconds=0.001)
    s3 = PacedSource(mb_per_second=S3_MB_PER_SECOND, latency_seconds=0.03)
    size = f"{len(content) // MIB} MB to a session"
    return [
        Figure(goal=GOAL, what=f"{size}, disk", value=statistics.median(hits), unit="ms"),
        Figure(
            goal=GOAL,
            what=f"{size}, a shared file system",
            value=first_load(efs),
            unit="ms",
            note=f"injected: 1 ms, {EFS_MB_PER_SECOND} MB/s",
        ),
        Figure(
            goal=GOAL,
            what=f"{size}, S3",
            value=first_load(s3),
            unit="ms",
            note=f"injected: 30 ms, {S3_MB_PER_SECOND} MB/s",
        ),
    ]


class _NoHash:
    def update(self, _data: object) -> None:
        pass


def _more(samples: list[float], base: list[float]) -> list[float]:
    """Percent that each sample lies above the one beside it."""
    return [(sample / other - 1) * 100 for sample, other in zip(samples, base, strict=True)]
