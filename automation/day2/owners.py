"""What the program declares and something else moves: its drift is expected, and fine.

What no state holds is in no row: models, versions and routes are items of the registry, and the
warm capacity of a release is its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Config = Mapping[str, Any]
"""Section -> what the stack file says there."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who moves properties of a resource type, and why that is no fault."""

    type: str
    within: str
    """Type of the component that the resource lies in."""
    properties: frozenset[str]
    by: str
    reason: str
    applies: Callable[[Config], bool]


def _released(config: Config) -> bool:
    return (config.get("warmline:release") or {}).get("owner") == "release"


OWNERS = (
    Owner(
        type="aws:lambda/alias:Alias",
        within="warmline:components:ServingGroup",
        properties=frozenset({"functionVersion", "routingConfig"}),
        by="warmline release",
        reason="it moves `live` once a version has passed its checks, and `up` leaves the alias "
        "where it is (release.owner is 'release')",
        applies=_released,
    ),
)


def in_force(config: Config, owners: Iterable[Owner] = OWNERS) -> list[Owner]:
    """The owners that this stack file gives."""
    return [owner for owner in owners if owner.applies(config)]
