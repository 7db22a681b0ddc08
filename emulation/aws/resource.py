"""What a resource type of the local provider must say about itself."""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from emulation.aws.calls import Aws
from emulation.serving import Refused
from emulation.wire import UNKNOWN, Properties, has_unknown

AUTO_NAME_HEX = 7
"""Random hexadecimal digits that pulumi-aws appends to a logical name."""
WAIT_SECONDS = 60


Create = Callable[[Aws, Properties], str]
Read = Callable[[Aws, str, Properties], Properties | None]
Update = Callable[[Aws, str, Properties, Properties], None]
Delete = Callable[[Aws, str, Properties], None]


class Fidelity(StrEnum):
    """How much of a resource the emulator has."""

    REAL = "real"
    RECORD = "record"
    """Stored and shown again, without the effect that it has on AWS."""
    SKIPPED = "skipped"
    """Only in Pulumi's state; the emulator does not know it."""


@dataclass(frozen=True, kw_only=True)
class Property:
    """One input property of a type, by its name on the wire."""

    replaces: str = ""
    """Why a change needs a new resource; empty where it is changed in place."""
    default: Any = None
    """What holds when the program says nothing; reading it back is then no difference."""
    computed: bool = False
    """The service fills it in when the program says nothing."""
    json: bool = False
    """The text is a JSON document and compared as one."""
    unordered: bool = False
    """The list is a set."""
    partial: bool = False
    """Members that the program leaves out are filled in by the service."""
    kept: str = ""
    """Why the emulator cannot show it, so that it lives in Pulumi's state alone."""
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """The physical name given when the program gives none."""

    property: str
    longest: int
    prefix: str = ""
    lower: bool = False

    def make(self, logical: str, seed: bytes) -> str:
        """The logical name and random digits, from the engine's seed where it gives one.

        Raises ValueError when the name would be longer than the service allows.
        """
        digits = (
            hashlib.sha256(seed + logical.encode()).hexdigest()
            if seed
            else secrets.token_hex(AUTO_NAME_HEX)
        )
        name = f"{self.prefix}{logical}-{digits[:AUTO_NAME_HEX]}"
        if len(name) > self.longest:
            raise ValueError(
                f"the name {name!r} has {len(name)} characters and the service allows "
                f"{self.longest}: shorten the resource's logical name or set {self.property!r}"
            )
        return name.lower() if self.lower else name


def _nothing(_aws: Aws, _id: str, _inputs: Properties) -> None:
    return None


def _all_known(_old: Properties, _new: Properties) -> set[str]:
    return set()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource type: its properties as data, and its four calls as functions.

    `create` makes one thing and returns its id. `settle` brings everything about it that takes
    further calls to the declared state; it may run again, so that a creation which failed halfway
    is repaired by the next update. `read` returns the properties seen, or None when the resource
    does not exist.
    """

    type: str
    fidelity: Fidelity = Fidelity.REAL
    note: str = ""
    """One line: what differs from AWS."""
    properties: Mapping[str, Property]
    outputs: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    auto_name: AutoName | None = None
    identity: tuple[str, ...] = ()
    """The properties that two resources cannot share; they decide what is deleted first."""
    one_of: tuple[str, ...] = ()
    """Properties of which exactly one is given."""
    create: Create | None = None
    settle: Callable[[Aws, str, Properties], None] = _nothing
    read: Read | None = None
    update: Update | None = None
    delete: Delete | None = None
    unsettled: Callable[[Properties, Properties], set[str]] = field(default=_all_known)
    """The outputs that an update from old to new inputs gives new values."""

    def same(self, name: str, left: Any, right: Any) -> bool:
        """Says whether two values of an input property mean the same."""
        rule = self.properties.get(name, Property())
        values = (rule.default if value is None else value for value in (left, right))
        return _same(rule, *values)

    def covers(self, name: str, declared: Any, seen: Any) -> bool:
        """Says whether what was seen is what was declared."""
        rule = self.properties[name]
        if rule.partial:
            return _within(rule, declared, seen)
        return _same(rule, declared, seen)


def put_again(put: Create) -> Update:
    """An update for types whose creation call overwrites what is there."""

    def update(aws: Aws, _id: str, _old: Properties, new: Properties) -> None:
        put(aws, new)

    return update


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Asks until it is so. Raises Refused after a minute: the emulator needs milliseconds."""
    end = time.monotonic() + WAIT_SECONDS
    while not ready():
        if time.monotonic() > end:
            raise Refused(
                f"{what} has not happened in {WAIT_SECONDS} s; the emulator's log says why "
                "(`warmline status` shows where it is)"
            )
        time.sleep(0.05)


def _same(rule: Property, left: Any, right: Any) -> bool:
    if has_unknown(left) or has_unknown(right):
        return False
    return _canonical(rule, left) == _canonical(rule, right)


def _canonical(rule: Property, value: Any) -> Any:
    if rule.json and isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            return value
    value = _plain(value)
    if rule.unordered and isinstance(value, list):
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def _plain(value: Any) -> Any:
    """The value without empty members: an empty list or text is how services say 'not set'."""
    if isinstance(value, Mapping):
        members = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not None} or None
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value] or None
    return None if value == "" else value


def _within(rule: Property, declared: Any, seen: Any) -> bool:
    if isinstance(declared, Mapping) and isinstance(seen, Mapping):
        return all(_within(rule, item, seen.get(key)) for key, item in declared.items())
    if isinstance(declared, list) and isinstance(seen, list) and len(declared) == len(seen):
        return all(_within(rule, one, other) for one, other in zip(declared, seen, strict=True))
    return _same(rule, declared, seen)


def changed(resource: Resource, old: Properties, new: Properties) -> list[str]:
    """The input properties that differ."""
    names = [name for name in resource.properties if name in old or name in new]
    return [
        name
        for name in names
        if new.get(name) is UNKNOWN or not resource.same(name, old.get(name), new.get(name))
    ]
