"""What a stack costs per month before it has served a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from capacity import prices

BY_TYPE: Final[Mapping[str, tuple[str, float]]] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("alarms", prices.ALARM_MONTH),
    "aws:cloudwatch/dashboard:Dashboard": ("dashboards", prices.DASHBOARD_MONTH),
    "aws:kms/key:Key": ("encryption keys", prices.KEY_MONTH),
}
"""Resource type -> what it is called, and US dollars a month for each."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A line of an estimate."""

    what: str
    monthly_usd: float
    because: str
    """How the sum comes about: count, price and unit."""


def of_types(counts: Mapping[str, int]) -> Iterator[Cost]:
    """Lines of what costs the same each month; `counts` says how many of each type there are."""
    for type_, (what, each) in BY_TYPE.items():
        if count := counts.get(type_, 0):
            yield Cost(what=what, monthly_usd=count * each, because=f"{count} at ${each:.2f}")
