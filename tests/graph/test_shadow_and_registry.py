"""The queue for shadow requests, and the registry table."""

import json

import pytest

from contracts.registry import PARTITION_KEY, SORT_KEY, decode_tenant
from tests.harness import Graph

pytestmark = pytest.mark.graph

QUEUE = "aws:sqs/queue:Queue"


def test_a_message_stays_hidden_for_six_times_the_consumers_timeout(graph: Graph) -> None:
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    queue = graph.one(QUEUE, "serving-shadow")
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * function.inputs["timeout"]


def test_what_fails_too_often_moves_to_the_dead_letter_queue(graph: Graph) -> None:
    dead_letters = graph.one(QUEUE, "serving-shadow-dlq")
    policy = json.loads(graph.one(QUEUE, "serving-shadow").inputs["redrivePolicy"])
    assert policy["deadLetterTargetArn"] == dead_letters.outputs["arn"]
    assert policy["maxReceiveCount"] >= 1


def test_request_data_does_not_stay_in_queues_for_long(graph: Graph) -> None:
    for queue in graph.all(QUEUE):
        assert queue.inputs["messageRetentionSeconds"] <= 86_400


def test_the_inference_function_may_send_to_and_receive_from_the_shadow_queue(dev: Graph) -> None:
    queue = dev.one(QUEUE, "serving-shadow")
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "serving-predict-shadow")
    use, _ = json.loads(policy.inputs["policy"])["Statement"]
    assert use["Resource"] == queue.outputs["arn"]
    assert {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"} <= set(use["Action"])
    function = dev.one("aws:lambda/function:Function", "serving-predict")
    variables = function.inputs["environment"]["variables"]
    assert variables["WARMLINE_SHADOW_QUEUE_URL"] == queue.outputs["url"]


def test_the_registry_is_on_demand_recoverable_and_keyed_as_the_contract_says(
    graph: Graph,
) -> None:
    table = graph.one("aws:dynamodb/table:Table", "registry").inputs
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert (table["hashKey"], table["rangeKey"]) == (PARTITION_KEY, SORT_KEY)
    assert {a["name"]: a["type"] for a in table["attributes"]} == {
        PARTITION_KEY: "S",
        SORT_KEY: "S",
    }


def test_a_tenant_item_is_what_the_function_decodes(graph: Graph) -> None:
    items = graph.all("aws:dynamodb/tableItem:TableItem")
    assert items
    for item in items:
        tenant = decode_tenant(json.loads(item.inputs["item"]))
        assert item.name == f"registry-tenant-{tenant.name}"
        assert tenant.claim == graph.outputs["tenants"][tenant.name]
        assert tenant.models
