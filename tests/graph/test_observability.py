"""Alarms and the dashboard."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric
from settings.burn_rates import DAY, HOUR
from tests.graph.programs import STACKS, VARIANTS, graph_of, run, stack_file
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
METRICS_OF_AN_ALARM = 10
"""Metrics and expressions that one alarm can name (CloudWatch quotas, 2026-11)."""


@pytest.fixture(scope="module")
def two() -> Graph:
    """prod with a second serving group."""
    config = stack_file("prod")
    first = config["warmline:groups"][0]
    config["warmline:groups"] = [first, first | {"name": "risk", "models": ["fraud"]}]
    return run("prod", config)


def parts(graph: Graph) -> list[Resource]:
    """Alarms of windows, which composite alarms join."""
    return [alarm for alarm in graph.all(ALARM) if "metricQueries" in alarm.inputs]


def test_every_alarm_tells_a_topic_says_why_and_is_quiet_without_data(graph: Graph) -> None:
    topic, pages = graph.outputs["alarm_topic_arn"], graph.outputs["page_topic_arn"]
    assert topic != pages
    plain = [alarm for alarm in graph.all(ALARM) if alarm not in parts(graph)]
    assert plain
    for alarm in plain:
        assert ("statistic" in alarm.inputs) != ("extendedStatistic" in alarm.inputs)
        assert alarm.inputs["treatMissingData"] == "notBreaching"
    for alarm in [*plain, *graph.all(COMPOSITE)]:
        whom = pages if alarm.name.endswith("-page") else topic
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [whom], alarm.urn
        assert len(alarm.inputs["alarmDescription"]) > 20


def test_the_alarm_of_a_window_tells_nobody_and_belongs_to_one_composite_alarm(
    graph: Graph,
) -> None:
    rules = [alarm.inputs["alarmRule"] for alarm in graph.all(COMPOSITE)]
    for alarm in parts(graph):
        assert not {"alarmActions", "okActions"} & set(alarm.inputs)
        name = f'ALARM("{alarm.outputs["name"]}")'
        assert [rule.count(name) for rule in rules if name in rule] == [1], alarm.urn
        assert alarm.inputs["treatMissingData"] == "notBreaching"


def test_every_rule_joins_a_long_and_a_short_window_of_its_own(prod: Graph) -> None:
    named = {alarm.outputs["name"]: alarm for alarm in parts(prod)}
    for composite in prod.all(COMPOSITE):
        pairs = re.findall(
            r"\(ALARM\(\"(.+?)\"\) AND ALARM\(\"(.+?)\"\)\)", composite.inputs["alarmRule"]
        )
        assert len(pairs) == (2 if composite.name.endswith("-page") else 1)
        for pair in pairs:
            long, short = (named[name].inputs for name in pair)
            assert long["threshold"] == short["threshold"]
            assert period(long) == 12 * period(short)


def period(alarm: Mapping[str, Any]) -> int:
    """The one that all metrics of an alarm share."""
    (seconds,) = {q["metric"]["period"] for q in alarm["metricQueries"] if "metric" in q}
    return int(seconds)


def test_windows_and_rates_are_those_of_the_workbook(prod: Graph) -> None:
    of = {a.name.removeprefix("observability-"): a.inputs for a in parts(prod)}
    for objective in ("availability", "latency"):
        assert {
            label.removeprefix(f"{objective}-"): (period(alarm), alarm["threshold"])
            for label, alarm in of.items()
            if label.startswith(objective)
        } == {
            "page-1h": (3_600, 14.4),
            "page-5m": (300, 14.4),
            "page-6h": (21_600, 6),
            "page-30m": (1_800, 6),
            "ticket-3d": (259_200, 1),
            "ticket-6h": (21_600, 1),
        }


def test_an_alarm_on_metric_math_keeps_to_what_cloudwatch_takes(graph: Graph) -> None:
    for alarm in parts(graph):
        window = period(alarm.inputs) * alarm.inputs["evaluationPeriods"]
        assert window <= (DAY if period(alarm.inputs) < HOUR else 7 * DAY)
        queries = alarm.inputs["metricQueries"]
        assert [q["id"] for q in queries if q["returnData"]] == ["burn"]
        assert len(queries) <= METRICS_OF_AN_ALARM
        known: set[str] = set()
        for query in queries:
            used = set(re.findall(r"\b[a-z]\w*\b", query.get("expression", "")))
            assert used <= known, query
            known.add(query["id"])


def test_objectives_are_measured_on_the_groups_own_metrics_and_its_alias(two: Graph) -> None:
    function = two.one("aws:lambda/function:Function", "serving-risk-predict").outputs["name"]
    alias = {"FunctionName": function, "Resource": f"{function}:live"}
    mine = [a for a in parts(two) if a.name.startswith("observability-risk-")]
    assert len(mine) == len(parts(two)) / 2
    for query in (q["metric"] for a in mine for q in a.inputs["metricQueries"] if "metric" in q):
        if query["namespace"] == NAMESPACE:
            assert Metric(query["metricName"]).of_group
            assert query["dimensions"] == {GROUP_DIMENSION: "risk"}
        else:
            assert (query["namespace"], query["dimensions"]) == ("AWS/Lambda", alias)
            assert query["metricName"] in {"Errors", "Throttles"}


def test_without_objectives_nobody_is_paged(dev: Graph) -> None:
    dev.none(COMPOSITE)
    assert parts(dev) == []
    assert dev.outputs["serving_groups"]["default"]["alarms"] == []


def test_a_release_watches_what_pages_for_its_group(two: Graph) -> None:
    for group, mark in (("default", ""), ("risk", "risk-")):
        assert two.outputs["serving_groups"][group]["alarms"] == [
            f"warmline-prod-{mark}availability-page",
            f"warmline-prod-{mark}latency-page",
        ]


@pytest.mark.parametrize("stack", STACKS)
def test_every_queue_is_watched(stack: str) -> None:
    graph = graph_of(stack)
    watched = {alarm.inputs.get("dimensions", {}).get("QueueName") for alarm in graph.all(ALARM)}
    queues = {queue.outputs["name"] for queue in graph.all("aws:sqs/queue:Queue")}
    assert queues
    assert queues <= watched


def test_a_refused_token_is_no_failure_of_the_authorizer() -> None:
    names = {alarm.name for alarm in graph_of("prod-issuer").all(ALARM)}
    assert {f"observability-authorize-{what}" for what in ("throttles", "duration")} <= names
    assert "observability-authorize-errors" not in names


def test_shadow_requests_are_missed_before_they_expire(prod: Graph) -> None:
    alarm = prod.one(ALARM, "observability-shadow-delay").inputs
    queue = prod.one("aws:sqs/queue:Queue", "serving-shadow").inputs
    assert 0 < alarm["threshold"] < queue["messageRetentionSeconds"]


def test_the_alarms_of_a_group_are_as_many_as_the_page_says(prod: Graph, two: Graph) -> None:
    def counted(graph: Graph) -> tuple[int, int, int]:
        alarms = graph.all(ALARM)
        metrics = sum(
            len([q for q in a.inputs.get("metricQueries", [{"metric": 1}]) if "metric" in q])
            for a in alarms
        )
        return len(alarms), metrics, len(graph.all(COMPOSITE))

    one, both = counted(prod), counted(two)
    assert one == (5 + 7 + 12, 5 + 7 + 36, 4)
    assert tuple(b - a for a, b in zip(one, both, strict=True)) == (7 + 12, 7 + 36, 4)


@pytest.mark.parametrize("stack", [*STACKS, *VARIANTS])
def test_every_function_is_watched_at_its_alias(stack: str) -> None:
    graph = graph_of(stack)
    watched = {
        (alarm.inputs["metricName"], *sorted(alarm.inputs["dimensions"].items()))
        for alarm in graph.all(ALARM)
        if alarm.inputs.get("namespace") == "AWS/Lambda"
    }
    functions = graph.all("aws:lambda/function:Function")
    assert functions
    for function in functions:
        name = function.outputs["name"]
        # Of the authorizer, each refused token is an error.
        for metric in ("Throttles", "Duration", *(["Errors"] * (function.name != "authorize"))):
            assert (metric, ("FunctionName", name), ("Resource", f"{name}:live")) in watched


def test_the_duration_alarm_goes_off_before_the_timeout(graph: Graph) -> None:
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    alarm = graph.one(ALARM, "observability-predict-duration")
    assert 0 < alarm.inputs["threshold"] <= function.inputs["timeout"] * 1_000


def test_one_broken_model_or_stale_route_is_told_for_the_serving_group(graph: Graph) -> None:
    for label, metric in (
        ("integrity", Metric.INTEGRITY_FAILURES),
        ("stale-reads", Metric.STALE_READS),
    ):
        alarm = graph.one(ALARM, f"observability-{label}").inputs
        assert (alarm["namespace"], alarm["metricName"]) == (NAMESPACE, metric.value)
        assert alarm["dimensions"] == {GROUP_DIMENSION: "default"}
        assert alarm["threshold"] == 1
