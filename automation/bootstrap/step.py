"""One thing that must be so: how it is read, what it must be, and how it becomes that."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

ABSENT = frozenset(
    {
        *("404", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchEntity", "NoSuchTagSet"),
        *("NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration"),
        *("NotFoundException", "ObjectLockConfigurationNotFoundError"),
        *("OwnershipControlsNotFoundError", "ServerSideEncryptionConfigurationNotFoundError"),
    }
)
"""Error codes that say that something is not there."""


class Outcome(StrEnum):
    """What became of a step, or would."""

    UNCHANGED = "unchanged"
    MADE = "made"
    CHANGED = "changed"


def nothing_against(_found: Any) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Step:
    what: str
    read: Callable[[], Any]
    """What is there; nothing (None, False, an empty text) where nothing is."""
    wanted: Callable[[], Any]
    """Asked after the steps before it were made."""
    write: Callable[[], None]
    against: Callable[[Any], str] = nothing_against
    """Why what is there may not be touched; empty where it may."""

    def outcome(self) -> Outcome:
        """What `write` would be."""
        found = absent_as_none(self.read)
        if not found:
            return Outcome.MADE
        return Outcome.UNCHANGED if holds(self.wanted(), found) else Outcome.CHANGED


def absent_as_none(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise


def holds(wanted: Any, found: Any) -> bool:
    """Whether everything wanted is found. AWS adds defaults of its own, puts lists in another order
    and a list's only member in its place.
    """
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and holds(value, found[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list | tuple) or isinstance(found, list | tuple):
        ours, theirs = _listed(wanted), _listed(found)
        return len(ours) == len(theirs) and all(
            any(holds(one, other) for other in theirs) for one in ours
        )
    return wanted == found


def same_document(wanted: Mapping[str, Any], found: Any) -> bool:
    """Whether two policy documents say the same; a statement more is another document."""
    said = json.loads(found) if isinstance(found, str) else found
    return holds(wanted, said) and holds(said, wanted)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
