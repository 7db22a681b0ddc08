"""From a version's record to a loaded model: tiers, one download, trust, failures."""

import dataclasses
import threading
import time
from pathlib import Path

import pytest

from contracts.metrics import Metric
from functions.predict import models as models_module
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    DeadlineExceeded,
    ModelIntegrity,
    ModelUnavailable,
    StoreMisconfigured,
)
from tests.unit.model_cache.cache_fakes import (
    RecordingObserver,
    SigningKey,
    flipped,
    make_record,
    soon,
)
from tests.unit.model_cache.whole_cache import KEY, Cache, signed, version

pytestmark = pytest.mark.unit


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


def test_no_time_left_means_no_download(cache: Cache) -> None:
    with pytest.raises(DeadlineExceeded):
        cache.load(version(1), Deadline.after(0))
    assert cache.source.fetches == []
