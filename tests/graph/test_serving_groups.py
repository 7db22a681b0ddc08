"""Two serving groups in one stack: what each has of its own, and what leads to it."""

import json
from typing import Any

import pytest

from contracts.api_routes import MODEL_ROUTES
from contracts.metrics import GROUP_DIMENSION
from tests.aws_requests import Unsent, faults
from tests.graph.programs import run, stack_file
from tests.harness import Graph

pytestmark = pytest.mark.graph

FUNCTION = "aws:lambda/function:Function"
POLICY = "aws:iam/rolePolicy:RolePolicy"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
RISK = "serving-risk-predict"


@pytest.fixture(scope="module")
def two() -> Graph:
    config = stack_file("dev")
    (default,) = config["warmline:groups"]
    risk = {"name": "risk", "models": ["fraud", "model"], "reserved_concurrency": 9}
    config["warmline:groups"] = [default, default | risk]
    return run("dev", config)


def statements(graph: Graph, name: str) -> list[dict[str, Any]]:
    return json.loads(graph.one(POLICY, name).inputs["policy"])["Statement"]


def test_a_group_shares_no_function_role_log_group_or_queue_with_another(two: Graph) -> None:
    default, risk = two.one(FUNCTION, "serving-predict"), two.one(FUNCTION, RISK)
    for of_both in (
        [f.inputs["role"] for f in (default, risk)],
        [f.inputs["loggingConfig"]["logGroup"] for f in (default, risk)],
        [
            f.inputs["environment"]["variables"]["WARMLINE_SHADOW_QUEUE_URL"]
            for f in (default, risk)
        ],
    ):
        assert len(set(of_both)) == 2
    assert "reservedConcurrentExecutions" not in default.inputs
    assert risk.inputs["reservedConcurrentExecutions"] == 9
    assert risk.inputs["environment"]["variables"]["WARMLINE_SERVING_GROUP"] == "risk"


def test_a_group_reads_the_files_and_items_of_its_own_models_alone(two: Graph) -> None:
    bucket = two.one("aws:s3/bucket:Bucket", "store-models").outputs["arn"]
    listing, reading, _ = statements(two, f"{RISK}-models")
    assert listing["Condition"]["StringLike"]["s3:prefix"] == ["models/fraud/*", "models/model/*"]
    assert reading["Resource"] == [f"{bucket}/models/fraud/*", f"{bucket}/models/model/*"]
    items, _ = statements(two, f"{RISK}-registry")
    assert items["Condition"] == {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": ["MODEL#fraud", "MODEL#model", "TENANT#*"]
        }
    }


def test_the_default_group_reads_every_model_because_any_may_be_pushed_to_it(two: Graph) -> None:
    assert statements(two, "serving-predict-models")[1]["Resource"].endswith("/models/*")
    assert "Condition" not in statements(two, "serving-predict-registry")[0]


def test_routes_of_a_listed_model_lead_to_its_group_and_all_others_to_the_default(
    two: Graph,
) -> None:
    functions = {i.outputs["name"]: i.name for i in two.all(INTEGRATION)}
    found = {
        route.inputs["routeKey"]: functions[route.inputs["target"].removeprefix("integrations/")]
        for route in two.all("aws:apigatewayv2/route:Route")
    }
    assert found["POST /v2/models/fraud/infer"] == "api-risk-inference"
    assert found["GET /v2/models/model/versions/{version}"] == "api-risk-inference"
    assert {found[route] for route in MODEL_ROUTES} == {"api-inference"}
    invoked = two.one(INTEGRATION, "api-risk-inference").inputs["integrationUri"]
    assert invoked == two.one("aws:lambda/alias:Alias", RISK).outputs["invokeArn"]


def test_each_group_has_its_alarms_and_its_rows_of_the_dashboard(two: Graph) -> None:
    alarms = {a.name: a.inputs for a in two.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    for what in ("predict-errors", "predict-throttles", "dead-letters", "integrity", "stale-reads"):
        mine, other = alarms[f"observability-risk-{what}"], alarms[f"observability-{what}"]
        assert mine["dimensions"] != other["dimensions"]
    assert alarms["observability-risk-integrity"]["dimensions"] == {GROUP_DIMENSION: "risk"}
    body = two.one("aws:cloudwatch/dashboard:Dashboard", "observability").inputs["dashboardBody"]
    titles = [widget["properties"].get("title") for widget in json.loads(body)["widgets"]]
    assert {"default: Cold starts", "risk: Cold starts"} <= set(titles)


def test_the_outputs_tell_commands_of_each_group(two: Graph) -> None:
    groups = two.outputs["serving_groups"]
    assert {name: about["models"] for name, about in groups.items()} == {
        "default": ["*"],
        "risk": ["fraud", "model"],
    }
    assert groups["risk"]["function_name"] == two.one(FUNCTION, RISK).outputs["name"]


def test_a_group_without_a_shadow_queue_is_called_by_no_queue(aws: Unsent) -> None:
    config = stack_file("dev")
    config["warmline:groups"][0]["shadow"] = False
    graph = run("dev", config)
    graph.none("aws:sqs/queue:Queue")
    graph.none("aws:lambda/eventSourceMapping:EventSourceMapping")
    variables = graph.one(FUNCTION, "serving-predict").inputs["environment"]["variables"]
    assert variables["WARMLINE_SHADOW_QUEUE_URL"] == ""
    assert not [p.name for p in graph.all(POLICY) if p.name.endswith("-shadow")]


def test_the_services_take_every_request_of_two_groups(two: Graph, aws: Unsent) -> None:
    made = [resource for resource in two.resources if resource.type.startswith("aws:")]
    assert faults(made, aws) == []


def test_no_two_functions_upload_their_archives_under_one_key() -> None:
    config = stack_file("prod")
    first = config["warmline:groups"][0]
    config["warmline:groups"] = [first, first | {"name": "risk", "models": ["fraud"]}]
    uploads = run("prod", config).all("aws:s3/bucketObjectv2:BucketObjectv2")
    keys = [(upload.inputs["bucket"], upload.inputs["key"]) for upload in uploads]
    assert len(keys) == 3
    assert len(set(keys)) == len(keys)
