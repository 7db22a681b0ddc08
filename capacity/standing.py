"""What a stack costs in a month without a request, from the resources that it has.

Every resource type is either priced here or in `capacity.free_types` with the reason why it costs
nothing while it stands; `unpriced` names the others.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from capacity import prices
from capacity.free_types import FREE

Inputs = Mapping[str, Any]
"""Inputs of a resource, in the provider's spelling."""
Resources = Mapping[str, Sequence[Inputs]]
"""Type token -> the resources of that type."""
EMPTY_POLLS_PER_MONTH: Final = 5 * prices.SECONDS_PER_MONTH // 20
"""Requests to a queue by a mapping that finds nothing: five pollers wait 20 s each (Lambda
developer guide, scaling of SQS event sources)."""
FREE_DASHBOARD_METRICS: Final = 50
"""An account's three free dashboards show no more each (CloudWatch pricing, free tier)."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A line of an estimate."""

    theme: str
    what: str
    usd: float
    because: str
    """How the sum comes about: count, price and unit."""
    free_usd: float = 0.0
    """What of it an account's own free tier pays, when nothing else of the account uses that up."""


@dataclass(frozen=True, kw_only=True)
class WarmCapacity:
    """Environments that a serving group keeps, as its settings say."""

    group: str
    environments: int
    memory_mb: int
    architecture: str
    released: bool
    """`warmline release` makes and removes them; `up` has no resource of them."""


def standing(resources: Resources) -> Iterator[Cost]:
    """Lines of a month, theme by theme."""
    for type_, priced in PRICED.items():
        if found := resources.get(type_):
            yield from priced(found)


def unpriced(resources: Resources) -> list[str]:
    """Types that no table knows: their price has to be looked up."""
    return sorted(t for t, found in resources.items() if found and t not in {*PRICED, *FREE})


def warm(capacity: WarmCapacity) -> Cost:
    """Provisioned concurrency, paid for from its first minute to its last."""
    price = prices.WARM_GB_SECOND[capacity.architecture]
    gb = capacity.environments * capacity.memory_mb / 1024
    owner = "kept by `warmline release`, twice while one runs" if capacity.released else "in `up`"
    return Cost(
        theme="warm capacity",
        what=f"group {capacity.group}",
        usd=gb * price.usd * prices.SECONDS_PER_MONTH,
        because=f"{capacity.environments} of {capacity.memory_mb:,} MB at ${price.usd:.10f} per "
        f"GB-second ({capacity.architecture}), {owner}",
    )


def full_file_system(cache_mb: int) -> Cost:
    """A shared model cache: nothing while it is empty, so the price is told, not a sum."""
    price = prices.FILE_GB_MONTH.usd
    return Cost(
        theme="storage",
        what="model file system",
        usd=0.0,
        because=f"${price:.2f} per GB-month, by use: ${cache_mb / 1024 * price:.2f} when its "
        f"{cache_mb:,} MB are full",
    )


def _each(theme: str, what: str, price: prices.Price) -> Callable[[Sequence[Inputs]], list[Cost]]:
    """For a type of which each costs the same."""

    def priced(found: Sequence[Inputs]) -> list[Cost]:
        usd = len(found) * price.usd
        return [
            Cost(theme=theme, what=what, usd=usd, because=f"{len(found)} at ${price.usd:.2f}"),
        ]

    return priced


def _by_use(theme: str, what: str, because: str) -> Callable[[Sequence[Inputs]], list[Cost]]:
    """For a type that costs by what is in it, which a preview cannot know."""
    return lambda _found: [Cost(theme=theme, what=what, usd=0.0, because=because)]


def _by_the_hour(what: str, price: prices.Price, more: str = "") -> Callable[..., list[Cost]]:
    def priced(found: Sequence[Inputs]) -> list[Cost]:
        because = f"{len(found)} at ${price.usd:.3f} an hour{more}"
        return [
            Cost(theme="network", what=what, usd=len(found) * price.month, because=because),
        ]

    return priced


def _listed(inputs: Inputs, key: str) -> list[Any]:
    """Nothing of a value that is absent, or not known before `up`."""
    found = inputs.get(key)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _endpoints(found: Sequence[Inputs]) -> Iterator[Cost]:
    """Gateway endpoints are free."""
    interfaces = [each for each in found if each.get("vpcEndpointType") == "Interface"]
    if not interfaces:
        return
    price = prices.INTERFACE_ENDPOINT
    zones = sum(max(1, len(_listed(each, "subnetIds"))) for each in interfaces)
    yield Cost(
        theme="network",
        what="interface endpoints",
        usd=zones * price.month,
        because=f"{len(interfaces)} with {zones} zones in all at ${price.usd:.3f} an hour, and "
        "$0.01 per GB",
    )


def _keys(found: Sequence[Inputs]) -> Iterator[Cost]:
    rotating = sum(bool(each.get("enableKeyRotation")) for each in found)
    because = f"{len(found)} at ${prices.KEY.usd:.2f}"
    if rotating:
        because += f"; for each of {rotating} that rotate as much again after one and two years"
    usd = len(found) * prices.KEY.usd
    yield Cost(theme="encryption keys", what="keys", usd=usd, because=because)


def watched_metrics(alarm: Inputs) -> int:
    """Metrics that an alarm pays for: one, or those that its expressions read."""
    queries = _listed(alarm, "metricQueries")
    return sum(1 for query in queries if query.get("metric")) or 1


