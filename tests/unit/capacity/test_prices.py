"""Prices are data with a unit, a source and a second place where they were seen."""

from collections.abc import Iterator, Mapping

import pytest

from capacity import prices
from capacity.prices import UNCONFIRMED, Price

pytestmark = pytest.mark.unit


def tables() -> Iterator[tuple[str, Price]]:
    for name, value in vars(prices).items():
        if isinstance(value, Price):
            yield name, value
        elif isinstance(value, Mapping) and name.isupper():
            yield from ((f"{name}[{key}]", price) for key, price in value.items())


PRICES = dict(tables())


@pytest.mark.parametrize("name", PRICES)
def test_a_price_has_a_unit_and_the_page_of_aws_that_it_is_from(name: str) -> None:
    price = PRICES[name]
    assert price.usd > 0
    assert price.unit
    assert price.source.startswith(("AWS ", "Amazon "))
    assert price.source.endswith(" pricing")


def test_what_was_found_in_one_place_only_is_known() -> None:
    alone = {name for name, price in PRICES.items() if price.seen == UNCONFIRMED}
    assert alone == {"QUEUE_REQUEST", "TABLE_RECOVERY_GB_MONTH", "IMAGE_GB_MONTH"}


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_warm_capacity_that_is_always_busy_costs_less_than_calls_on_demand(
    architecture: str,
) -> None:
    """AWS says so: provisioned and run together are about a fifth below."""
    kept = prices.WARM_GB_SECOND[architecture].usd + prices.WARM_RUN_GB_SECOND[architecture].usd
    on_demand = prices.LAMBDA_GB_SECOND[architecture].usd
    assert 0.80 < kept / on_demand < 0.85
