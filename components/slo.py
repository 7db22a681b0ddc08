"""Alarms on objectives, as data: what is measured, the metric math, and which windows are joined.

A window is the period of a metric alarm. An alarm has one period for all its metrics, so the two
windows of a burn-rate alert are two alarms, which a composite alarm joins. Alternatives cost more
or tell less: docs/components/Observability.md has the reckoning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.metrics import NAMESPACE, Metric
from settings import Objectives
from settings.burn_rates import (
    BURN_ALERTS,
    DAY,
    HOUR,
    MINUTE,
    SEVERITIES,
    BurnAlert,
    Severity,
    error_budget,
)

BURNING = "burn"
"""Id of the expression that the alarm watches: the budget's burn rate over the window."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A metric that an alarm reads, summed up over its window."""

    namespace: str
    name: str
    statistic: str
    of_function: bool = False
    """Its dimensions are the function's alias; else the serving group."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A promise of a serving group."""

    name: str
    """Part of the alarms' names, and the section of the runbook behind `slo-`."""
    percent: float
    measured: Mapping[str, Measured]
    """By id in the expressions."""
    bad: str
    """Requests of the window that missed the objective, as metric math over the ids."""
    total: str
    """All requests of the window, as metric math over the ids."""
    why: Mapping[Severity, str]

    def expressions(self, minimum_bad: int) -> dict[str, str]:
        """Metric math by id; `BURNING` is 0 while fewer than `minimum_bad` requests were bad.

        A count of bad requests, not of all: of a hundred requests at night one is still just one.
        """
        budget = error_budget(self.percent)
        return {
            "bad": self.bad,
            "total": self.total,
            BURNING: f"IF(bad < {minimum_bad}, 0, bad / total / {budget!r})",
        }


@dataclass(frozen=True, kw_only=True)
class Window:
    """A metric alarm: the burn rate of one window."""

    label: str
    seconds: int
    rate: float
    expressions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A composite alarm: goes off when all windows of any of its pairs burn."""

    objective: Objective
    severity: Severity
    pairs: tuple[tuple[Window, Window], ...]
    """A long window and a short one each."""

    @property
    def label(self) -> str:
        return f"{self.objective.name}-{self.severity}"

    @property
    def windows(self) -> list[Window]:
        return [window for pair in self.pairs for window in pair]

    def rule(self, names: Mapping[str, str]) -> str:
        """The composite alarm's rule; `names` has the physical name of each window's alarm."""
        return " OR ".join(
            "({})".format(" AND ".join(f'ALARM("{names[one.label]}")' for one in pair))
            for pair in self.pairs
        )


def objectives_of(promised: Objectives) -> tuple[Objective, ...]:
    """What a serving group promises, in terms of its metrics."""
    # A series without points makes what is computed from it empty too, so all are filled.
    unanswered = "FILL(crashed, 0) + FILL(throttled, 0)"
    slow_share = "(100 - FILL(within, 100)) / 100"
    return (
        Objective(
            name="availability",
            percent=promised.availability_percent,
            measured={
                "requests": _of_group(Metric.REQUESTS, "Sum"),
                "failed": _of_group(Metric.ERRORS, "Sum"),
                # Of a call that was killed or never began there is no log line, and no metric of
                # ours.
                "crashed": _of_function("Errors"),
                "throttled": _of_function("Throttles"),
            },
            bad=f"FILL(failed, 0) + {unanswered}",
            total=f"FILL(requests, 0) + {unanswered}",
            why={
                "page": "So many requests fail that the month's error budget is soon used up.",
                "ticket": "Requests fail faster than the error budget allows, for days.",
            },
        ),
        Objective(
            name="latency",
            percent=promised.latency_percent,
            measured={
                "requests": _of_group(Metric.LATENCY, "SampleCount"),
                "within": _of_group(Metric.LATENCY, f"PR(:{promised.latency_ms})"),
            },
            bad=f"FILL(requests, 0) * {slow_share}",
            total="FILL(requests, 0)",
            why={
                "page": "So many requests are slow that the month's budget is soon used up.",
                "ticket": "Requests are slow more often than the objective allows, for days.",
            },
        ),
    )


def alerts(promised: Objectives) -> Iterator[Alert]:
    """What tells people: for each objective a page and a ticket."""
    for objective in objectives_of(promised):
        for severity in SEVERITIES:
            yield Alert(
                objective=objective,
                severity=severity,
                pairs=tuple(
                    (
                        _window(objective, burn, burn.long_seconds, promised.minimum_bad_requests),
                        # That it still goes on, any bad request tells.
                        _window(objective, burn, burn.short_seconds, 1),
                    )
                    for burn in BURN_ALERTS
                    if burn.severity == severity
                ),
            )


def _window(objective: Objective, burn: BurnAlert, seconds: int, minimum_bad: int) -> Window:
    return Window(
        label=f"{objective.name}-{burn.severity}-{span(seconds)}",
        seconds=seconds,
        rate=burn.rate,
        expressions=objective.expressions(minimum_bad),
    )


def _of_group(metric: Metric, statistic: str) -> Measured:
    return Measured(namespace=NAMESPACE, name=metric.value, statistic=statistic)


def _of_function(name: str) -> Measured:
    return Measured(namespace="AWS/Lambda", name=name, statistic="Sum", of_function=True)


def span(seconds: int) -> str:
    """`5m`, `6h`, `3d`."""
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"
