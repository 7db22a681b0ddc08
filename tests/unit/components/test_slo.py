"""Which alarm tells of what and when: the alarms' own texts, over minutes of traffic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pytest
import yaml

from components.packaging import ROOT
from components.slo import BURNING, Alert, Measured, Window, alerts
from settings import Objectives
from settings.burn_rates import (
    BURN_ALERTS,
    DAY,
    FASTEST_RATE,
    HOUR,
    MINUTE,
    burn_rate,
    error_budget,
)
from tests.metric_math import evaluate, holds

pytestmark = pytest.mark.unit

PROMISED = Objectives(
    **yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]["warmline:observability"][
        "objectives"
    ]
)
LATENCY = f"PR(:{PROMISED.latency_ms})"


@dataclass(frozen=True)
class Traffic:
    """Counts of one minute; `served` includes what failed or was slow."""

    served: int = 0
    failed: int = 0
    slow: int = 0
    crashed: int = 0
    throttled: int = 0


QUIET = Traffic()
GOOD = Traffic(served=1_000)


class History:
    """Sums over windows of the last minutes."""

    def __init__(self, minutes: Sequence[Traffic]) -> None:
        self.minutes = len(minutes)
        self._sums = {
            name: [0, *accumulate(getattr(minute, name) for minute in minutes)]
            for name in vars(QUIET)
        }

    def before(self, minute: int, seconds: int) -> Traffic:
        """What came in the window that ends with this minute."""
        start = max(0, minute + 1 - seconds // MINUTE)
        return Traffic(
            **{name: sums[minute + 1] - sums[start] for name, sums in self._sums.items()}
        )


def seen(measured: Measured, window: Traffic) -> float | None:
    """What CloudWatch has of a metric; a function that is not called emits none."""
    called = window.served + window.crashed
    match measured.name, measured.statistic:
        case ("requests", "Sum") | ("latency_ms", "SampleCount"):
            return window.served or None
        case "errors", "Sum":
            return window.failed if window.served else None
        case "latency_ms", rank if rank == LATENCY:
            return 100 - 100 * window.slow / window.served if window.served else None
        case "Errors", "Sum":
            return window.crashed if called else None
        case "Throttles", "Sum":
            return window.throttled or None
    raise AssertionError(measured)


def burning(alert: Alert, window: Window, traffic: Traffic) -> bool:
    given = {name: seen(metric, traffic) for name, metric in alert.objective.measured.items()}
    burn = evaluate(window.expressions, given, window.seconds)[BURNING]
    return burn is not None and burn >= window.rate


def minutes_on(alert: Alert, minutes: Sequence[Traffic], since: int = 0) -> list[int]:
    """The minutes in which the composite alarm is on."""
    history = History(minutes)
    rule = alert.rule({window.label: window.label for window in alert.windows})

    def on(minute: int) -> Iterator[str]:
        for window in alert.windows:
            if burning(alert, window, history.before(minute, window.seconds)):
                yield window.label

    return [minute for minute in range(since, history.minutes) if holds(rule, on(minute))]


def of(label: str, promised: Objectives = PROMISED) -> Alert:
    (found,) = (alert for alert in alerts(promised) if alert.label == label)
    return found


ALL = [alert.label for alert in alerts(PROMISED)]
DAYS = DAY // MINUTE
"""Minutes of a day."""


def test_the_rates_follow_from_the_fraction_of_the_budget_and_the_window() -> None:
    assert burn_rate(0.02, HOUR) == 14.4
    assert burn_rate(0.05, 6 * HOUR) == 6
    assert burn_rate(0.10, 3 * DAY) == 1
    assert burn_rate(1, 30 * DAY) == 1
    assert [alert.rate for alert in BURN_ALERTS] == [14.4, 6, 1]
    assert FASTEST_RATE == 14.4


def test_the_short_window_is_a_twelfth_of_the_long_one() -> None:
    assert {alert.long_seconds / alert.short_seconds for alert in BURN_ALERTS} == {12}


@pytest.mark.parametrize(("percent", "budget"), [(99.9, 0.001), (99.95, 0.0005), (99, 0.01)])
def test_the_budget_is_exactly_what_the_objective_leaves(percent: float, budget: float) -> None:
    assert error_budget(percent) == budget


@pytest.mark.parametrize("outage", [Traffic(served=1_000, failed=1_000), Traffic(crashed=1_000)])
def test_a_total_outage_pages_within_two_minutes(outage: Traffic) -> None:
    minutes = [GOOD] * 360 + [outage] * 5
    assert minutes_on(of("availability-page"), minutes)[0] <= 361
    assert minutes_on(of("latency-page"), minutes) == []


def test_a_function_that_is_throttled_for_everyone_pages_too() -> None:
    minutes = [GOOD] * 360 + [Traffic(throttled=1_000)] * 5
    assert minutes_on(of("availability-page"), minutes)[0] <= 361


def test_an_outage_from_the_first_request_on_pages() -> None:
    assert minutes_on(of("availability-page"), [Traffic(crashed=20)] * 3)[0] == 0


def test_at_one_request_a_minute_an_outage_pages_when_the_tenth_failed() -> None:
    sparse, failing = Traffic(served=1), Traffic(served=1, failed=1)
    assert minutes_on(of("availability-page"), [sparse] * 360 + [failing] * 30)[0] == 369


def test_a_blip_of_two_minutes_is_over_five_minutes_later() -> None:
    minutes = [GOOD] * 360 + [Traffic(served=1_000, failed=1_000)] * 2 + [GOOD] * 60
    on = minutes_on(of("availability-page"), minutes)
    assert on
    assert on[-1] <= 362 + 5


def test_a_slow_burn_at_twice_the_budget_is_a_ticket_and_no_page() -> None:
    minutes = [GOOD] * (3 * DAYS) + [Traffic(served=1_000, failed=2)] * (3 * DAYS)
    assert minutes_on(of("availability-page"), minutes, since=3 * DAYS) == []
    first = minutes_on(of("availability-ticket"), minutes, since=3 * DAYS)[0]
    assert 4 * DAYS < first < 5 * DAYS


def test_what_the_budget_allows_is_told_to_nobody() -> None:
    minutes = [Traffic(served=10_000, failed=9, slow=90)] * (3 * DAYS)
    for label in ALL:
        assert minutes_on(of(label), minutes, since=3 * DAYS - 60) == []


@pytest.mark.parametrize("label", ALL)
def test_without_traffic_nothing_goes_off(label: str) -> None:
    assert minutes_on(of(label), [QUIET] * 720) == []


def test_one_failed_request_at_night_wakes_nobody() -> None:
    night = [Traffic(served=1) if minute % 10 == 0 else QUIET for minute in range(360)]
    night[330] = Traffic(served=1, failed=1)
    assert minutes_on(of("availability-page"), night) == []
    unguarded = PROMISED.model_copy(update={"minimum_bad_requests": 1})
    assert minutes_on(of("availability-page", unguarded), night) != []


def test_slow_requests_page_for_latency_alone() -> None:
    minutes = [GOOD] * 360 + [Traffic(served=1_000, slow=400)] * 60
    assert minutes_on(of("latency-page"), minutes)[0] < 360 + 30
    assert minutes_on(of("availability-page"), minutes) == []


def test_an_alarm_stays_on_while_it_goes_on_and_not_for_the_whole_long_window() -> None:
    bad = replace(GOOD, failed=200)
    on = minutes_on(of("availability-page"), [GOOD] * 360 + [bad] * 60 + [GOOD] * 60)
    assert on == list(range(on[0], on[-1] + 1))
    assert on[0] < 370
    assert 419 <= on[-1] <= 420 + 30
