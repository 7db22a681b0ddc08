"""Standing cost from what a stack has."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from capacity.free_types import FREE
from capacity.standing import (
    PRICED,
    Cost,
    WarmCapacity,
    full_file_system,
    standing,
    unpriced,
    warm,
    watched_metrics,
)

pytestmark = pytest.mark.unit

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def one(type_: str, *inputs: Mapping[str, Any]) -> Cost:
    (line,) = standing({type_: inputs})
    return line


def test_an_alarm_on_one_metric_pays_for_one() -> None:
    line = one(ALARM, *[{"metricName": "Errors"}] * 12)
    assert line.usd == pytest.approx(1.2)
    assert line.because == "12 that watch 12 metrics at $0.10"


def test_an_alarm_over_an_expression_pays_for_each_metric_that_it_reads() -> None:
    query = {"id": "m", "metric": {"metricName": "errors"}}
    expression = {"id": "e", "expression": "m1 / m2", "returnData": True}
    alarm = {"metricQueries": [query, query, expression]}
    assert watched_metrics(alarm) == 2
    assert one(ALARM, alarm, {"metricName": "Errors"}).usd == pytest.approx(0.3)


def test_composite_alarms_cost_half_a_dollar_each() -> None:
    line = one("aws:cloudwatch/compositeAlarm:CompositeAlarm", {}, {})
    assert (line.theme, line.usd) == ("observability", pytest.approx(1.0))


def test_the_free_tier_is_told_and_never_taken_off() -> None:
    alarms = one(ALARM, *[{}] * 25)
    assert (alarms.usd, alarms.free_usd) == (pytest.approx(2.5), pytest.approx(1.0))
    boards = one("aws:cloudwatch/dashboard:Dashboard", *[{}] * 5)
    assert (boards.usd, boards.free_usd) == (15.0, 9.0)


@pytest.mark.parametrize(("metrics", "free"), [(50, 3.0), (51, 0.0)])
def test_a_dashboard_that_shows_many_metrics_is_none_of_the_free_ones(
    metrics: int, free: float
) -> None:
    shown = [["AWS/Lambda", "Errors"]] * (metrics - 1)
    widgets = [
        {"type": "metric", "properties": {"metrics": shown}},
        {"type": "metric", "properties": {"metrics": [["AWS/Lambda", "Throttles"]]}},
        {"type": "text", "properties": {"markdown": "# Errors"}},
    ]
    board = {"dashboardBody": json.dumps({"widgets": widgets})}
    assert one("aws:cloudwatch/dashboard:Dashboard", board).free_usd == free


def test_a_firewall_pays_for_its_list_and_for_each_rule_or_managed_group() -> None:
    assert one("aws:wafv2/webAcl:WebAcl", {"rules": [{}] * 5}).usd == 10.0
    assert one("aws:wafv2/webAcl:WebAcl", {}).usd == 5.0


def test_keys_say_how_many_of_them_grow_by_rotation() -> None:
    line = one("aws:kms/key:Key", {"enableKeyRotation": True}, {"enableKeyRotation": True}, {})
    assert line.usd == 3.0
    assert "each of 2 that rotate" in line.because
    assert "rotate" not in one("aws:kms/key:Key", {}).because


def test_a_replica_of_a_key_in_another_region_costs_as_much_as_the_key() -> None:
    assert one("aws:kms/replicaKey:ReplicaKey", {}).usd == 1.0


def test_six_interface_endpoints_in_two_zones_cost_about_88_dollars_a_month() -> None:
    """AWS PrivateLink pricing: endpoints x zones x hours x $0.01."""
    endpoint = {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}
    line = one(ENDPOINT, *[endpoint] * 6, {"vpcEndpointType": "Gateway"})
    assert line.usd == pytest.approx(6 * 2 * 730 * 0.01)
    assert round(line.usd) == 88
    assert line.because.startswith("6 with 12 zones in all")


def test_gateway_endpoints_alone_cost_nothing() -> None:
    assert list(standing({ENDPOINT: [{"vpcEndpointType": "Gateway"}]})) == []


def test_a_nat_gateway_costs_about_33_dollars_a_month_and_its_address_comes_on_top() -> None:
    """Amazon VPC pricing: gateways x hours x $0.045, addresses x hours x $0.005."""
    gateway = one("aws:ec2/natGateway:NatGateway", {})
    assert gateway.usd == pytest.approx(730 * 0.045)
    assert round(gateway.usd) == 33
    assert one("aws:ec2/eip:Eip", {}).usd == pytest.approx(3.65)


def test_an_empty_queue_costs_the_polling_of_whoever_waits_for_it() -> None:
    """Five pollers, 20 s each, at $0.40 per million: within the account's free million."""
    line = one("aws:lambda/eventSourceMapping:EventSourceMapping", {})
    assert line.usd == pytest.approx(5 * 730 * 3600 / 20 * 0.40 / 1e6)
    assert line.free_usd == line.usd


def test_a_function_costs_nothing_while_it_waits_unless_a_snapshot_of_it_is_kept() -> None:
    function = "aws:lambda/function:Function"
    assert list(standing({function: [{"memorySize": 1024}]})) == []
    kept = one(function, {"memorySize": 2048, "snapStart": {"applyOn": "PublishedVersions"}})
    assert kept.usd == pytest.approx(2 * 0.0000015046 * 730 * 3600)
    assert "every published version" in kept.because


def test_warm_capacity_of_a_release_is_priced_and_says_who_owns_it() -> None:
    """AWS Lambda pricing: 2 x 3,538 MB x a month of seconds x $0.0000033334."""
    capacity = WarmCapacity(
        group="default", environments=2, memory_mb=3538, architecture="arm64", released=True
    )
    line = warm(capacity)
    assert line.usd == pytest.approx(2 * 3538 / 1024 * 730 * 3600 * 0.0000033334)
    assert round(line.usd) == 61
    assert "`warmline release`" in line.because


def test_warm_capacity_costs_a_quarter_more_on_the_other_processor() -> None:
    each = {
        architecture: warm(
            WarmCapacity(
                group="g",
                environments=1,
                memory_mb=1024,
                architecture=architecture,
                released=False,
            )
        )
        for architecture in ("arm64", "x86_64")
    }
    assert each["x86_64"].usd / each["arm64"].usd == pytest.approx(1.25, abs=0.001)
    assert "in `up`" in each["arm64"].because


def test_a_file_system_tells_its_price_for_what_will_be_in_it() -> None:
    cost = full_file_system(20_480)
    assert cost.usd == 0
    assert cost.because == "$0.30 per GB-month, by use: $6.00 when its 20,480 MB are full"


def test_a_value_that_only_up_will_know_is_taken_for_the_least_that_it_can_be() -> None:
    """The engine writes such a value as text."""
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    endpoint = {"vpcEndpointType": "Interface", "subnetIds": unknown}
    assert one(ENDPOINT, endpoint).usd == pytest.approx(7.30)
    assert one(ALARM, {"metricQueries": unknown}).usd == pytest.approx(0.10)
    assert one("aws:wafv2/webAcl:WebAcl", {"rules": unknown}).usd == 5.0
    board = one("aws:cloudwatch/dashboard:Dashboard", {"dashboardBody": unknown})
    assert board.usd == 3.0


def test_a_type_that_no_table_knows_is_named() -> None:
    found = {"aws:sns/topic:Topic": [{}], "aws:redshift/cluster:Cluster": [{}], "aws:x:Y": []}
    assert unpriced(found) == ["aws:redshift/cluster:Cluster"]


def test_no_type_is_both_priced_and_free() -> None:
    assert not set(PRICED) & set(FREE)