def _alarms(found: Sequence[Inputs]) -> Iterator[Cost]:
    metrics = sum(watched_metrics(alarm) for alarm in found)
    yield Cost(
        theme="observability",
        what="alarms",
        usd=metrics * prices.ALARM.usd,
        because=f"{len(found)} that watch {metrics} metrics at ${prices.ALARM.usd:.2f}",
        free_usd=min(metrics, 10) * prices.ALARM.usd,
    )


def _shown_metrics(dashboard: Inputs) -> int:
    """None of a body that is not known yet."""
    try:
        widgets = json.loads(dashboard["dashboardBody"])["widgets"]
    except (KeyError, TypeError, ValueError):
        return 0
    return sum(len(widget["properties"].get("metrics", ())) for widget in widgets)


def _dashboards(found: Sequence[Inputs]) -> Iterator[Cost]:
    small = sum(_shown_metrics(dashboard) <= FREE_DASHBOARD_METRICS for dashboard in found)
    yield Cost(
        theme="observability",
        what="dashboards",
        usd=len(found) * prices.DASHBOARD.usd,
        because=f"{len(found)} at ${prices.DASHBOARD.usd:.2f}; three of an account with at most "
        f"{FREE_DASHBOARD_METRICS} metrics are free",
        free_usd=min(small, 3) * prices.DASHBOARD.usd,
    )


def _firewalls(found: Sequence[Inputs]) -> Iterator[Cost]:
    rules = sum(len(_listed(each, "rules")) for each in found)
    yield Cost(
        theme="front door",
        what="firewall",
        usd=len(found) * prices.FIREWALL.usd + rules * prices.FIREWALL_RULE.usd,
        because=f"{len(found)} web ACL at ${prices.FIREWALL.usd:.2f}, {rules} rules and managed "
        f"groups at ${prices.FIREWALL_RULE.usd:.2f}",
    )


def _functions(found: Sequence[Inputs]) -> Iterator[Cost]:
    """Functions cost by use, their snapshots by the month."""
    kept = [f for f in found if f.get("snapStart")]
    if kept:
        price = prices.SNAPSHOT_GB_SECOND
        gb = sum(float(each.get("memorySize") or 128) / 1024 for each in kept)
        yield Cost(
            theme="warm capacity",
            what="snapshots",
            usd=gb * price.usd * prices.SECONDS_PER_MONTH,
            because=f"one version of each of {len(kept)} functions at ${price.usd:.10f} per "
            "GB-second; every published version that is kept costs as much",
        )


def _polling(found: Sequence[Inputs]) -> Iterator[Cost]:
    usd = len(found) * EMPTY_POLLS_PER_MONTH * prices.QUEUE_REQUEST.usd
    yield Cost(
        theme="queues",
        what="polling of empty queues",
        usd=usd,
        because=f"{len(found)} with about {EMPTY_POLLS_PER_MONTH:,} requests a month at $0.40 per "
        "million",
        free_usd=min(usd, 1e6 * prices.QUEUE_REQUEST.usd),
    )


PRICED: Final[Mapping[str, Callable[[Sequence[Inputs]], Iterator[Cost] | list[Cost]]]] = {
    "aws:kms/key:Key": _keys,
    "aws:kms/replicaKey:ReplicaKey": _each("encryption keys", "replicas", prices.KEY),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoints,
    "aws:ec2/natGateway:NatGateway": _by_the_hour(
        "NAT gateways", prices.NAT_GATEWAY, ", and $0.045 per GB"
    ),
    "aws:ec2/eip:Eip": _by_the_hour("public addresses", prices.PUBLIC_ADDRESS),
    "aws:ec2/flowLog:FlowLog": _by_use(
        "network",
        "log of connections",
        f"${prices.LOG_INGESTED_GB.usd:.2f} per GB, by traffic",
    ),
    "aws:wafv2/webAcl:WebAcl": _firewalls,
    "aws:lambda/function:Function": _functions,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _polling,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarms,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _each(
        "observability", "composite alarms", prices.COMPOSITE_ALARM
    ),
    "aws:cloudwatch/dashboard:Dashboard": _dashboards,
    "aws:cloudwatch/logGroup:LogGroup": _by_use(
        "observability",
        "logs",
        f"${prices.LOG_INGESTED_GB.usd:.2f} per GB taken in, "
        f"${prices.LOG_STORED_GB_MONTH.usd:.2f} per GB-month kept, "
        f"${prices.LOG_SCANNED_GB.usd:.3f} per GB that a query scans",
    ),
    "aws:s3/bucket:Bucket": _by_use(
        "storage",
        "buckets",
        f"${prices.OBJECT_GB_MONTH.usd:.3f} per GB-month, old versions included",
    ),
    "aws:dynamodb/table:Table": _by_use(
        "storage",
        "registry",
        f"${prices.TABLE_GB_MONTH.usd:.2f} per GB-month, and "
        f"${prices.TABLE_RECOVERY_GB_MONTH.usd:.2f} for recovery to a point in time",
    ),
    "aws:ecr/repository:Repository": _by_use(
        "storage", "images", f"${prices.IMAGE_GB_MONTH.usd:.2f} per GB-month"
    ),
    "aws:efs/fileSystem:FileSystem": _by_use(
        "storage",
        "file system",
        f"${prices.FILE_GB_MONTH.usd:.2f} per GB-month, backups at a sixth of it",
    ),
}
"""Type -> lines for the resources of that type."""
