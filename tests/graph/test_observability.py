"""Alarms and the dashboard."""

import json

import pytest

from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric
from tests.graph.programs import STACKS, VARIANTS, graph_of
from tests.harness import Graph

pytestmark = pytest.mark.graph

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_every_alarm_tells_the_topic_says_why_and_is_quiet_without_data(graph: Graph) -> None:
    topic = graph.outputs["alarm_topic_arn"]
    alarms = graph.all(ALARM)
    assert alarms
    for alarm in alarms:
        assert alarm.inputs["alarmActions"] == [topic], alarm.urn
        assert alarm.inputs["treatMissingData"] == "notBreaching"
        assert len(alarm.inputs["alarmDescription"]) > 20
        assert ("statistic" in alarm.inputs) != ("extendedStatistic" in alarm.inputs)


@pytest.mark.parametrize("stack", [*STACKS, *VARIANTS])
def test_every_function_is_watched_at_its_alias(stack: str) -> None:
    graph = graph_of(stack)
    watched = {
        (alarm.inputs["metricName"], *sorted(alarm.inputs["dimensions"].items()))
        for alarm in graph.all(ALARM)
        if alarm.inputs.get("namespace") == "AWS/Lambda"
    }
    names = [each.outputs["name"] for each in graph.all("aws:lambda/function:Function")]
    assert names
    for name in names:
        for metric in ("Errors", "Throttles", "Duration"):
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


def test_the_dashboard_shows_only_metrics_that_exist(graph: Graph) -> None:
    body = json.loads(
        graph.one("aws:cloudwatch/dashboard:Dashboard", "observability").inputs["dashboardBody"]
    )
    shown = [
        metric[1]
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] == NAMESPACE
    ]
    assert set(shown) <= {metric.value for metric in Metric}
    assert {Metric.STALE_READS.value, Metric.INTEGRITY_FAILURES.value} <= set(shown)


def test_the_widgets_of_the_dashboard_do_not_overlap(dev: Graph) -> None:
    body = json.loads(
        dev.one("aws:cloudwatch/dashboard:Dashboard", "observability").inputs["dashboardBody"]
    )
    places = [(w["x"], w["y"]) for w in body["widgets"]]
    assert len(set(places)) == len(places)
    assert all(w["x"] + w["width"] <= 24 for w in body["widgets"])
