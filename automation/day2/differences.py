"""Turns the events of a refresh that changes nothing into what differs, and whose doing it is."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from pulumi.automation import EngineEvent, OpType

from automation.day2.owners import Owner
from automation.workspace import UNREADABLE

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks a value that is not plain, such as a secret."""
_PATH = re.compile(r'\.?([^.\[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]')
_ABSENT = object()


class Kind(StrEnum):
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property, or one whole resource, that is not as the state has it."""

    type: str
    name: str
    urn: str
    kind: Kind
    path: str = ""
    """Of the property; empty = the whole resource."""
    in_state: Any = None
    found: Any = None
    owner: str | None = None
    """Who moves it, as the table of owners says; None = nobody has a reason to."""
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Differences:
    """Grows while the engine looks; `on_event` is the Automation API's callback."""

    owners: Iterable[Owner]
    found: list[Difference] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    """Type of each resource of a provider that was read."""

    def on_event(self, event: EngineEvent) -> None:
        if event.res_outputs_event is None:
            return
        step = event.res_outputs_event.metadata
        before = step.old
        if before is None or not before.custom or before.type.startswith("pulumi:"):
            return
        self.looked_at.append(before.type)
        self.found.extend(self._differences(step))

    def _differences(self, step: Any) -> Iterator[Difference]:
        if step.new is None or _text(step.op) == OpType.DELETE.value:
            yield _difference(step.old, Kind.MISSING)
            return
        owner = next((one for one in self.owners if _owns(one, step.old)), None)
        owned: frozenset[str] = frozenset() if owner is None else owner.properties
        for name in sorted(owned):
            # The engine leaves out what `ignoreChanges` lists, so the two states are compared.
            before, now = step.old.outputs.get(name), step.new.outputs.get(name)
            if before != now:
                yield _difference(step.old, Kind.CHANGED, name, (before, now), owner)
        if _text(step.op) != OpType.UPDATE.value:
            return
        paths = [*(step.detailed_diff or ())] or [*(step.diffs or ())] or [""]
        for path in sorted(paths):
            if _top(path) not in owned:
                yield _difference(step.old, Kind.CHANGED, path, _values(step, path))


def _owns(owner: Owner, state: Any) -> bool:
    ancestry = str(state.urn).split("::")[2].split("$")
    return owner.type == state.type and owner.within in ancestry


def _difference(
    state: Any,
    kind: Kind,
    path: str = "",
    values: tuple[Any, Any] = (None, None),
    owner: Owner | None = None,
) -> Difference:
    return Difference(
        type=state.type,
        name=str(state.urn).rsplit("::", 1)[-1],
        urn=str(state.urn),
        kind=kind,
        path=path,
        in_state=hidden(values[0]),
        found=hidden(values[1]),
        owner=None if owner is None else owner.by,
        reason=None if owner is None else owner.reason,
    )


def _values(step: Any, path: str) -> tuple[Any, Any]:
    """What the program gave and what is there; for what it did not give, the service's answers."""
    if not path:
        return None, None
    before, now = (at(state.inputs or {}, path) for state in (step.old, step.new))
    if before is _ABSENT and now is _ABSENT:
        before, now = (at(state.outputs or {}, path) for state in (step.old, step.new))
    return tuple(None if value is _ABSENT else value for value in (before, now))  # type: ignore[return-value]


def at(properties: Any, path: str) -> Any:
    """The value at a property path of the engine, such as `rules[0].id` or `tags["a.b"]`.

    A secret on the way is the answer: nothing below it is looked into.
    """
    value = properties
    for name, quoted, index in _PATH.findall(path):
        if isinstance(value, Mapping) and _SIGNATURE in value:
            return value
        if index:
            if not isinstance(value, list) or int(index) >= len(value):
                return _ABSENT
            value = value[int(index)]
        else:
            key = name or quoted.replace('\\"', '"')
            if not isinstance(value, Mapping) or key not in value:
                return _ABSENT
            value = value[key]
    return value


def hidden(value: Any) -> Any:
    """The value with each secret in it replaced."""
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return UNREADABLE
        return {key: hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hidden(inner) for inner in value]
    return value


def _top(path: str) -> str:
    match = _PATH.match(path)
    return (match[1] or match[2] or "") if match else ""


def _text(op: Any) -> str:
    return op.value if isinstance(op, OpType) else str(op)
