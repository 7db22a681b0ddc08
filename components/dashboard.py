"""What dashboards show: the API, the functions, and what each serving group says of itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capacity.prices import (
    LAMBDA_GB_SECOND,
    LAMBDA_REQUEST,
    WARM_GB_SECOND,
    WARM_RUN_GB_SECOND,
)
from components.log_queries import ERRORS_BY_TYPE
from components.widgets import Widget, alarm_states, graph, heading, laid_out, log_table, series
from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric

_LAMBDA = "AWS/Lambda"
_COUNTS: Mapping[str, tuple[Metric, ...]] = {
    "Cold starts": (Metric.COLD_STARTS,),
    "Model cache": (
        Metric.CACHE_HIT_MEMORY,
        Metric.CACHE_HIT_DISK,
        Metric.CACHE_HIT_EFS,
        Metric.CACHE_MISS,
    ),
    "Model cache, pressure and damage": (
        Metric.CACHE_EVICTIONS,
        Metric.CACHE_DISK_REFUSED,
        Metric.CACHE_EFS_REFUSED,
        Metric.CACHE_CORRUPT,
    ),
    "Registry and integrity": (Metric.STALE_READS, Metric.INTEGRITY_FAILURES),
    "Shadow": (
        Metric.SHADOW_SENT,
        Metric.SHADOW_DROPPED,
        Metric.SHADOW_AGREED,
        Metric.SHADOW_DIFFERED,
    ),
}
_COLD_PARTS = (
    Metric.COLD_INIT,
    Metric.COLD_ROUTE,
    Metric.COLD_LOAD,
    Metric.COLD_FIRST_INFERENCE,
)
_LOADS = (Metric.LOAD_DISK, Metric.LOAD_EFS, Metric.LOAD_S3)


@dataclass(frozen=True, kw_only=True)
class GroupView:
    """A serving group, as CloudWatch calls its parts."""

    name: str
    function: str
    log_group: str
    alarms: Sequence[str]
    """ARNs of the alarms on its objectives."""
    memory_mb: int
    architecture: str
    provisioned_concurrency: int


@dataclass(frozen=True, kw_only=True)
class ApiView:
    """The API, as CloudWatch calls its numbers."""

    dimensions: Mapping[str, str]
    client_errors: str
    server_errors: str


def of_stack(
    region: str,
    api: Mapping[str, Any],
    functions: Mapping[str, str],
    groups: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Body of the stack's dashboard: `api` and `groups` have the fields of the views."""
    widgets = [*_overview(region, ApiView(**api), functions)]
    widgets += [widget for group in groups for widget in _of_group(region, GroupView(**group))]
    return laid_out(widgets)


def of_group(region: str, group: Mapping[str, Any]) -> dict[str, Any]:
    """Body of a serving group's own dashboard."""
    return laid_out(_of_group(region, GroupView(**group)))


def _overview(region: str, api: ApiView, functions: Mapping[str, str]) -> Iterator[Widget]:
    """Requests as the gateway sees them, then the functions; `functions` is label -> name."""

    def of_api(name: str, **options: Any) -> list[Any]:
        return series("AWS/ApiGateway", name, api.dimensions, **options)

    yield graph(
        region,
        "Requests",
        [of_api(name) for name in ("Count", api.client_errors, api.server_errors)],
    )
    yield graph(region, "Latency", [of_api("Latency", stat=f"p{rank}") for rank in (50, 95, 99)])
    yield graph(
        region,
        "Function errors and throttles",
        [
            series(_LAMBDA, metric, {"FunctionName": function}, label=f"{label} {metric}")
            for label, function in functions.items()
            for metric in ("Errors", "Throttles")
        ],
    )


def _of_group(region: str, group: GroupView) -> Iterator[Widget]:
    """All of one serving group."""
    function = {"FunctionName": group.function}

    def panel(title: str, metrics: Sequence[Sequence[Any]], *rest: Any, **options: Any) -> Widget:
        return graph(region, f"{group.name}: {title}", metrics, *rest, **options)

    def mine(metric: Metric, **options: Any) -> list[Any]:
        return series(NAMESPACE, metric.value, {GROUP_DIMENSION: group.name}, **options)

    yield heading(f"Serving group {group.name}")
    if group.alarms:
        yield alarm_states(f"{group.name}: Objectives", group.alarms)
    yield panel("Latency", [mine(Metric.LATENCY, stat=f"p{rank}") for rank in (50, 95, 99)])
    yield panel(
        "Requests and failures",
        [
            mine(Metric.REQUESTS),
            mine(Metric.ERRORS),
            series(_LAMBDA, "Errors", function, label="crashed"),
            series(_LAMBDA, "Throttles", function, label="throttled"),
        ],
    )
    yield log_table(region, f"{group.name}: Errors by type", [group.log_group], ERRORS_BY_TYPE)
    yield panel("Parts of a cold start", [mine(metric) for metric in _COLD_PARTS], "p95")
    yield panel("Loading", [mine(metric) for metric in _LOADS], "p95")
    for title, metrics in _COUNTS.items():
        yield panel(title, [mine(metric) for metric in metrics])
    yield panel(
        "Concurrency",
        [
            series(_LAMBDA, "ConcurrentExecutions", function),
            series(_LAMBDA, "ProvisionedConcurrentExecutions", function),
            series(
                _LAMBDA,
                "ProvisionedConcurrencySpilloverInvocations",
                function,
                stat="Sum",
                yAxis="right",
            ),
        ],
        "Maximum",
    )
    yield panel(
        "US dollars per 1,000 requests",
        [
            *(
                series(_LAMBDA, name, function, id=id_, visible=False)
                for id_, name in COST_METRICS.items()
            ),
            mine(Metric.REQUESTS, id="requests", visible=False),
            [{"id": "usd", "label": "function", "expression": cost_per_thousand(group)}],
        ],
        period=3_600,
    )


COST_METRICS: Mapping[str, str] = {
    "duration": "Duration",
    "invocations": "Invocations",
    "warm": "ProvisionedConcurrencyInvocations",
}
"""Id in the cost's expression -> metric of Lambda, summed up."""


def cost_per_thousand(group: GroupView) -> str:
    """US dollars of 1,000 requests, as metric math over `COST_METRICS` and `requests`.

    List prices of us-east-1 (`capacity.prices`): memory for as long as calls ran, at the price of
    warm environments where they ran there; calls; and warm capacity, used or not, as the stack file
    has it. Without initialisation, gateway, logs and storage.
    """
    gb = group.memory_mb / 1024
    plain = LAMBDA_GB_SECOND[group.architecture].usd
    terms = [
        f"duration / 1000 * {_number(gb * plain)}",
        f"invocations * {_number(LAMBDA_REQUEST.usd)}",
    ]
    if group.provisioned_concurrency:
        saved = gb * (plain - WARM_RUN_GB_SECOND[group.architecture].usd)
        kept = group.provisioned_concurrency * gb * WARM_GB_SECOND[group.architecture].usd
        share = "FILL(warm, 0) / invocations"
        terms[0] += f" - duration / 1000 * {_number(saved)} * {share}"
        terms.append(f"PERIOD(invocations) * {_number(kept)}")
    return f"1000 * ({' + '.join(terms)}) / requests"


def _number(value: float) -> str:
    """Without an exponent, which metric math does not know."""
    return f"{value:.12f}".rstrip("0")
