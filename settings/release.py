"""What a stack file says of releases: who moves the alias `live`, and how carefully."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from settings import limits
from settings.section import Section, rule

AlarmName = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,255}$")]


class Release(Section):
    """Who moves the alias `live` of the serving groups to a new code version, and how carefully."""

    owner: Literal["up", "release"]
    """`up` = the alias moves with every `up`. `release` = `up` publishes and leaves the alias and
    the warm capacity alone; `warmline release` moves them."""
    ready_timeout_minutes: int = Field(ge=1, le=limits.READY_TIMEOUT_MINUTES)
    """Minutes that warm capacity may take to be ready before the release goes back."""
    bake_minutes: int = Field(ge=0, le=limits.BAKE_MINUTES)
    """Minutes that the alarms are watched after the alias moved, while both versions are paid for;
    0 = not at all."""
    alarms: tuple[AlarmName, ...] = Field(max_length=limits.RELEASE_ALARMS)
    """Alarms that are watched beside those that have the function as a dimension, and those that
    page when the group's objectives are missed."""

    @rule
    def _alarms_have_time(self) -> Iterator[str]:
        if 0 < self.bake_minutes < limits.SHORTEST_BAKE_MINUTES:
            yield (
                f"bake_minutes is {self.bake_minutes}; it must be 0 or at least "
                f"{limits.SHORTEST_BAKE_MINUTES}, because an alarm judges five minutes at a time "
                "and tells some minutes later"
            )
