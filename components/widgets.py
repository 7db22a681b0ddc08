"""Widgets of a CloudWatch dashboard, and their places on its grid."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Widget = dict[str, Any]

_COLUMNS = 24
_WIDTH, _HEIGHT = 8, 6


def graph(
    region: str,
    title: str,
    metrics: Sequence[Sequence[Any]],
    statistic: str = "Sum",
    **properties: Any,
) -> Widget:
    """Lines over time; each of `metrics` is a metric or an expression, as CloudWatch has it."""
    return _sized(
        "metric",
        title=title,
        region=region,
        metrics=metrics,
        stat=statistic,
        view="timeSeries",
        **({"period": 60} | properties),
    )


def log_table(region: str, title: str, log_groups: Sequence[str], query: str) -> Widget:
    """The rows of a query, which is run and paid for whenever the dashboard is shown."""
    sources = " | ".join(f"SOURCE '{group}'" for group in log_groups)
    return _sized("log", title=title, region=region, query=f"{sources} | {query}", view="table")


def alarm_states(title: str, alarms: Sequence[str]) -> Widget:
    """`alarms` are ARNs."""
    return _sized("alarm", title=title, alarms=alarms)


def heading(text: str) -> Widget:
    """A line across the dashboard, below which the next widgets begin."""
    return {
        "type": "text",
        "width": _COLUMNS,
        "height": 1,
        "properties": {"markdown": f"# {text}", "background": "transparent"},
    }


def series(namespace: str, name: str, dimensions: Mapping[str, str], **options: Any) -> list[Any]:
    """A metric as an element of a graph."""
    flat = [text for dimension in dimensions.items() for text in dimension]
    return [namespace, name, *flat, *([options] if options else [])]


def laid_out(widgets: Iterable[Widget]) -> dict[str, Any]:
    """The body of a dashboard: from left to right, and on in the next row where one is full."""
    placed: list[Widget] = []
    x = y = row = 0
    for widget in widgets:
        if x + widget["width"] > _COLUMNS:
            x, y, row = 0, y + row, 0
        placed.append(widget | {"x": x, "y": y})
        x, row = x + widget["width"], max(row, widget["height"])
    return {"widgets": placed}


def _sized(type_: str, **properties: Any) -> Widget:
    return {"type": type_, "width": _WIDTH, "height": _HEIGHT, "properties": properties}
