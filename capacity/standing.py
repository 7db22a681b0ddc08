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


@dataclass(frozen=True, kw_only=True)
class NetworkSize:
    """What of a private network costs by the hour."""

    zones: int
    interface_endpoints: int
    nat_gateways: int


def of_network(size: NetworkSize) -> Iterator[Cost]:
    """Lines of a network that has just been made; traffic comes on top."""
    if count := size.interface_endpoints * size.zones:
        yield Cost(
            what="interface endpoints",
            monthly_usd=count * prices.INTERFACE_ENDPOINT_HOUR * prices.HOURS_PER_MONTH,
            because=f"{size.interface_endpoints} in {size.zones} zones at "
            f"${prices.INTERFACE_ENDPOINT_HOUR:.3f} an hour, and $0.01 per GB",
        )
    if count := size.nat_gateways:
        yield Cost(
            what="NAT gateways",
            monthly_usd=count * prices.NAT_GATEWAY_HOUR * prices.HOURS_PER_MONTH,
            because=f"{count} at ${prices.NAT_GATEWAY_HOUR:.3f} an hour, and $0.045 per GB",
        )
        yield Cost(
            what="public addresses",
            monthly_usd=count * prices.PUBLIC_ADDRESS_HOUR * prices.HOURS_PER_MONTH,
            because=f"{count} at ${prices.PUBLIC_ADDRESS_HOUR:.3f} an hour",
        )
    yield Cost(
        what="log of connections",
        monthly_usd=0.0,
        because=f"${prices.FLOW_LOG_GB:.2f} per GB, by traffic",
    )


def of_file_system(cache_mb: int) -> Cost:
    """A shared model cache: nothing while it is empty, so the price is told, not a sum."""
    full = cache_mb / 1024 * prices.FILE_SYSTEM_GB_MONTH
    return Cost(
        what="model file system",
        monthly_usd=0.0,
        because=f"${prices.FILE_SYSTEM_GB_MONTH:.2f} per GB-month, by use: ${full:.2f} when its "
        f"{cache_mb:,} MB are full",
    )


def of_types(counts: Mapping[str, int]) -> Iterator[Cost]:
    """Lines of what costs the same each month; `counts` says how many of each type there are."""
    for type_, (what, each) in BY_TYPE.items():
        if count := counts.get(type_, 0):
            yield Cost(what=what, monthly_usd=count * each, because=f"{count} at ${each:.2f}")
