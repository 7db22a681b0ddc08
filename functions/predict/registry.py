"""Cached reads of the registry table: fresh for a few seconds, stale rather than failing.

What was read once keeps serving while the table cannot be read, or holds something that cannot be
an item of its kind; the metric `registry_stale_reads` says so. That an item does not exist is
remembered only briefly and apart from the items, so that callers who make up names push nothing
useful out.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from contracts import registry as items
from contracts.manifest import MAX_VERSION, MODEL_NAME
from contracts.metrics import Metric
from contracts.registry import Item, RegistryError, Tenant, VersionRecord
from contracts.route import Route
from functions.predict.flight import SingleFlight
from functions.predict.ports import Observer
from functions.shared.aws import AwsClient, StoreUnavailable
from functions.shared.deadline import Deadline
from functions.shared.errors import RegistryUnavailable, ServingError, StoreMisconfigured

V = TypeVar("V", Tenant, Route, VersionRecord)

READ_SECONDS = 1.5
"""Longest that a request waits for one read of the table, retries included."""
MISSING_TTL_SECONDS = 1.0
BACK_OFF_SECONDS = 2.0
"""After a failed read, stale items are served without another attempt for this long."""
MAX_ITEMS = 1_000
MAX_MISSING = 1_000
MAX_CLAIM_BYTES = 512
"""In UTF-8; a longer claim value is nobody's. The table refuses keys of more than 2,048 bytes."""


class Table(Protocol):
    """Reads one item. Raises `StoreUnavailable`, or `StoreMisconfigured` for a refusal."""

    def get(self, key: Item, deadline: Deadline) -> Mapping[str, Any] | None: ...


class DynamoTable:
    """The registry table on DynamoDB."""

    def __init__(self, client: AwsClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Item, deadline: Deadline) -> Mapping[str, Any] | None:
        return self._client.get_item(self._name, key, deadline)


@dataclass
class _Cached(Generic[V]):
    value: V
    fresh_until: float
    retry_at: float = float("-inf")
    """Until then a misshapen item is not read again."""


class CachedRegistry:
    """Implements `functions.predict.ports.Registry`."""

    def __init__(
        self, table: Table, *, ttl_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._table = table
        self._ttl = ttl_seconds
        self._clock = clock
        self._items: OrderedDict[tuple[str, ...], _Cached[Any]] = OrderedDict()
        self._missing: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._try_again_at = clock()
        self._lock = threading.Lock()
        self._reads: SingleFlight[Any] = SingleFlight()

    def tenant(self, claim: str, observer: Observer) -> Tenant | None:
        # A key that the table refuses would look like a table that refuses everybody.
        if not _may_be_a_claim(claim):
            return None
        key = ("tenant", claim)
        return self._fresh(key) or self._read(
            key, items.tenant_key(claim), _as_tenant(claim), observer
        )

    def route(self, model: str, observer: Observer) -> Route | None:
        if not MODEL_NAME.fullmatch(model):
            return None
        key = ("route", model)
        return self._fresh(key) or self._read(
            key, items.route_key(model), _as_route(model), observer
        )

    def version(self, model: str, version: int, observer: Observer) -> VersionRecord | None:
        if not MODEL_NAME.fullmatch(model) or not 1 <= version <= MAX_VERSION:
            return None
        key = ("version", model, str(version))
        return self._fresh(key) or self._read(
            key, items.version_key(model, version), _as_version(model, version), observer
        )

    def _fresh(self, key: tuple[str, ...]) -> Any | None:
        """The warm path: nothing of a read is prepared for an item that is fresh."""
        cached = self._items.get(key)
        if cached is None or self._clock() >= cached.fresh_until:
            return None
        self._touch(key)
        return cached.value

    def _read(
        self,
        key: tuple[str, ...],
        table_key: Item,
        decode: Callable[[Mapping[str, Any]], V],
        observer: Observer,
    ) -> V | None:
        now = self._clock()
        cached = self._items.get(key)
        if cached is not None:
            if self._reads.under_way(key):
                self._touch(key)
                return cached.value
            if now < max(self._try_again_at, cached.retry_at):
                return self._stale(key, cached, observer)
        elif now < self._missing.get(key, now):
            return None
        deadline = Deadline.after(READ_SECONDS)
        try:
            value, _ = self._reads.run(
                key, lambda: self._fetch(key, table_key, decode, deadline), deadline.remaining
            )
        except ServingError:
            if cached is None:
                raise
            return self._stale(key, cached, observer)
        return value

    def _fetch(
        self,
        key: tuple[str, ...],
        table_key: Item,
        decode: Callable[[Mapping[str, Any]], V],
        deadline: Deadline,
    ) -> V | None:
        try:
            item = self._table.get(table_key, deadline)
            value = None if item is None else decode(item)
        except StoreUnavailable as error:
            self._try_again_at = self._clock() + BACK_OFF_SECONDS
            raise RegistryUnavailable(
                "the model registry cannot be read now", retry_after_seconds=1
            ) from error
        except StoreMisconfigured:
            self._try_again_at = self._clock() + BACK_OFF_SECONDS
            raise
        except RegistryError as error:
            self._postpone(key)
            raise RegistryUnavailable(f"the registry's {key[0]} item cannot be read") from error
        self._keep(key, value)
        return value

    def _keep(self, key: tuple[str, ...], value: Any | None) -> None:
        now = self._clock()
        with self._lock:
            self._items.pop(key, None)
            self._missing.pop(key, None)
            if value is None:
                self._missing[key] = now + min(MISSING_TTL_SECONDS, self._ttl)
                if len(self._missing) > MAX_MISSING:
                    self._missing.popitem(last=False)
            else:
                self._items[key] = _Cached(value, now + self._ttl)
                if len(self._items) > MAX_ITEMS:
                    self._items.popitem(last=False)

    def _postpone(self, key: tuple[str, ...]) -> None:
        """One misshapen item is no reason to stop reading the others."""
        cached = self._items.get(key)
        if cached is not None:
            cached.retry_at = self._clock() + BACK_OFF_SECONDS

    def _touch(self, key: tuple[str, ...]) -> None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)

    def _stale(self, key: tuple[str, ...], cached: _Cached[V], observer: Observer) -> V:
        self._touch(key)
        observer.count(Metric.STALE_READS)
        return cached.value


def _may_be_a_claim(claim: str) -> bool:
    try:
        return 1 <= len(claim.encode()) <= MAX_CLAIM_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
        return False


def _as_tenant(claim: str) -> Callable[[Mapping[str, Any]], Tenant]:
    return _checked(items.decode_tenant, lambda tenant: tenant.claim == claim)


def _as_route(model: str) -> Callable[[Mapping[str, Any]], Route]:
    return _checked(items.decode_route, lambda route: route.model == model)


def _as_version(model: str, version: int) -> Callable[[Mapping[str, Any]], VersionRecord]:
    return _checked(
        items.decode_version, lambda record: (record.model, record.version) == (model, version)
    )


def _checked(
    decode: Callable[[Mapping[str, Any]], V], is_the_one: Callable[[V], bool]
) -> Callable[[Mapping[str, Any]], V]:
    def read(item: Mapping[str, Any]) -> V:
        value = decode(item)
        if not is_the_one(value):
            raise RegistryError("the item names something else than its key")
        return value

    return read
