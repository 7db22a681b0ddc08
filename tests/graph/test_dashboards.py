"""Dashboards: what they show exists, is shown once, and costs what it says."""

import json
from itertools import combinations
from typing import Any

import pytest

from capacity import prices
from components.dashboard import COST_METRICS, GroupView, cost_per_thousand
from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric
from settings import limits
from tests.graph.programs import changed, run, stack_file
from tests.harness import Graph
from tests.metric_math import evaluate

pytestmark = pytest.mark.graph

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
WIDGETS = 500
METRICS = 500
"""Of a dashboard, and of one of its widgets (CloudWatch quotas, 2026-11)."""
TYPES = {"metric", "log", "alarm", "text"}


def widgets(graph: Graph, name: str | None = None) -> list[Any]:
    """Of one dashboard, or of all."""
    found = [one for one in graph.all(DASHBOARD) if name in (None, one.name)]
    assert found
    return [w for one in found for w in json.loads(one.inputs["dashboardBody"])["widgets"]]


def metrics(graph: Graph, name: str | None = None) -> list[list[Any]]:
    return [m for w in widgets(graph, name) for m in w["properties"].get("metrics", ())]


def shown(graph: Graph, name: str | None = None) -> set[tuple[str, str]]:
    """Our own metrics, each with its serving group."""
    mine = [metric for metric in metrics(graph, name) if metric[0] == NAMESPACE]
    assert all(metric[2] == GROUP_DIMENSION for metric in mine)
    return {(metric[1], metric[3]) for metric in mine}


def test_everything_that_a_group_emits_is_shown_and_nothing_that_it_does_not(graph: Graph) -> None:
    emitted = {(metric.value, "default") for metric in Metric if metric.of_group}
    assert shown(graph) == emitted


def test_percentiles_cold_start_parts_tiers_throttles_and_concurrency_are_there(
    prod: Graph,
) -> None:
    of = {w["properties"].get("title"): w["properties"] for w in widgets(prod)}
    ranks = [metric[-1]["stat"] for metric in of["default: Latency"]["metrics"]]
    assert ranks == ["p50", "p95", "p99"]
    parts = [metric[1] for metric in of["default: Parts of a cold start"]["metrics"]]
    assert [part.removeprefix("cold_") for part in parts] == [
        *("init_ms", "route_ms", "load_ms", "first_inference_ms"),
    ]
    assert {metric[1] for metric in of["default: Loading"]["metrics"]} == {
        *("load_disk_ms", "load_efs_ms", "load_s3_ms"),
    }
    assert "Throttles" in {metric[1] for metric in of["default: Requests and failures"]["metrics"]}
    assert "ConcurrentExecutions" in {m[1] for m in of["default: Concurrency"]["metrics"]}


def test_errors_by_type_are_counted_on_the_groups_own_log(graph: Graph) -> None:
    (table,) = [w["properties"] for w in widgets(graph) if w["type"] == "log"]
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "serving-predict").outputs["name"]
    assert table["query"].startswith(f"SOURCE '{group}' | filter ispresent(problem)")


def test_the_states_of_a_groups_alarms_stand_above_its_numbers(prod: Graph, dev: Graph) -> None:
    (states,) = [w["properties"] for w in widgets(prod) if w["type"] == "alarm"]
    composite = prod.all("aws:cloudwatch/compositeAlarm:CompositeAlarm")
    assert set(states["alarms"]) == {alarm.outputs["arn"] for alarm in composite}
    assert not [w for w in widgets(dev) if w["type"] == "alarm"]


def test_widgets_keep_to_the_grid_and_do_not_overlap(graph: Graph) -> None:
    for dashboard in graph.all(DASHBOARD):
        placed = widgets(graph, dashboard.name)
        assert {w["type"] for w in placed} <= TYPES
        assert all(w["x"] >= 0 and w["x"] + w["width"] <= 24 for w in placed)
        for a, b in combinations(placed, 2):
            apart = (
                *(a["x"] + a["width"] <= b["x"], b["x"] + b["width"] <= a["x"]),
                *(a["y"] + a["height"] <= b["y"], b["y"] + b["height"] <= a["y"]),
            )
            assert any(apart), (a["properties"], b["properties"])


