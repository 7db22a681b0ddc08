"""The body of the dashboard, built from the names in `contracts.metrics`."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3
_PANELS: Mapping[str, tuple[Metric, ...]] = {
    "Cold starts": (Metric.COLD_STARTS,),
    "Parts of a cold start": (
        Metric.COLD_INIT,
        Metric.COLD_ROUTE,
        Metric.COLD_LOAD,
        Metric.COLD_FIRST_INFERENCE,
    ),
    "Model cache": (
        Metric.CACHE_HIT_MEMORY,
        Metric.CACHE_HIT_DISK,
        Metric.CACHE_HIT_EFS,
        Metric.CACHE_MISS,
        Metric.CACHE_EVICTIONS,
        Metric.CACHE_DISK_REFUSED,
        Metric.CACHE_EFS_REFUSED,
        Metric.CACHE_CORRUPT,
    ),
    "Loading": (Metric.LOAD_DISK, Metric.LOAD_EFS, Metric.LOAD_S3),
    "Registry and integrity": (Metric.STALE_READS, Metric.INTEGRITY_FAILURES),
    "Shadow": (
        Metric.SHADOW_SENT,
        Metric.SHADOW_DROPPED,
        Metric.SHADOW_AGREED,
        Metric.SHADOW_DIFFERED,
    ),
}


def dashboard(
    region: str,
    api: Mapping[str, str],
    errors: Sequence[str],
    groups: Sequence[str],
    functions: Mapping[str, str],
) -> dict[str, Any]:
    """Requests as the gateway sees them, the functions, then what each serving group says."""
    front = [text for dimension in api.items() for text in dimension]
    panels = [
        _panel(
            region,
            "Requests",
            [["AWS/ApiGateway", name, *front] for name in ("Count", *errors)],
            "Sum",
        ),
        _panel(region, "Latency", [["AWS/ApiGateway", "Latency", *front]], "p99"),
        _panel(
            region,
            "Function errors and throttles",
            [
                ["AWS/Lambda", metric, "FunctionName", function, {"label": f"{label} {metric}"}]
                for label, function in functions.items()
                for metric in ("Errors", "Throttles")
            ],
            "Sum",
        ),
        *(
            _panel(
                region,
                f"{group}: {title}",
                [[NAMESPACE, metric.value, GROUP_DIMENSION, group] for metric in metrics],
                "p99" if metrics[0].unit == "Milliseconds" else "Sum",
            )
            for group in groups
            for title, metrics in _PANELS.items()
        ),
    ]
    return {
        "widgets": [
            panel
            | {
                "x": index % _COLUMNS * _WIDTH,
                "y": index // _COLUMNS * _HEIGHT,
                "width": _WIDTH,
                "height": _HEIGHT,
            }
            for index, panel in enumerate(panels)
        ]
    }


def _panel(
    region: str, title: str, metrics: Sequence[Sequence[Any]], statistic: str
) -> dict[str, Any]:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": region,
            "metrics": metrics,
            "stat": statistic,
            "period": 60,
            "view": "timeSeries",
        },
    }
