import dataclasses
import functools
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.manifest import Manifest
from contracts.metrics import Metric
from contracts.registry import VersionRecord
from functions.predict import models as models_module
from functions.predict.disk import Disk
from functions.predict.keyring import Keyring
from functions.predict.models import MIB, ModelCache
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    DeadlineExceeded,
    ModelIntegrity,
    ModelUnavailable,
    StoreMisconfigured,
)
from tests.unit.model_cache.cache_fakes import (
    Clock,
    FakeModel,
    FakeRuntime,
    FaultySource,
    RecordingObserver,
    SigningKey,
    flipped,
    keyring_text,
    make_manifest,
    make_record,
)

pytestmark = pytest.mark.unit

KEY = SigningKey("key")
CONTENT = os.urandom(100_000)


def soon() -> Deadline:
    return Deadline.after(10)


def version(number: int, *, memory_mb: int = 1, model: str = "demo") -> Manifest:
    content = f"{model} {number}".encode() + CONTENT
    return make_manifest({"model.onnx": content}, version=number, memory_mb=memory_mb, model=model)


@functools.cache
def signed(manifest: Manifest) -> VersionRecord:
    """One record for one manifest: each signature is another, also of one key."""
    return make_record(manifest, KEY)


class Cache:
    """A model cache with all its surroundings at hand."""

    def __init__(self, folder: Path, *, memory_mb: int = 4) -> None:
        self.source = FaultySource()
        self.runtime = FakeRuntime()
        self.clock = Clock()
        self.seen = RecordingObserver()
        self.folder = folder
        self.models = ModelCache(
            keyring=Keyring.parse(keyring_text(KEY)),
            disk=Disk(folder, limit_bytes=100 * MIB),
            source=self.source,
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


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "models")


def test_a_version_is_found_in_memory_then_on_disk_then_in_the_store(
    cache: Cache, tmp_path: Path
) -> None:
    manifest = version(1)
    assert cache.load(manifest).manifest == manifest
    assert cache.seen.counts == {Metric.CACHE_MISS: 1}
    assert set(cache.seen.times) == {Metric.LOAD_S3}
    assert cache.load(manifest).manifest == manifest
    assert cache.seen.counts == {Metric.CACHE_MISS: 1, Metric.CACHE_HIT_MEMORY: 1}
    again = Cache(tmp_path / "models")
    again.load(manifest)
    assert again.seen.counts == {Metric.CACHE_HIT_DISK: 1}
    assert set(again.seen.times) == {Metric.LOAD_DISK}
    assert again.source.fetches == []


def test_thirty_two_threads_that_ask_for_an_uncached_model_cause_one_download(
    cache: Cache,
) -> None:
    manifest = version(1)
    cache.put(manifest)
    cache.source.seconds = 0.2
    record = make_record(manifest, KEY)
    start = threading.Barrier(32)
    loaded = []

    def ask() -> None:
        start.wait()
        loaded.append(cache.models.load(record, soon(), cache.seen))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.source.fetches == ["model.onnx"]
    assert cache.runtime.opened == [("demo", 1)]
    assert len(loaded) == 32
    assert len({id(model) for model in loaded}) == 1


def test_a_leader_whose_time_is_over_does_not_fail_a_follower_with_more_time(
    cache: Cache,
) -> None:
    manifest = version(1)
    cache.put(manifest)
    record = make_record(manifest, KEY)
    cache.source.then = [DeadlineExceeded("the leader's time is over")]
    cache.source.seconds = 0.2
    outcomes: list[object] = []

    def lead() -> None:
        try:
            cache.models.load(record, soon(), cache.seen)
        except DeadlineExceeded as error:
            outcomes.append(error.detail)

    leader = threading.Thread(target=lead)
    leader.start()
    while not cache.source.fetches:
        time.sleep(0.001)
    follower = cache.models.load(record, soon(), RecordingObserver())
    leader.join()
    assert outcomes == ["the leader's time is over"]
    assert follower.manifest == manifest


def test_a_follower_gives_up_at_its_own_deadline(cache: Cache) -> None:
    manifest = version(1)
    cache.put(manifest)
    cache.source.seconds = 1.5
    record = make_record(manifest, KEY)
    leader = threading.Thread(target=cache.models.load, args=(record, soon(), cache.seen))
    leader.start()
    while not cache.source.fetches:
        time.sleep(0.001)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        cache.models.load(record, Deadline.after(0.05), RecordingObserver())
    assert time.monotonic() - started < 1
    leader.join()
    assert cache.models.loaded("demo", 1)


