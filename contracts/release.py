"""The record of a function's release: one item of the registry table, written under conditions.

| partition key | sort key        | what                                                      |
|---------------|-----------------|-----------------------------------------------------------|
| RELEASE       | <function name> | the release that is going on, or how the last one ended   |

Lambda itself tells where the alias stands and which versions have warm capacity. The record holds
what it cannot tell: from which version to which, whether the way leads forward or back and why,
since when the new version answers, and who is at work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.registry import Item, RegistryError, key

PARTITION = "RELEASE"
ALIAS = "live"
"""Of every function: whoever calls one calls the version behind it."""


class Goal(StrEnum):
    """Which of the two versions the alias shall end on."""

    NEW = "NEW"
    OLD = "OLD"


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """A release of one function. Versions are numbers as text, as Lambda gives them."""

    function: str
    revision: int
    """Grows by one with each write; a write names the revision that it replaces."""
    old: str
    """Where the alias stood when the release began."""
    new: str
    """Equal to `old` where only warm capacity is put right."""
    goal: Goal = Goal.NEW
    back: bool = False
    """A return to the version before: no golden requests, no bake time."""
    checked: bool = False
    """The golden requests were answered as recorded."""
    flipped_at: int = 0
    """Seconds of the epoch when the alias was first seen on `new`; 0 = not yet."""
    ended: bool = False
    reason: str = ""
    """Why the goal became `OLD`, or why the release ended otherwise than asked."""
    ignored: tuple[str, ...] = ()
    """Alarms that were on before, and that whoever began the release chose to overlook."""
    previous: str = ""
    """The version before the live one, for an instant return; empty = none known."""
    rejected: str = ""
    """The version that was taken back last; it is not released again unasked."""
    holder: str = ""
    """The process that is at work."""
    lease_until: int = 0
    """Seconds of the epoch after which another process may go on with it."""

    @property
    def aim(self) -> str:
        """The version that the alias shall end on."""
        return self.new if self.goal is Goal.NEW else self.old

    @property
    def other(self) -> str:
        return self.old if self.goal is Goal.NEW else self.new


def release_key(function: str) -> Item:
    return key(PARTITION, function)


def encode_release(record: ReleaseRecord) -> Item:
    item: Item = release_key(record.function)
    for name, value in vars(record).items():
        match value:
            case bool():
                item[name] = {"BOOL": value}
            case int():
                item[name] = {"N": str(value)}
            case str():
                item[name] = {"S": str(value)}
            case _:
                item[name] = {"L": [{"S": str(text)} for text in value]}
    return item


def decode_release(item: Mapping[str, Any]) -> ReleaseRecord:
    """Raises `RegistryError` for an item with a missing or misshapen attribute."""
    try:
        return ReleaseRecord(
            function=item["function"]["S"],
            revision=int(item["revision"]["N"]),
            old=item["old"]["S"],
            new=item["new"]["S"],
            goal=Goal(item["goal"]["S"]),
            back=bool(item["back"]["BOOL"]),
            checked=bool(item["checked"]["BOOL"]),
            flipped_at=int(item["flipped_at"]["N"]),
            ended=bool(item["ended"]["BOOL"]),
            reason=item["reason"]["S"],
            ignored=tuple(one["S"] for one in item["ignored"]["L"]),
            previous=item["previous"]["S"],
            rejected=item["rejected"]["S"],
            holder=item["holder"]["S"],
            lease_until=int(item["lease_until"]["N"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"release item is misshapen: {error!r}") from error
