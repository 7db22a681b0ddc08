"""What a month may cost, and who is told."""

import copy
import json
import re

import pytest

from tests.graph.programs import run, stack_file
from tests.harness import Graph

pytestmark = pytest.mark.graph

BUDGET = "aws:budgets/budget:Budget"


def test_the_budget_counts_what_carries_the_stacks_tags_and_nothing_else(graph: Graph) -> None:
    budget = graph.one(BUDGET, "budget")
    wanted = {
        one["tags"]["key"]: one["tags"]["values"]
        for one in budget.inputs["filterExpression"]["ands"]
    }
    assert set(wanted) == {"project", "stack"}
    tagged = [r for r in graph.resources if "tags" in r.inputs]
    assert tagged
    for resource in tagged:
        for key, values in wanted.items():
            assert [resource.inputs["tags"][key]] == values, resource.urn


def test_both_what_is_spent_and_the_forecast_are_told_to_the_alarm_topic(graph: Graph) -> None:
    told = graph.one(BUDGET, "budget").inputs["notifications"]
    assert {one["notificationType"]: one["threshold"] for one in told} == {
        "ACTUAL": 80,
        "FORECASTED": 100,
    }
    for one in told:
        assert one["subscriberSnsTopicArns"] == [graph.outputs["alarm_topic_arn"]]
        assert one["thresholdType"] == "PERCENTAGE"


def test_a_budget_of_this_account_may_publish_to_the_encrypted_topic(graph: Graph) -> None:
    topic = json.loads(
        graph.one("aws:sns/topicPolicy:TopicPolicy", "observability").inputs["policy"]
    )
    (publish,) = (s for s in topic["Statement"] if s["Sid"] == "PublishBudgets")
    assert publish["Principal"] == {"Service": "budgets.amazonaws.com"}
    account = publish["Condition"]["StringEquals"]["aws:SourceAccount"]
    arn = f"arn:aws:budgets::{account}:*"
    assert publish["Condition"]["ArnLike"] == {"aws:SourceArn": arn}
    key = json.loads(graph.one("aws:kms/key:Key", "keys-queues").inputs["policy"])
    (use,) = (s for s in key["Statement"] if s["Sid"] == "PublishAlarms")
    assert "budgets.amazonaws.com" in use["Principal"]["Service"]


def test_a_name_is_one_that_the_service_takes(graph: Graph) -> None:
    """The model of the service says it in a pattern that Python cannot read."""
    name = graph.one(BUDGET, "budget").outputs["name"]
    assert re.fullmatch(r"[A-Za-z0-9-]{1,93}", name)


def test_mail_addresses_are_told_too_and_without_a_limit_there_is_no_budget() -> None:
    config = copy.deepcopy(stack_file("dev"))
    config["warmline:budget"]["notify"] = ["ops@example.com"]
    for one in run("dev", config).one(BUDGET, "budget").inputs["notifications"]:
        assert one["subscriberEmailAddresses"] == ["ops@example.com"]
    config["warmline:budget"] |= {"monthly_usd": None, "notify": []}
    run("dev", config).none(BUDGET)
