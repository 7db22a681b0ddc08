"""What a preview tells of costs, from the settings of a stack."""

import pytest

from automation.cost import estimate
from tests.unit.settings.stack_files import load, stack_file

pytestmark = pytest.mark.unit


def lines(stack: str, **network: object) -> dict[str, float]:
    config = stack_file(stack)
    config["warmline:network"] |= network
    return {cost.what: round(cost.monthly_usd, 2) for cost in estimate({}, load(config, stack))}


def test_the_one_endpoint_of_prod_is_priced_in_each_of_its_zones() -> None:
    assert lines("prod") == {"interface endpoints": 14.60, "log of connections": 0}


def test_dev_has_no_network_to_pay_for() -> None:
    assert lines("dev") == {}


@pytest.mark.parametrize(("egress", "gateways"), [("nat", 1), ("nat_per_zone", 3)])
def test_nat_gateways_are_priced_one_for_all_or_one_in_each_zone(
    egress: str, gateways: int
) -> None:
    costs = lines("prod", egress=egress, interface_endpoints=[], zones=3)
    assert costs["NAT gateways"] == round(gateways * 32.85, 2)


def test_without_settings_what_is_counted_by_type_is_told_all_the_same() -> None:
    assert [cost.what for cost in estimate({"aws:kms/key:Key": 2}, None)] == ["encryption keys"]


def test_a_file_system_is_told_with_its_price_when_full() -> None:
    config = stack_file("prod")
    config["warmline:storage"]["efs"] = {
        "cache_mb": 10_240,
        "infrequent_access_days": 30,
        "backup": False,
        "stand_in": None,
    }
    line = estimate({}, load(config, "prod"))[-1]
    assert line.what == "model file system"
    assert "$3.00 when its 10,240 MB are full" in line.because
