"""What requests and models add to a stack's cost, from its resources and its serving groups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from capacity import prices
from capacity.standing import Cost, Inputs, Resources
from contracts.metrics import Metric

MILLION: Final = 1e6
REQUEST_LINE_BYTES: Final = 1_000
"""A warm inference's log line with its metrics, measured in tests/unit/capacity."""
PLATFORM_LINES_BYTES: Final = 500
"""Lambda's own START, END, REPORT and XRAY lines of a request, counted from its documentation."""
FIREWALL_LINE_BYTES: Final = 2_000
"""Not measured: nothing here writes one. AWS's examples have 1 to 2 KB."""
SAMPLED_SHARE: Final = 0.05
"""X-Ray's default rule: of what comes beyond one request a second."""
HTTP_ROUTE_METRICS: Final = 6
"""4xx, 5xx, Count, DataProcessed, IntegrationLatency, Latency (API Gateway developer guide)."""
REST_METHOD_METRICS: Final = 5
"""4XXError, 5XXError, Count, IntegrationLatency, Latency (API Gateway developer guide)."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A serving group, as its settings say."""

    name: str
    memory_mb: int
    architecture: str


def group_metrics() -> int:
    """Custom metrics of one serving group however many models it serves: those that carry the group
    alone, and those of requests that met no model."""
    return sum(metric.of_group for metric in Metric) + model_metrics()


def model_metrics() -> int:
    """Custom metrics that each model adds."""
    return sum(metric.per_model for metric in Metric)


def metrics(resources: Resources, groups: int) -> Iterator[Cost]:
    """A month of custom metrics when each has data in every hour: the most that they can cost.

    What carries a model's name comes on top: see `per_model`.
    """
    each = prices.CUSTOM_METRIC.usd
    if count := groups * group_metrics():
        yield Cost(
            theme="metrics",
            what="of serving groups",
            usd=count * each,
            because=f"{group_metrics()} for each of {groups} groups at ${each:.2f}",
            free_usd=10 * each,
        )
    routes, kind = _detailed(resources)
    if routes:
        yield Cost(
            theme="metrics",
            what="of routes",
            usd=routes * kind * each,
            because=f"{kind} that the gateway writes for each of {routes} routes at ${each:.2f}",
        )


def _detailed(resources: Resources) -> tuple[int, int]:
    """Routes with metrics of their own, and how many each has."""
    if any(
        _within(stage, "defaultRouteSettings", "detailedMetricsEnabled")
        for stage in resources.get("aws:apigatewayv2/stage:Stage", ())
    ):
        return len(resources.get("aws:apigatewayv2/route:Route", ())), HTTP_ROUTE_METRICS
    if any(
        _within(method, "settings", "metricsEnabled")
        for method in resources.get("aws:apigateway/methodSettings:MethodSettings", ())
    ):
        return len(resources.get("aws:apigateway/method:Method", ())), REST_METHOD_METRICS
    return 0, 0


def per_model() -> Cost:
    each = prices.CUSTOM_METRIC.usd
    return Cost(
        theme="metrics",
        what="custom metrics",
        usd=model_metrics() * each,
        because=f"{model_metrics()} at ${each:.2f} with requests in every hour; only models of the "
        "registry have any, never a name that a caller made up",
    )


def per_client(minutes: int) -> Cost:
    """A tenant whose client asks for a new token whenever its last one ends."""
    tokens = prices.HOURS_PER_MONTH * 60 / minutes
    return Cost(
        theme="identity",
        what="tokens",
        usd=tokens * prices.TOKEN.usd,
        because=f"{tokens:,.0f} a month, one every {minutes} minutes, at "
        f"${prices.TOKEN.usd * 1e3:.2f} per thousand",
    )


def per_million_requests(resources: Resources, groups: Sequence[Group]) -> Iterator[Cost]:
    """Inference requests that a warm environment of the largest group answers."""
    yield from _gateway(resources)
    request = prices.LAMBDA_REQUEST
    yield _million("function", "calls", request.usd, f"at ${request.usd * MILLION:.2f}")
    if groups:
        yield _run(max(groups, key=lambda group: group.memory_mb))
    yield _lines("function's log", REQUEST_LINE_BYTES + PLATFORM_LINES_BYTES)
    for stage in _stages(resources):
        if log_format := _within(stage, "accessLogSettings", "format"):
            yield _lines("access log", len(str(log_format)))
    if resources.get("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"):
        yield _lines("firewall log", FIREWALL_LINE_BYTES)
    if _traced(resources):
        yield _million(
            "observability",
            "traces",
            SAMPLED_SHARE * prices.TRACE.usd,
            f"{SAMPLED_SHARE:.0%} at ${prices.TRACE.usd * MILLION:.2f} per million; one a second "
            "comes on top",
        )


def _gateway(resources: Resources) -> Iterator[Cost]:
    for type_, price in (
        ("aws:apigateway/restApi:RestApi", prices.REST_REQUEST),
        ("aws:apigatewayv2/api:Api", prices.HTTP_REQUEST),
        ("aws:wafv2/webAcl:WebAcl", prices.FIREWALL_REQUEST),
    ):
        if resources.get(type_):
            what = "firewall" if "waf" in type_ else "gateway"
            because = f"at ${price.usd * MILLION:.2f} ({price.source})"
            yield _million("front door", what, price.usd, because)


def _run(group: Group) -> Cost:
    """A tenth of a second, so that a measured duration is easily put in its place."""
    price = prices.LAMBDA_GB_SECOND[group.architecture]
    warm = prices.WARM_RUN_GB_SECOND[group.architecture]
    return _million(
        "function",
        "each 100 ms",
        0.1 * group.memory_mb / 1024 * price.usd,
        f"{group.memory_mb:,} MB of group {group.name} at ${price.usd:.10f} per GB-second "
        f"({group.architecture}); ${warm.usd:.10f} in warm capacity",
    )


def _stages(resources: Resources) -> Iterator[Inputs]:
    yield from resources.get("aws:apigatewayv2/stage:Stage", ())
    yield from resources.get("aws:apigateway/stage:Stage", ())


def _traced(resources: Resources) -> bool:
    return any(
        _within(function, "tracingConfig", "mode") == "Active"
        for function in resources.get("aws:lambda/function:Function", ())
    )


def _within(inputs: Inputs, section: str, key: str) -> Any:
    found = inputs.get(section)
    return cast("Inputs", found).get(key) if isinstance(found, Mapping) else None


def _lines(what: str, size: int) -> Cost:
    price = prices.LOG_INGESTED_GB
    because = f"about {size:,} bytes a request at ${price.usd:.2f} per GB"
    return _million("observability", what, size / 1e9 * price.usd, because)


def _million(theme: str, what: str, each_usd: float, because: str) -> Cost:
    return Cost(theme=theme, what=what, usd=each_usd * MILLION, because=because)
