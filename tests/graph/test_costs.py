"""The cost estimate over whole stacks: nothing goes unpriced, and the docs show today's figures."""

import json

import pytest

from capacity.free_types import FREE
from capacity.standing import PRICED, standing, unpriced, watched_metrics
from tests.graph.costs import PAGE, SHOWN, estimate_of, page, resources_of
from tests.graph.programs import STACKS, VARIANTS

pytestmark = pytest.mark.graph

GRAPHS = (*STACKS, *VARIANTS)
FOR_OTHERS = {
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    "aws:kms/replicaKey:ReplicaKey",
}
"""What people add first of their own: saved queries, a second region."""


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_resource_type_has_a_price_or_a_reason_why_it_is_free(graph: str) -> None:
    missing = unpriced(resources_of(graph))
    assert not missing, (
        f"{missing} of {graph} have no row. Look the price up on AWS's page: what costs by the "
        "month, or by what it holds, goes into PRICED of capacity/standing.py, with its Price in "
        "capacity/prices.py; what costs nothing while it stands goes into capacity/free_types.py "
        "below its reason. Then: python -m tests.graph.costs"
    )


def test_hardly_a_row_is_there_for_a_type_that_no_stack_has() -> None:
    made = {type_ for graph in GRAPHS for type_ in resources_of(graph)}
    assert {*PRICED, *FREE} - made <= FOR_OTHERS


def test_prods_sum_is_made_of_what_prod_has() -> None:
    lines = {line.what: line for line in estimate_of("prod").standing}
    resources = resources_of("prod")
    keys = resources["aws:kms/key:Key"]
    alarms = resources["aws:cloudwatch/metricAlarm:MetricAlarm"]
    (acl,) = resources["aws:wafv2/webAcl:WebAcl"]
    assert lines["keys"].usd == pytest.approx(1.00 * len(keys))
    assert lines["alarms"].usd == pytest.approx(0.10 * sum(map(watched_metrics, alarms)))
    assert lines["firewall"].usd == pytest.approx(5.00 + len(acl["rules"]))
    assert lines["interface endpoints"].usd == pytest.approx(14.60)
    assert lines["group default"].because.endswith("twice while one runs")


def test_dev_has_neither_network_nor_firewall_nor_warm_capacity() -> None:
    themes = {line.theme for line in estimate_of("dev").standing}
    assert not themes & {"network", "front door", "warm capacity"}


def test_gateways_and_their_addresses_are_priced_one_a_zone() -> None:
    lines = {line.what: line.usd for line in standing(resources_of("prod-nat-efs"))}
    assert lines["NAT gateways"] == pytest.approx(3 * 32.85)
    assert lines["public addresses"] == pytest.approx(3 * 3.65)
    assert "file system" in lines


def test_a_snapshot_of_a_function_is_priced() -> None:
    lines = {line.what: line.usd for line in standing(resources_of("dev-images"))}
    assert lines["snapshots"] == pytest.approx(1769 / 1024 * 0.0000015046 * 730 * 3600)


FILLED = {
    "$context.requestTime": "25/Nov/2026:10:15:56 +0000",
    "$context.requestId": "5e5bf2c9-4d2a-4f8e-9a37-0c1f2f0f7d11",
    "$context.status": "200",
    "$context.responseLatency": "132",
    "$context.integrationLatency": "128",
    "$context.responseLength": "12400",
    "$context.httpMethod $context.resourcePath": "POST /v2/models/{model}/infer",
    "$context.routeKey": "POST /v2/models/{model}/infer",
    "client_id": "5k3v7s1q9d2m4n6p8r0t1u3w5y",
}
"""Values of an inference, as long as API Gateway writes them; what is not named is a dash."""


@pytest.mark.parametrize("stack", SHOWN)
def test_a_line_of_the_access_log_has_about_as_many_bytes_as_are_priced(stack: str) -> None:
    resources = resources_of(stack)
    (stage,) = (
        *resources.get("aws:apigateway/stage:Stage", ()),
        *resources.get("aws:apigatewayv2/stage:Stage", ()),
    )
    log_format = stage["accessLogSettings"]["format"]
    fields = json.loads(log_format)
    line = json.dumps(
        {
            key: next((text for name, text in FILLED.items() if value.endswith(name)), "-")
            for key, value in fields.items()
        },
        separators=(",", ":"),
    )
    assert 0.6 * len(log_format) < len(line) < len(log_format)


def test_the_page_shows_the_estimates_of_today() -> None:
    shown = PAGE.read_text(encoding="utf-8")
    for stack in SHOWN:
        assert f"warmline preview --stack {stack}\n" in shown
    assert shown == page(shown), "docs/costs.md is stale: python -m tests.graph.costs"
