"""What a run of `warmline gc` keeps in any case, what it found, and what became of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from automation.models.store import NOT_FOUND, status_of

GONE = frozenset({"ResourceNotFoundException", "NoSuchKey", "NotFound", "404"})
IN_USE = frozenset({"ResourceConflictException", "PreconditionFailed", "412"})


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is kept in any case."""

    keep: int
    """Newest published versions of each function."""
    older_than: timedelta
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def before(self) -> datetime:
        return self.now - self.older_than


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that nothing needs."""

    kind: str
    """`code version`, `archive`, `model file`, `leftover` or `golden`."""
    name: str
    size_bytes: int
    deleted: bool = False


@dataclass(kw_only=True)
class Collected:
    """What a run found, and what became of it."""

    dry_run: bool
    found: list[Found] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)
    """What came into use between the look and the deletion."""
    unknown: list[str] = field(default_factory=list)
    """What is older than the registry's table, which so cannot tell whether it is in use."""

    def as_json(self) -> dict[str, Any]:
        return {
            "dry_run": self.dry_run,
            "found": [vars(one) for one in self.found],
            "spared": self.spared,
            "unknown": self.unknown,
            "size_bytes": sum(one.size_bytes for one in self.found),
        }

    def take_back(self, names: Iterable[str]) -> None:
        """They were deleted, and are there again."""
        again = set(names)
        self.found = [one for one in self.found if one.name not in again]
        self.spared += sorted(again - set(self.spared))

    def note(self, kind: str, name: str, size_bytes: int) -> None:
        self.found.append(
            Found(kind=kind, name=name, size_bytes=size_bytes, deleted=not self.dry_run)
        )


def gone(delete: Callable[[], Any]) -> bool:
    """Whether it is gone now; False = it came into use meanwhile."""
    try:
        delete()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in IN_USE:
            return False
        if code not in GONE and status_of(error) != NOT_FOUND:
            raise
    return True
