"""Saved queries name only what log lines really hold."""

import json
import re
from collections.abc import Mapping

import pytest

from components.log_queries import QUERIES, SavedQuery, Source
from contracts.log_line import AUTHORIZER, AuthorizerField, Field
from contracts.metrics import Metric
from tests.graph.programs import graph_of
from tests.harness import Graph

pytestmark = pytest.mark.graph

QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LANGUAGE = {
    *("fields", "filter", "stats", "sort", "limit", "by", "as", "asc", "desc", "and", "or"),
    *("like", "ispresent", "count", "avg", "max", "sum", "pct", "bin"),
}
"""Words of Logs Insights."""
BUILT_IN = {
    "@timestamp",
    "@message",
    "@requestId",
    "@type",
    "@log",
    "@maxMemoryUsed",
    "@memorySize",
}
"""What Logs Insights finds in every line of a Lambda function."""
LINE = {field.value for field in Field} | {metric.value for metric in Metric}
JUDGED = {f"{AUTHORIZER}.{field}" for field in AuthorizerField}
STAGES = ("aws:apigatewayv2/stage:Stage", "aws:apigateway/stage:Stage")


def access_fields(graph: Graph) -> set[str]:
    (stage,) = (stage for type_ in STAGES for stage in graph.all(type_))
    return set(json.loads(stage.inputs["accessLogSettings"]["format"]))


def words(text: str) -> set[str]:
    """Names in a query: neither values nor units of time."""
    bare = re.sub(r'"[^"]*"|(?<=like )/[^/]*/', " ", text)
    return set(re.findall(r"(?<![\w@])@?[A-Za-z_][\w.]*", bare))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
@pytest.mark.parametrize("stack", ["dev", "prod", "prod-issuer"])
def test_every_name_in_a_query_is_one_that_the_log_has(query: SavedQuery, stack: str) -> None:
    held: Mapping[Source, set[str]] = {
        Source.GROUPS: LINE,
        Source.ACCESS: access_fields(graph_of(stack)),
        Source.AUTHORIZER: JUDGED,
    }
    made_here = set(re.findall(r" as (\w+)", query.text))
    asked = words(query.text) - LANGUAGE - made_here
    assert asked
    assert asked <= held[query.source] | BUILT_IN
    assert not made_here & held[query.source], "an alias that hides a field"


def test_a_name_that_no_line_has_is_found() -> None:
    assert words('fields latncy_ms | filter status = "429" | stats pct(a.b, 99) by bin(5m)') == {
        *("fields", "latncy_ms", "filter", "status", "stats", "pct", "a.b", "by", "bin"),
    }
    assert words("filter @message like /Task timed out|killed/") == {"filter", "@message", "like"}


def test_queries_read_the_logs_of_all_groups_and_lie_in_a_folder_of_the_stack(prod: Graph) -> None:
    saved = {query.inputs["name"]: query.inputs for query in prod.all(QUERY)}
    expected = {f"warmline-prod/{q.name}" for q in QUERIES if q.source is not Source.AUTHORIZER}
    assert set(saved) == expected
    predict = prod.one(LOG_GROUP, "serving-predict").outputs["name"]
    access = prod.one(LOG_GROUP, "api-access").inputs["name"]
    assert saved["warmline-prod/Slowest requests"]["logGroupNames"] == [predict]
    assert saved["warmline-prod/Clients over their limits"]["logGroupNames"] == [access]


def test_the_authorizers_log_is_asked_where_there_is_one() -> None:
    graph = graph_of("prod-issuer")
    query = graph.one(QUERY, "observability-refused-tokens").inputs
    assert query["logGroupNames"] == [graph.one(LOG_GROUP, "authorize").outputs["name"]]


def test_the_runbook_names_only_queries_that_are_saved() -> None:
    from components.packaging import ROOT

    page = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    named = set(re.findall(r'saved quer(?:y|ies) "([^"]+)"', page, re.IGNORECASE))
    assert named
    assert named <= {query.name for query in QUERIES}
