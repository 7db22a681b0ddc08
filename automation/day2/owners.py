"""What the program declares and something else moves: its drift is expected, and fine.

Registry items of models, versions and routes are in no row: they are data, which no state holds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Config = Mapping[str, Any]
"""Section -> what the stack file says there."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who moves a property of a resource type, and why that is no fault."""

    type: str
    properties: frozenset[str]
    """None named = the whole resource, its existence included."""
    by: str
    reason: str
    applies: Callable[[Config], bool]


def _released(config: Config) -> bool:
    return (config.get("warmline:release") or {}).get("owner") == "release"


_RELEASE = "warmline release"
OWNERS = (
    Owner(
        type="aws:lambda/alias:Alias",
        properties=frozenset({"functionVersion", "routingConfig"}),
        by=_RELEASE,
        reason="it moves `live` once a version has passed its checks, and `up` leaves the alias "
        "where it is (release.owner is 'release')",
        applies=_released,
    ),
    Owner(
        type="aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        properties=frozenset(),
        by=_RELEASE,
        reason="it makes warm capacity on the version that is to serve and removes the old one's "
        "(release.owner is 'release')",
        applies=_released,
    ),
)


def in_force(config: Config, owners: Iterable[Owner] = OWNERS) -> dict[str, Owner]:
    """Type -> the owner that this stack file gives it."""
    return {owner.type: owner for owner in owners if owner.applies(config)}