def test_a_group_has_a_dashboard_of_its_own_where_asked_for_and_else_a_section() -> None:
    config = stack_file("prod")
    first = config["warmline:groups"][0]
    config["warmline:groups"] = [first, first | {"name": "risk", "models": ["fraud"]}]
    apart = run("prod", config)
    assert {one.name: one.inputs["dashboardName"] for one in apart.all(DASHBOARD)} == {
        "observability": "warmline-prod",
        "observability-default": "warmline-prod-default",
        "observability-risk": "warmline-prod-risk",
    }
    assert shown(apart, "observability") == set()
    assert {group for _, group in shown(apart, "observability-risk")} == {"risk"}

    config["warmline:observability"]["dashboard_per_group"] = False
    together = run("prod", config)
    assert [one.name for one in together.all(DASHBOARD)] == ["observability"]
    assert shown(together) == shown(apart)


def test_a_dashboard_of_as_many_groups_as_a_stack_takes_is_one_that_cloudwatch_takes() -> None:
    config = changed("dev", {})
    first = config["warmline:groups"][0]
    config["warmline:groups"] = [
        first,
        *(
            first | {"name": f"g{index}", "models": [f"m{index}"]}
            for index in range(1, limits.SERVING_GROUPS)
        ),
    ]
    graph = run("dev", config)
    placed = widgets(graph, "observability")
    assert limits.SERVING_GROUPS * 10 < len(placed) <= WIDGETS
    assert max(len(w["properties"].get("metrics", ())) for w in placed) <= METRICS


def group(**other: Any) -> GroupView:
    given = {
        "name": "default",
        "function": "f",
        "log_group": "l",
        "alarms": (),
        "memory_mb": 2048,
        "architecture": "arm64",
        "provisioned_concurrency": 0,
    }
    return GroupView(**(given | other))


HOUR = {"duration": 100_000.0, "invocations": 1_000.0, "warm": None, "requests": 1_000.0}


def usd(view: GroupView, **other: float | None) -> float:
    found = evaluate({"usd": cost_per_thousand(view)}, HOUR | other, 3_600)["usd"]
    assert found is not None
    return found


def test_a_thousand_requests_cost_their_seconds_of_memory_and_their_calls() -> None:
    expected = 100 * 2 * prices.LAMBDA_GB_SECOND["arm64"].usd + 1_000 * prices.LAMBDA_REQUEST.usd
    assert usd(group()) == pytest.approx(expected, rel=1e-4)
    assert usd(group(architecture="x86_64")) > usd(group())
    shadows = usd(group(), invocations=2_000.0, duration=200_000.0)
    assert shadows == pytest.approx(2 * expected, rel=1e-4)


def test_warm_capacity_costs_the_hour_and_makes_its_calls_cheaper() -> None:
    warm = group(provisioned_concurrency=3)
    kept = 3 * 2 * 3_600 * prices.WARM_GB_SECOND["arm64"].usd
    assert usd(warm) == pytest.approx(usd(group()) + kept, rel=1e-4)
    cheaper = prices.LAMBDA_GB_SECOND["arm64"].usd - prices.WARM_RUN_GB_SECOND["arm64"].usd
    expected = usd(warm) - 100 * 2 * cheaper
    assert usd(warm, warm=1_000.0) == pytest.approx(expected, rel=1e-4)


def test_without_requests_there_is_no_cost_of_one() -> None:
    quiet: dict[str, float | None] = dict.fromkeys(HOUR)
    assert evaluate({"usd": cost_per_thousand(group())}, quiet, 3_600)["usd"] is None


def test_the_cost_on_the_dashboard_reads_only_what_stands_beside_it(prod: Graph) -> None:
    (panel,) = [
        w["properties"]
        for w in widgets(prod)
        if w["properties"].get("title") == "default: US dollars per 1,000 requests"
    ]
    ids = {metric[-1]["id"]: metric for metric in panel["metrics"]}
    assert ids.keys() == {*COST_METRICS, "requests", "usd"}
    (usd_line,) = ids["usd"]
    assert "e-" not in usd_line["expression"]
    memory = prod.one("aws:lambda/function:Function", "serving-predict").inputs["memorySize"]
    launch = stack_file("prod")["warmline:groups"][0]["launch"]
    assert usd_line["expression"] == cost_per_thousand(
        group(memory_mb=memory, provisioned_concurrency=launch["provisioned_concurrency"])
    )
