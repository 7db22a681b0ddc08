"""Routes: which versions of a model answer. A route is data, changed by one conditional write."""

import re
from dataclasses import dataclass

from contracts.manifest import check_model_name, check_version

FULL_WEIGHT = 10_000
"""Weights are whole basis points; those of one route sum to this."""
MAX_WEIGHTED_VERSIONS = 10
_HEADER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class RouteError(ValueError):
    """A route that says something it may not; the text names the field, value and limit."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Which versions of `model` answer, and with what share."""

    model: str
    revision: int
    """Grows by one with every change; a writer states the revision that it read."""
    weights: tuple[tuple[int, int], ...]
    """(version, basis points), ascending by version."""
    shadow: int | None = None
    """A version that gets a copy of each request; its answers are measured and dropped."""
    standby: tuple[int, ...] = ()
    """Versions that stay loaded without traffic, so that a rollback to them loads nothing."""
    sticky_header: str | None = None
    """Request header, lower case, whose value always meets the same version; None = per request."""

    def __post_init__(self) -> None:
        check_model_name(self.model)
        if self.revision < 1:
            raise RouteError(f"revision is {self.revision}; the first is 1")
        versions = [version for version, _ in self.weights]
        if not 1 <= len(versions) <= MAX_WEIGHTED_VERSIONS:
            raise RouteError(
                f"weights names {len(versions)} versions; from 1 to {MAX_WEIGHTED_VERSIONS}"
            )
        if sorted(set(versions)) != versions:
            raise RouteError(f"weights names versions {versions}; each once, ascending")
        for version in (*versions, *self.standby, *([self.shadow] if self.shadow else [])):
            check_version(version)
        for version, weight in self.weights:
            if not 1 <= weight <= FULL_WEIGHT:
                raise RouteError(
                    f"weight of version {version} is {weight}; from 1 to {FULL_WEIGHT} basis "
                    "points (leave a version out to give it none)"
                )
        total = sum(weight for _, weight in self.weights)
        if total != FULL_WEIGHT:
            raise RouteError(f"weights sum to {total}; they must sum to {FULL_WEIGHT} basis points")
        if len(set(self.standby)) != len(self.standby) or set(self.standby) & set(versions):
            raise RouteError(
                f"standby is {list(self.standby)}; each version once, and none that has weight"
            )
        if self.shadow is not None and self.shadow in versions:
            raise RouteError(f"shadow is {self.shadow}, which already answers requests")
        if self.sticky_header is not None and not _HEADER.fullmatch(self.sticky_header):
            raise RouteError(f"sticky_header is {self.sticky_header!r}; a lower-case header name")

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version that the route mentions, ascending."""
        shadow = () if self.shadow is None else (self.shadow,)
        return tuple(sorted({*(v for v, _ in self.weights), *self.standby, *shadow}))
