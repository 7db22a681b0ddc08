"""Standing cost from what a stack has."""

import pytest

from capacity.standing import NetworkSize, of_file_system, of_network, of_types

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


def network(*, endpoints: int = 0, nat: int = 0, zones: int = 2) -> dict[str, float]:
    size = NetworkSize(zones=zones, interface_endpoints=endpoints, nat_gateways=nat)
    return {cost.what: cost.monthly_usd for cost in of_network(size)}


def test_six_interface_endpoints_in_two_zones_cost_about_88_dollars_a_month() -> None:
    """AWS PrivateLink pricing: endpoints x zones x hours x $0.01."""
    costs = network(endpoints=6)
    assert costs["interface endpoints"] == pytest.approx(6 * 2 * 730 * 0.01)
    assert round(costs["interface endpoints"]) == 88


def test_a_nat_gateway_costs_about_33_dollars_a_month_and_its_address_comes_on_top() -> None:
    """Amazon VPC pricing: gateways x hours x $0.045, addresses x hours x $0.005."""
    costs = network(nat=1)
    assert costs["NAT gateways"] == pytest.approx(730 * 0.045)
    assert round(costs["NAT gateways"]) == 33
    assert costs["public addresses"] == pytest.approx(3.65)


def test_a_network_with_gateway_endpoints_alone_costs_nothing_while_idle() -> None:
    assert network() == {"log of connections": 0}


def test_a_file_system_tells_its_price_for_what_will_be_in_it() -> None:
    cost = of_file_system(20_480)
    assert cost.monthly_usd == 0
    assert cost.because == "$0.30 per GB-month, by use: $6.00 when its 20,480 MB are full"
