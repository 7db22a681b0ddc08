"""Budgets, which the emulator keeps and never spends from."""

from typing import Any

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Fidelity, Property, Resource
from emulation.aws.shapes import retag, tag_list, tag_map
from emulation.wire import Properties

_FORGOTTEN = "the emulator drops it"
_NAMES = {
    "name": "BudgetName",
    "budgetType": "BudgetType",
    "filterExpression": "FilterExpression",
    "timeUnit": "TimeUnit",
}
_NOTIFICATION = {
    "notificationType": "NotificationType",
    "comparisonOperator": "ComparisonOperator",
    "threshold": "Threshold",
    "thresholdType": "ThresholdType",
}
_SUBSCRIBERS = {"subscriberSnsTopicArns": "SNS", "subscriberEmailAddresses": "EMAIL"}


def _budget(inputs: Properties) -> dict[str, Any]:
    budget: dict[str, Any] = {
        member: inputs[name] for name, member in _NAMES.items() if inputs.get(name)
    }
    if inputs.get("filterExpression"):
        budget["FilterExpression"] = _expression(inputs["filterExpression"])
    if inputs.get("metrics"):
        budget["Metrics"] = [inputs["metrics"]]
    return budget | {"BudgetLimit": {"Amount": inputs["limitAmount"], "Unit": inputs["limitUnit"]}}


def _expression(given: Properties) -> dict[str, Any]:
    """Only what the program says: tags that must all match."""
    return {
        "And": [
            {"Tags": {"Key": one["tags"]["key"], "Values": one["tags"]["values"]}}
            for one in given["ands"]
        ]
    }


def _notifications(inputs: Properties) -> list[dict[str, Any]]:
    return [
        {
            "Notification": {member: one.get(name) for name, member in _NOTIFICATION.items()},
            "Subscribers": [
                {"SubscriptionType": kind, "Address": address}
                for name, kind in _SUBSCRIBERS.items()
                for address in one.get(name) or []
            ],
        }
        for one in inputs.get("notifications") or []
    ]


def _create(aws: Aws, inputs: Properties) -> str:
    aws.call(
        "budgets",
        "CreateBudget",
        AccountId=inputs["accountId"],
        Budget=_budget(inputs),
        NotificationsWithSubscribers=_notifications(inputs),
        ResourceTags=tag_list(inputs.get("tags")),
    )
    return f"{inputs['accountId']}:{inputs['name']}"


def _where(budget_id: str) -> dict[str, str]:
    account, _, name = budget_id.partition(":")
    return {"AccountId": account, "BudgetName": name}


def _arn(budget_id: str) -> str:
    where = _where(budget_id)
    return f"arn:aws:budgets::{where['AccountId']}:budget/{where['BudgetName']}"


def _read(aws: Aws, budget_id: str, _inputs: Properties) -> Properties:
    where = _where(budget_id)
    budget = aws.call("budgets", "DescribeBudget", **where)["Budget"]
    tags = aws.call("budgets", "ListTagsForResource", ResourceARN=_arn(budget_id))
    return {
        "accountId": where["AccountId"],
        "arn": _arn(budget_id),
        "name": budget["BudgetName"],
        "budgetType": budget["BudgetType"],
        "timeUnit": budget["TimeUnit"],
        "limitAmount": budget["BudgetLimit"]["Amount"],
        "limitUnit": budget["BudgetLimit"]["Unit"],
        "notifications": [
            _seen_notification(aws, where, one)
            for one in aws.call("budgets", "DescribeNotificationsForBudget", **where).get(
                "Notifications", []
            )
        ],
        "tags": tag_map(tags.get("ResourceTags")),
    }


def _seen_notification(aws: Aws, where: dict[str, str], one: dict[str, Any]) -> Properties:
    asked = {member: one[member] for member in _NOTIFICATION.values()}
    subscribers = aws.call(
        "budgets", "DescribeSubscribersForNotification", Notification=asked, **where
    )["Subscribers"]
    return {name: one[member] for name, member in _NOTIFICATION.items()} | {
        name: [one["Address"] for one in subscribers if one["SubscriptionType"] == kind]
        for name, kind in _SUBSCRIBERS.items()
    }


def _update(aws: Aws, budget_id: str, old: Properties, new: Properties) -> None:
    where = _where(budget_id)
    aws.call("budgets", "UpdateBudget", AccountId=where["AccountId"], NewBudget=_budget(new))
    for one in _notifications(_read(aws, budget_id, old)):
        aws.call("budgets", "DeleteNotification", Notification=one["Notification"], **where)
    for one in _notifications(new):
        aws.call("budgets", "CreateNotification", **one, **where)
    retag(
        aws,
        "budgets",
        old,
        new,
        form=tag_list,
        members=("ResourceTags", "ResourceTagKeys"),
        ResourceARN=_arn(budget_id),
    )


def _delete(aws: Aws, budget_id: str, _state: Properties) -> None:
    aws.call("budgets", "DeleteBudget", **_where(budget_id))


BUDGET = Resource(
    type="aws:budgets/budget:Budget",
    fidelity=Fidelity.RECORD,
    note="stored without its filter; nothing is ever spent, so nobody is told",
    auto_name=AutoName(property="name", longest=100),
    identity=("accountId", "name"),
    outputs=("arn",),
    properties={
        "name": Property(replaces="a budget is found by its name"),
        "accountId": Property(required=True, replaces="a budget belongs to one account"),
        "budgetType": Property(required=True),
        "filterExpression": Property(kept=_FORGOTTEN),
        "limitAmount": Property(required=True),
        "limitUnit": Property(required=True),
        "metrics": Property(kept=_FORGOTTEN),
        "notifications": Property(default=[], unordered=True),
        "tags": Property(default={}),
        "timeUnit": Property(required=True),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)

TYPES = (BUDGET,)
