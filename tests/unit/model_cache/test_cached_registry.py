import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from contracts import registry as items
from contracts.metrics import Metric
from contracts.registry import Item, Tenant, VersionRecord, VersionState
from contracts.route import Route
from functions.predict import registry as cached_registry
from functions.predict.registry import CachedRegistry
from functions.shared.aws import StoreUnavailable
from functions.shared.deadline import Deadline
from functions.shared.errors import RegistryUnavailable, StoreMisconfigured
from tests.unit.model_cache.cache_fakes import Clock, RecordingObserver

pytestmark = pytest.mark.unit

TTL = 5.0


class FakeTable:
    """A table in memory; `fault` is raised by every read until it is taken away."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.fault: Exception | None = None
        self.seconds = 0.0
        self.answers = threading.Event()
        self.answers.set()
        self.reads = 0

    def put(self, item: Item) -> None:
        self.items[item["pk"]["S"], item["sk"]["S"]] = item

    def remove(self, key: Item) -> None:
        del self.items[key["pk"]["S"], key["sk"]["S"]]

    def get(self, key: Item, deadline: Deadline) -> Mapping[str, Any] | None:
        self.reads += 1
        if self.seconds:
            time.sleep(self.seconds)
        self.answers.wait(10)
        if self.fault is not None:
            raise self.fault
        return self.items.get((key["pk"]["S"], key["sk"]["S"]))


def route(revision: int = 1, model: str = "demo") -> Route:
    return Route(model=model, revision=revision, weights=((1, 10_000),))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable()
    table.put(items.encode_route(route()))
    return table


@pytest.fixture
def registry(table: FakeTable, clock: Clock) -> CachedRegistry:
    return CachedRegistry(table, ttl_seconds=TTL, clock=clock)


@pytest.fixture
def seen() -> RecordingObserver:
    return RecordingObserver()


def test_an_item_is_read_once_within_its_time_and_again_after_it(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    for _ in range(3):
        assert registry.route("demo", seen) == route()
    assert table.reads == 1
    table.put(items.encode_route(route(revision=2)))
    clock.move(TTL)
    assert registry.route("demo", seen) == route(revision=2)
    assert table.reads == 2
    assert seen.counts == {}


def test_every_kind_of_item_is_read_by_its_own_key(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver
) -> None:
    tenant = Tenant(claim="client", name="analytics", models=frozenset({"demo"}))
    record = VersionRecord(
        model="demo",
        version=3,
        state=VersionState.READY,
        manifest="{}",
        signature=None,
        created_at="2026-01-01T00:00:00Z",
    )
    table.put(items.encode_tenant(tenant))
    table.put(items.encode_version(record))
    assert registry.tenant("client", seen) == tenant
    assert registry.version("demo", 3, seen) == record
    assert registry.version("demo", 4, seen) is None


@pytest.mark.parametrize(
    "fault", [StoreUnavailable("no answer"), StoreMisconfigured("refused")], ids=str
)
def test_while_the_store_fails_the_last_route_keeps_serving_and_a_metric_says_so(
    registry: CachedRegistry,
    table: FakeTable,
    clock: Clock,
    seen: RecordingObserver,
    fault: Exception,
) -> None:
    registry.route("demo", seen)
    table.fault = fault
    clock.move(TTL)
    for _ in range(5):
        assert registry.route("demo", seen) == route()
    assert seen.counts[Metric.STALE_READS] == 5


def test_a_dead_store_is_tried_once_per_back_off_and_not_per_request_or_item(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    table.put(items.encode_route(route(model="other")))
    for model in ("demo", "other"):
        registry.route(model, seen)
    table.fault = StoreUnavailable("no answer")
    table.reads = 0
    clock.move(TTL)
    for _ in range(10):
        for model in ("demo", "other"):
            registry.route(model, seen)
    assert table.reads == 1
    clock.move(cached_registry.BACK_OFF_SECONDS)
    registry.route("demo", seen)
    assert table.reads == 2


def test_after_the_store_recovers_the_new_route_is_served(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    registry.route("demo", seen)
    table.fault = StoreUnavailable("no answer")
    clock.move(TTL)
    registry.route("demo", seen)
    table.fault = None
    table.put(items.encode_route(route(revision=2)))
    clock.move(cached_registry.BACK_OFF_SECONDS)
    assert registry.route("demo", seen) == route(revision=2)


def test_a_store_that_never_answered_leaves_nothing_to_serve(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver
) -> None:
    table.fault = StoreUnavailable("no answer")
    with pytest.raises(RegistryUnavailable):
        registry.route("demo", seen)
    table.fault = StoreMisconfigured("refused")
    with pytest.raises(StoreMisconfigured):
        registry.route("demo", seen)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item.pop("weights"),
        lambda item: item.update(weights={"M": {"1": {"N": "9999"}}}),
        lambda item: item.update(weights={"S": "all"}),
        lambda item: item.update(revision={"N": "one"}),
        lambda item: item.update(model={"S": "other"}),
    ],
    ids=["no weights", "sum is short", "weights are text", "revision is text", "another model"],
)
def test_a_misshapen_item_keeps_the_last_good_one_serving(
    registry: CachedRegistry,
    table: FakeTable,
    clock: Clock,
    seen: RecordingObserver,
    spoil: Any,
) -> None:
    registry.route("demo", seen)
    item = items.encode_route(route(revision=2))
    spoil(item)
    table.items["MODEL#demo", "ROUTE"] = item
    clock.move(TTL)
    for _ in range(3):
        assert registry.route("demo", seen) == route()
    assert seen.counts[Metric.STALE_READS] == 3
    assert table.reads == 2


def test_a_misshapen_item_without_a_good_one_before_it_is_unavailable(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver
) -> None:
    table.items["MODEL#demo", "ROUTE"] = {"model": {"S": "demo"}}
    with pytest.raises(RegistryUnavailable, match="route item"):
        registry.route("demo", seen)


def test_a_misshapen_item_does_not_keep_others_from_being_read_anew(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    table.put(items.encode_route(route(model="other")))
    for model in ("demo", "other"):
        registry.route(model, seen)
    table.items["MODEL#demo", "ROUTE"] = {}
    table.put(items.encode_route(route(model="other", revision=2)))
    clock.move(TTL)
    registry.route("demo", seen)
    assert registry.route("other", seen) == route(model="other", revision=2)


def test_that_an_item_does_not_exist_is_remembered_only_briefly(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    for _ in range(3):
        assert registry.route("new", seen) is None
    assert table.reads == 1
    table.put(items.encode_route(route(model="new")))
    clock.move(cached_registry.MISSING_TTL_SECONDS)
    assert registry.route("new", seen) == route(model="new")


def test_an_item_that_was_deleted_is_gone_also_when_the_store_fails_later(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    registry.route("demo", seen)
    table.remove(items.route_key("demo"))
    clock.move(TTL)
    assert registry.route("demo", seen) is None
    table.fault = StoreUnavailable("no answer")
    clock.move(TTL)
    with pytest.raises(RegistryUnavailable):
        registry.route("demo", seen)


def test_made_up_names_push_out_no_route_and_take_bounded_memory(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver
) -> None:
    registry.route("demo", seen)
    for number in range(2 * cached_registry.MAX_MISSING):
        registry.route(f"made-up-{number}", seen)
    reads = table.reads
    assert registry.route("demo", seen) == route()
    assert table.reads == reads
    assert len(registry._missing) == cached_registry.MAX_MISSING


def test_many_models_take_bounded_memory_and_the_used_ones_stay(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver
) -> None:
    for number in range(cached_registry.MAX_ITEMS + 50):
        table.put(items.encode_route(route(model=f"m{number}")))
        registry.route(f"m{number}", seen)
        registry.route("demo", seen)
    assert len(registry._items) == cached_registry.MAX_ITEMS
    reads = table.reads
    registry.route("demo", seen)
    assert table.reads == reads
    registry.route("m0", seen)
    assert table.reads == reads + 1


@pytest.mark.parametrize("name", ["", "Demo", "a/b", "a#b", "x" * 64, "é"])
def test_a_name_that_no_model_can_have_is_not_looked_up(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver, name: str
) -> None:
    assert registry.route(name, seen) is None
    assert registry.version(name, 1, seen) is None
    assert table.reads == 0


@pytest.mark.parametrize("version", [0, -1, 2**31])
def test_a_version_that_no_model_can_have_is_not_looked_up(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver, version: int
) -> None:
    assert registry.version("demo", version, seen) is None
    assert table.reads == 0


@pytest.mark.parametrize(
    "claim",
    [
        "",
        "x" * 10_000,
        pytest.param("\U0001f600" * 512, id="more bytes than a key of the table may have"),
        pytest.param("\ud800", id="half of a surrogate pair"),
    ],
)
def test_a_claim_that_no_tenant_can_have_is_not_looked_up(
    registry: CachedRegistry, table: FakeTable, seen: RecordingObserver, claim: str
) -> None:
    assert registry.tenant(claim, seen) is None
    assert table.reads == 0


def test_threads_that_ask_together_cause_one_read(
    registry: CachedRegistry, table: FakeTable
) -> None:
    table.seconds = 0.05
    start = threading.Barrier(16)
    answers = []

    def ask() -> None:
        start.wait()
        answers.append(registry.route("demo", RecordingObserver()))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [route()] * 16
    assert table.reads == 1


def test_while_one_thread_reads_anew_the_others_are_not_kept_waiting(
    registry: CachedRegistry, table: FakeTable, clock: Clock, seen: RecordingObserver
) -> None:
    registry.route("demo", seen)
    clock.move(TTL)
    table.answers.clear()
    reader = threading.Thread(target=registry.route, args=("demo", seen))
    reader.start()
    while table.reads < 2:
        time.sleep(0.001)
    assert registry.route("demo", seen) == route()
    assert reader.is_alive()
    table.answers.set()
    reader.join()