def test_a_flipped_byte_is_refused_nothing_of_it_is_opened_and_the_other_version_answers(
    cache: Cache,
) -> None:
    good, bad = version(1), version(2)
    cache.load(good)
    cache.source.then = [flipped(50)]
    with pytest.raises(ModelIntegrity):
        cache.load(bad)
    assert cache.runtime.opened == [("demo", 1)]
    assert cache.seen.counts[Metric.INTEGRITY_FAILURES] == 1
    assert not cache.models.loaded("demo", 2)
    assert cache.load(good).manifest == good


def test_a_version_that_failed_verification_costs_no_download_per_request(
    cache: Cache,
) -> None:
    cache.source.then = [flipped()]
    for _ in range(5):
        with pytest.raises(ModelIntegrity):
            cache.load(version(1))
    assert cache.source.fetches == ["model.onnx"]
    assert cache.seen.counts[Metric.INTEGRITY_FAILURES] == 5
    cache.clock.move(models_module.INTEGRITY_QUARANTINE_SECONDS)
    assert cache.load(version(1)).manifest == version(1)


def test_a_changed_registry_record_ends_the_quarantine_at_once(cache: Cache) -> None:
    cache.source.then = [flipped()]
    with pytest.raises(ModelIntegrity):
        cache.load(version(1))
    repaired = dataclasses.replace(version(1), memory_mb=2)
    assert cache.load(repaired).manifest == repaired


@pytest.mark.parametrize("key", [None, SigningKey("key"), SigningKey("other")])
def test_a_manifest_that_nobody_trusted_signed_is_not_even_fetched(
    cache: Cache, key: SigningKey | None
) -> None:
    record = make_record(version(1), key)
    with pytest.raises(ModelIntegrity):
        cache.models.load(record, soon(), cache.seen)
    with pytest.raises(ModelIntegrity):
        cache.models.manifest(record, cache.seen)
    assert cache.source.fetches == []
    assert cache.seen.counts[Metric.INTEGRITY_FAILURES] == 2


def test_a_loaded_version_whose_record_loses_its_signature_stops_answering(
    cache: Cache,
) -> None:
    cache.load(version(1))
    with pytest.raises(ModelIntegrity):
        cache.models.load(make_record(version(1), None), soon(), cache.seen)


def test_a_record_read_anew_with_the_same_content_is_a_memory_hit(cache: Cache) -> None:
    manifest = version(1)
    cache.put(manifest)
    record = make_record(manifest, KEY)
    cache.models.load(record, soon(), cache.seen)
    same = dataclasses.replace(record, manifest=str(manifest.canonical(), "utf-8"))
    cache.models.load(same, soon(), cache.seen)
    assert cache.seen.counts[Metric.CACHE_HIT_MEMORY] == 1


def test_a_loaded_version_that_was_signed_anew_is_verified_and_not_loaded_again(
    cache: Cache,
) -> None:
    loaded = cache.load(version(1))
    again = make_record(version(1), KEY)
    assert again.signature != signed(version(1)).signature
    assert cache.models.load(again, soon(), cache.seen) is loaded


@pytest.mark.parametrize(
    "error", [StoreMisconfigured("refused"), ModelUnavailable("the store is down")]
)
def test_a_store_that_fails_is_asked_again_after_a_short_while(
    cache: Cache, error: Exception
) -> None:
    cache.source.then = [error]
    for _ in range(3):
        with pytest.raises(type(error), match=str(error)):
            cache.load(version(1))
    assert len(cache.source.fetches) == 1
    cache.clock.move(models_module.FAILURE_QUARANTINE_SECONDS)
    cache.load(version(1))


def test_a_model_that_the_runtime_cannot_open_leaves_no_folder_and_no_memory(
    cache: Cache,
) -> None:
    cache.runtime.fault = ModelUnavailable("cannot open")
    with pytest.raises(ModelUnavailable):
        cache.load(version(1))
    assert list(cache.folder.glob("*.open")) == []
    assert cache.models._reserved == 0
    cache.runtime.fault = MemoryError()
    with pytest.raises(MemoryError):
        cache.load(version(2))
    assert cache.models._reserved == 0


def test_a_model_larger_than_the_memory_is_refused_without_a_download_or_an_eviction(
    cache: Cache,
) -> None:
    cache.load(version(1))
    with pytest.raises(ModelUnavailable, match="5242880 bytes"):
        cache.load(version(2, memory_mb=5))
    assert cache.source.fetches == ["model.onnx"]
    assert cache.models.loaded("demo", 1)


def test_bytes_that_fail_verification_evict_nothing(cache: Cache) -> None:
    for number in range(1, 5):
        cache.load(version(number))
    cache.source.then = [flipped()]
    with pytest.raises(ModelIntegrity):
        cache.load(version(9))
    assert all(cache.models.loaded("demo", number) for number in range(1, 5))


