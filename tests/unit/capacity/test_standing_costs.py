"""Standing cost from what a stack has."""

import pytest

from capacity.standing import of_types

pytestmark = pytest.mark.unit


def test_resources_of_one_price_are_counted() -> None:
    (cost,) = of_types({"aws:cloudwatch/metricAlarm:MetricAlarm": 12})
    assert (cost.what, cost.monthly_usd, cost.because) == (
        "alarms",
        pytest.approx(1.2),
        "12 at $0.10",
    )


def test_what_costs_nothing_while_idle_has_no_line() -> None:
    assert list(of_types({"aws:lambda/function:Function": 3, "aws:kms/key:Key": 0})) == []
