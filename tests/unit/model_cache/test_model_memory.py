"""Loaded models stay within their memory: which of them give way, and which outlast."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.metrics import Metric
from functions.predict import models as models_module
from functions.predict.disk import Disk
from functions.predict.models import MIB
from functions.shared.errors import ModelIntegrity, ModelUnavailable
from tests.unit.model_cache.cache_fakes import flipped, make_manifest, make_record, soon
from tests.unit.model_cache.whole_cache import CONTENT, KEY, Cache, version

pytestmark = pytest.mark.unit


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "models")


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
