"""What the preview tells of a stack's cost: before a request, by requests, and for each model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from capacity import prices, traffic
from capacity.standing import Cost, Resources, WarmCapacity, full_file_system, standing, unpriced
from capacity.standing import warm as warm_capacity
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Lines in US dollars, with the themes of each part together."""

    region: str | None
    """None where only the engine can read the settings."""
    standing: list[Cost]
    """A month without a request."""
    metrics: list[Cost]
    """A month of custom metrics with data in every hour: comes on top, at most."""
    per_million_requests: list[Cost]
    per_model: list[Cost]
    """A month of one more model."""
    per_tenant: list[Cost]
    """A month of one more client that always has a token."""
    unpriced: list[str] = field(default_factory=list)
    """Resource types of unknown price."""

    def as_json(self) -> dict[str, Any]:
        parts = {
            "standing": self.standing,
            "metrics": self.metrics,
            "per_million_requests": self.per_million_requests,
            "per_model": self.per_model,
            "per_tenant": self.per_tenant,
        }
        return {
            "region": self.region,
            "prices": {"region": prices.REGION, "date": prices.DATE, "currency": "USD"},
            **{
                name: {
                    "usd": total(lines),
                    "free_tier_usd": sum(line.free_usd for line in lines),
                    "lines": [vars(line) for line in lines],
                }
                for name, lines in parts.items()
            },
            "unpriced": self.unpriced,
        }


def estimate(resources: Resources, settings: Settings | None) -> Estimate:
    """`resources` are those of the program; what only settings tell is left out without them."""
    lines = [*standing(resources), *(_of_settings(settings) if settings else ())]
    groups = _groups(settings) if settings else []
    pool = settings is not None and settings.identity.kind == "cognito"
    return Estimate(
        region=settings.region if settings else None,
        standing=[line for theme in _themes(lines) for line in lines if line.theme == theme],
        metrics=[*traffic.metrics(resources, len(groups))],
        per_million_requests=[*traffic.per_million_requests(resources, groups)],
        per_model=[traffic.per_model()],
        per_tenant=[traffic.per_client(settings.identity.token_validity_minutes)]
        if settings and pool
        else [],
        unpriced=unpriced(resources),
    )


def total(lines: Iterable[Cost]) -> float:
    return sum(line.usd for line in lines)


def _of_settings(settings: Settings) -> Iterator[Cost]:
    """Warm capacity, which a release may own, and how large a cache may become."""
    for group in settings.groups:
        if group.launch.provisioned_concurrency:
            yield warm_capacity(
                WarmCapacity(
                    group=group.name,
                    environments=group.launch.provisioned_concurrency,
                    memory_mb=group.memory_mb,
                    architecture=settings.functions.architecture,
                    released=settings.release.owner == "release",
                )
            )
    efs = settings.storage.efs
    if efs is not None and efs.stand_in is None:
        yield full_file_system(efs.cache_mb)


def _groups(settings: Settings) -> list[traffic.Group]:
    """None on the laptop, whose processor has no price."""
    architecture = settings.functions.architecture
    if architecture == "machine":
        return []
    return [
        traffic.Group(name=group.name, memory_mb=group.memory_mb, architecture=architecture)
        for group in settings.groups
    ]


def _themes(lines: Iterable[Cost]) -> list[str]:
    return list(dict.fromkeys(line.theme for line in lines))


def text(estimate: Estimate) -> Iterator[str]:
    """Lines for people: a sum for each theme, and how it comes about."""
    yield f"List prices of {prices.REGION}, {prices.DATE}, in US dollars; not from a bill."
    if estimate.region is None:
        yield (
            "The stack file has encrypted values, so what only settings tell is missing: warm "
            "capacity, the region, metrics of groups, function time, tokens."
        )
    elif estimate.region != prices.REGION:
        yield (
            f"This stack is in {estimate.region}, where much costs more; no figure is scaled. "
            "AWS's calculator has that region's prices."
        )
    for type_ in estimate.unpriced:
        yield f"Not in the sums: {type_}, whose price capacity/standing.py does not know."
    yield from _part("A month without a request", estimate.standing, "in all")
    yield from _part(
        "On top with requests in every hour, at most", estimate.metrics, "in all, without models"
    )
    yield from _part("For each model, a month", estimate.per_model)
    yield from _part("For each tenant, a month", estimate.per_tenant)
    yield from _part(
        "For each million requests", estimate.per_million_requests, "in all, at 100 ms each"
    )
    yield ""
    yield (
        f"Besides: data that leaves AWS at ${prices.DATA_OUT_GB.usd:.2f} per GB, shadow requests, "
        "and what is stored."
    )


def _part(heading: str, lines: Sequence[Cost], last: str = "") -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield heading
    for theme, found in groupby(lines, key=lambda line: line.theme):
        members = list(found)
        if len(members) == 1:
            yield f"{members[0].usd:8.2f}  {theme}, {members[0].what}: {members[0].because}"
            continue
        yield f"{total(members):8.2f}  {theme}"
        yield from (f"{line.usd:12.2f}  {line.what}: {line.because}" for line in members)
    if last:
        free = sum(line.free_usd for line in lines)
        less = f"; an account's free tier may pay {free:.2f} of it" if free else ""
        yield f"{total(lines):8.2f}  {last}{less}"
