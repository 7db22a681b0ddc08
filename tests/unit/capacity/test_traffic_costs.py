"""What requests and models add, held to what the functions really write."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from capacity.traffic import (
    REQUEST_LINE_BYTES,
    Group,
    group_metrics,
    metrics,
    model_metrics,
    per_client,
    per_million_requests,
    per_model,
)
from contracts.metrics import Metric
from functions.predict.app import serve
from functions.shared import trace
from functions.shared.telemetry import NO_MODEL, RequestRecord
from tests.unit.predict.fakes import GOOD, adder, request

pytestmark = pytest.mark.unit

GROUP = Group(name="default", memory_mb=2048, architecture="arm64")


def written(groups: int, models: list[str]) -> set[tuple[str, ...]]:
    """Name and dimensions of everything that the line of a request can become in CloudWatch."""
    found = set()
    for group in range(groups):
        for model in (NO_MODEL, *models):
            record = RequestRecord(f"group-{group}", trace.read({}))
            record.model = model
            for metric in Metric:
                record.count(metric)
            document = json.loads(record.line())
            found |= {
                (metric["Name"], *(document[name] for name in dimensions))
                for directive in document["_aws"]["CloudWatchMetrics"]
                for dimensions in directive["Dimensions"]
                for metric in directive["Metrics"]
            }
    return found


@pytest.mark.parametrize(("groups", "models"), [(1, 0), (1, 3), (3, 2)])
def test_as_many_custom_metrics_are_priced_as_a_request_can_write(groups: int, models: int) -> None:
    counted = groups * (group_metrics() + models * model_metrics())
    assert counted == len(written(groups, [f"model-{number}" for number in range(models)]))


def test_metrics_of_a_stack_follow_its_groups() -> None:
    (one,), (three,) = metrics({}, 1), metrics({}, 3)
    assert one.usd == pytest.approx(group_metrics() * 0.30)
    assert three.usd == pytest.approx(3 * one.usd)
    assert list(metrics({}, 0)) == []


def test_a_model_adds_its_own_metrics_and_no_more() -> None:
    assert per_model().usd == pytest.approx(model_metrics() * 0.30)


def test_metrics_that_a_gateway_writes_for_each_route_are_told_when_they_are_on() -> None:
    routes = {"aws:apigatewayv2/route:Route": [{}] * 9}
    stage = "aws:apigatewayv2/stage:Stage"
    on = {"defaultRouteSettings": {"detailedMetricsEnabled": True}}
    (line,) = metrics(routes | {stage: [on]}, 0)
    assert line.usd == pytest.approx(9 * 6 * 0.30)
    assert list(metrics(routes | {stage: [{}]}, 0)) == []


def test_metrics_of_the_methods_of_a_rest_api_are_told_when_they_are_on() -> None:
    methods = {"aws:apigateway/method:Method": [{}] * 10}
    settings = "aws:apigateway/methodSettings:MethodSettings"
    on = {"settings": {"metricsEnabled": True}}
    (line,) = metrics(methods | {settings: [on, on]}, 0)
    assert line.usd == pytest.approx(10 * 5 * 0.30)
    assert list(metrics(methods | {settings: [{"settings": {}}]}, 0)) == []


def test_the_bytes_of_a_log_line_are_those_of_a_warm_inference() -> None:
    bench = adder(weights=[(1, 10_000)])
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    for _ in range(2):
        serve(request(json.dumps(GOOD), headers=headers), bench.ports)
    real_id = "5e5bf2c9-4d2a-4f8e-9a37-0c1f2f0f7d11"
    size = len(bench.lines[-1].replace("request-1", real_id).encode())
    assert size == pytest.approx(REQUEST_LINE_BYTES, rel=0.1), (
        f"a line has {size} bytes: set REQUEST_LINE_BYTES in capacity/traffic.py to about that"
    )


def named(resources: Mapping[str, Sequence[Mapping[str, Any]]], *groups: Group) -> dict[str, float]:
    return {line.what: line.usd for line in per_million_requests(resources, groups)}


def test_a_million_requests_through_a_rest_api_with_a_firewall() -> None:
    """AWS Lambda, API Gateway and WAF pricing: 2 GB x 0.1 s x 1 M x $0.0000133334."""
    costs = named(
        {
            "aws:apigateway/restApi:RestApi": [{}],
            "aws:wafv2/webAcl:WebAcl": [{}],
            "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": [{}],
        },
        GROUP,
    )
    assert costs["gateway"] == pytest.approx(3.50)
    assert costs["firewall"] == pytest.approx(0.60)
    assert costs["firewall log"] == pytest.approx(1.00)
    assert costs["calls"] == pytest.approx(0.20)
    assert costs["each 100 ms"] == pytest.approx(2 * 0.1 * 1e6 * 0.0000133334)


def test_a_million_requests_through_an_http_api_pay_for_no_firewall() -> None:
    costs = named({"aws:apigatewayv2/api:Api": [{}]}, GROUP)
    assert costs["gateway"] == pytest.approx(1.00)
    assert "firewall" not in costs
    assert "firewall log" not in costs


def test_the_access_log_is_as_long_as_its_format() -> None:
    stage = {"accessLogSettings": {"format": "x" * 400}}
    assert named({"aws:apigateway/stage:Stage": [stage]})["access log"] == pytest.approx(0.20)
    assert "access log" not in named({"aws:apigateway/stage:Stage": [{}]})


def test_one_trace_in_twenty_is_paid_for_where_functions_are_traced() -> None:
    function = "aws:lambda/function:Function"
    assert named({function: [{"tracingConfig": {"mode": "Active"}}]})["traces"] == pytest.approx(
        0.25
    )
    assert "traces" not in named({function: [{}]})


def test_the_time_of_the_largest_group_is_told() -> None:
    small = Group(name="small", memory_mb=512, architecture="arm64")
    (line,) = (
        line for line in per_million_requests({}, [small, GROUP]) if line.what == "each 100 ms"
    )
    assert "group default" in line.because


def test_a_client_that_always_has_a_token_asks_once_for_each_lifetime() -> None:
    assert per_client(60).usd == pytest.approx(730 * 0.00225)
    assert per_client(1440).usd == pytest.approx(730 / 24 * 0.00225)
