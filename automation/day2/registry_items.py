"""What a restore of the registry would write: pure, over the items of both tables.

A restore adds what is missing. What is there stays as it is, unless it was damaged and the caller
says `overwrite`: versions, models and audit items never change in use, apart from a version that
is retired, which is for good. Routes do change in use. Tenants and records of releases are left
out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts import release
from contracts.registry import PARTITION_KEY, SORT_KEY, Item, VersionState

Key = tuple[str, str]
_VERSION, _AUDIT, _ROUTE = "VERSION#", "AUDIT#", "ROUTE"
_LEFT = ("TENANT#", release.PARTITION)
_ORDER = (_VERSION, "", _AUDIT, _ROUTE)
"""A route comes last, so that nobody is routed to a version that is not there yet."""
_STATE = "state"


@dataclass(frozen=True, kw_only=True)
class Write:
    """An item to put, on condition that what is there now is still `before`."""

    item: Item
    before: Item | None
    """None = nothing."""


@dataclass(kw_only=True)
class Plan:
    """What a restore does, and what it leaves."""

    writes: list[Write] = field(default_factory=list)
    same: int = 0
    """Items that are as in the backup."""
    left: int = 0
    """Items in the backup that a restore leaves alone: `up` writes those of tenants, and a record
    of a release tells of aliases as they were."""
    kept: list[str] = field(default_factory=list)
    """Items that differ from the backup and stay as they are, and why."""


def plan(backup: Iterable[Item], present: Iterable[Item], *, overwrite: bool) -> Plan:
    """`present` are the items of the registry now."""
    now = {_key(item): item for item in present}
    result = Plan()
    for item in sorted(backup, key=_order):
        key, there = _key(item), now.get(_key(item))
        if key[0].startswith(_LEFT):
            result.left += 1
        elif there == item:
            result.same += 1
        else:
            wanted, why_not = _wanted(key, item, there, now, overwrite=overwrite)
            if wanted is None:
                result.kept.append(f"{key[0]} {key[1]}: {why_not}")
            else:
                result.writes.append(Write(item=wanted, before=there))
    return result


def _wanted(
    key: Key, item: Item, there: Item | None, now: Mapping[Key, Item], *, overwrite: bool
) -> tuple[Item | None, str]:
    """What the item should become, or None and the reason to leave it."""
    if key[1] == _ROUTE:
        newest = _newest_change(key[0], now)
        if newest > _revision(item) or there is not None:
            return None, (
                f"the registry knows revision {max(newest, _revision(there))}, the backup "
                f"{_revision(item)}; change it with `warmline models route`"
            )
        return item, ""
    if there is None:
        return item, ""
    retired = {"S": VersionState.RETIRED.value}
    if there.get(_STATE) == retired and item.get(_STATE) != retired:
        # Retired after the backup was made, which stays so whatever else is mended.
        item = item | {_STATE: retired}
        if item == there:
            return None, "retired since the backup, and retiring is for good"
    if not overwrite:
        return None, "it differs from the backup; --overwrite puts the backup's in its place"
    return item, ""


def _newest_change(partition: str, now: Mapping[Key, Item]) -> int:
    """Highest revision of a model's route that has an audit item; 0 = none."""
    return max(
        (
            _revision(item)
            for (pk, sk), item in now.items()
            if pk == partition and sk.startswith(_AUDIT)
        ),
        default=0,
    )


def _revision(item: Mapping[str, Any] | None) -> int:
    return int((item or {}).get("revision", {"N": "0"})["N"])


def _key(item: Mapping[str, Any]) -> Key:
    return item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]


def _order(item: Mapping[str, Any]) -> tuple[int, Key]:
    key = _key(item)
    kinds = (kind for kind in _ORDER if kind and key[1].startswith(kind))
    return _ORDER.index(next(kinds, "")), key
