"""Budget: what a stack may cost in a month, and who is told before it does."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.tags import Tags
from settings import Budget as Limits


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    account: Account
    topic_arn: pulumi.Input[str]
    """Its policy, and that of its key, let AWS Budgets publish."""
    monthly_usd: int
    limits: Limits
    tags: Tags


class Budget(pulumi.ComponentResource):
    """A monthly cost budget over what carries the stack's tags, with two notifications."""

    def __init__(
        self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:Budget", name, {}, opts)
        told = {
            "ACTUAL": args.limits.actual_percent,
            "FORECASTED": args.limits.forecast_percent,
        }
        aws.budgets.Budget(
            name,
            account_id=args.account.id,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            # Values of one `cost_filters` entry are alternatives; both tags must match here.
            filter_expression={
                "ands": [
                    {"tags": {"key": "project", "values": [args.tags.project]}},
                    {"tags": {"key": "stack", "values": [args.tags.stack]}},
                ]
            },
            metrics="UnblendedCost",
            notifications=[
                _notification(kind, percent, args.topic_arn, args.limits.notify)
                for kind, percent in told.items()
            ],
            tags=args.tags.named(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _notification(
    kind: str, percent: int, topic_arn: pulumi.Input[str], emails: Sequence[str]
) -> aws.budgets.BudgetNotificationArgsDict:
    return {
        "notification_type": kind,
        "comparison_operator": "GREATER_THAN",
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": [topic_arn],
        "subscriber_email_addresses": list(emails),
    }