def test_the_version_used_longest_ago_is_evicted_first(cache: Cache) -> None:
    for number in (1, 2, 3, 4, 1, 2):
        cache.load(version(number))
    cache.load(version(5))
    assert [n for n in range(1, 6) if cache.models.loaded("demo", n)] == [1, 2, 4, 5]
    assert cache.seen.counts[Metric.CACHE_EVICTIONS] == 1


def test_versions_that_the_route_mentions_outlast_those_it_does_not(cache: Cache) -> None:
    for number in (1, 2, 3, 4):
        cache.load(version(number))
    cache.models.keep("demo", (1, 2))
    cache.load(version(5))
    cache.load(version(6))
    assert [n for n in range(1, 7) if cache.models.loaded("demo", n)] == [1, 2, 5, 6]


def test_when_only_kept_versions_are_left_the_oldest_of_them_gives_way(cache: Cache) -> None:
    cache.models.keep("demo", (1, 2, 3, 4, 5))
    for number in (1, 2, 3, 4, 5):
        cache.load(version(number))
    assert [n for n in range(1, 6) if cache.models.loaded("demo", n)] == [2, 3, 4, 5]


def test_an_evicted_version_comes_back_from_disk(cache: Cache) -> None:
    for number in (1, 2, 3, 4, 5, 1):
        cache.load(version(number))
    assert cache.seen.counts[Metric.CACHE_HIT_DISK] == 1


def test_a_disk_that_refuses_the_file_serves_from_memory_and_a_metric_says_so(
    tmp_path: Path,
) -> None:
    cache = Cache(tmp_path / "models")
    cache.models._disk = Disk(tmp_path / "small", limit_bytes=10)
    loaded = cache.load(version(1))
    assert loaded.content.endswith(CONTENT)
    assert cache.seen.counts[Metric.CACHE_DISK_REFUSED] == 1
    assert list((tmp_path / "small").iterdir()) == []


def test_files_beside_the_entrypoint_stay_on_disk_while_the_model_is_loaded(
    cache: Cache,
) -> None:
    parts = {"m.onnx": b"graph", "w.bin": b"weights"}
    manifest = make_manifest(parts)
    cache.source.add(parts)
    cache.models.load(make_record(manifest, KEY), soon(), cache.seen)
    assert len(list(cache.folder.glob("*.open/w.bin"))) == 1
    for number in range(11, 15):
        cache.load(version(number))
    assert not cache.models.loaded("demo", 1)
    assert list(cache.folder.glob("*.open")) == []


def test_no_time_left_means_no_download(cache: Cache) -> None:
    with pytest.raises(DeadlineExceeded):
        cache.load(version(1), Deadline.after(0))
    assert cache.source.fetches == []


def test_what_is_remembered_of_failures_and_routes_is_bounded(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "MAX_KEPT_MODELS", 10)
    for number in range(models_module.MAX_QUARANTINED + 20):
        cache.models.keep(f"m{number}", (1,))
        with pytest.raises(ModelIntegrity):
            cache.models.load(make_record(version(1, model=f"m{number}"), None), soon(), cache.seen)
    assert len(cache.models._failed) == models_module.MAX_QUARANTINED
    assert len(cache.models._kept) == 10


@given(
    loads=st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=25),
    kept=st.sets(st.integers(1, 6), max_size=3),
)
def test_memory_stays_within_its_limit_whatever_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, loads: list[tuple[int, bool]], kept: set[int]
) -> None:
    cache = Cache(tmp_path_factory.getbasetemp() / "shared", memory_mb=7)
    cache.models.keep("demo", tuple(kept))
    for number, fails in loads:
        cache.runtime.fault = ModelUnavailable("cannot open") if fails else None
        try:
            cache.load(version(number, memory_mb=number))
        except ModelUnavailable:
            cache.clock.move(models_module.FAILURE_QUARANTINE_SECONDS)
        else:
            assert cache.models.loaded("demo", number)
        assert sum(m.size_bytes for m in cache.models._loaded.values()) <= 7 * MIB
        assert cache.models._reserved == 0


def test_threads_that_load_many_versions_stay_within_the_limit(cache: Cache) -> None:
    cache.runtime.seconds = 0.01
    problems: list[BaseException] = []
    over: list[int] = []

    def use(seed: int) -> None:
        for step in range(10):
            try:
                cache.load(version(1 + (seed * 3 + step) % 6))
            except ModelUnavailable as error:
                if "being loaded" not in error.detail:
                    problems.append(error)
            used = cache.models._reserved + sum(
                m.size_bytes for m in list(cache.models._loaded.values())
            )
            if used > 5 * MIB:  # one moves from reserved to loaded at this very moment
                over.append(used)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert over == []
    assert sum(m.size_bytes for m in cache.models._loaded.values()) <= 4 * MIB
