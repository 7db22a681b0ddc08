"""Observability: who is told when it goes wrong, and what one looks at then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.dashboard import dashboard
from components.derived import near_timeout_ms
from components.documents.messaging import alarm_topic
from components.front_door import ApiMetrics
from components.function import Function
from components.render import rendered
from components.serving_group import ServingGroup
from components.tags import DataClass, Tags
from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric
from settings import Observability as Thresholds

RUNBOOK = "docs/runbook.md"
"""Has a section for each alarm; `symptom`, or else the label, is its heading."""
_PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    account: Account
    groups: Sequence[ServingGroup]
    functions: Mapping[str, Function]
    """Those that belong to no group."""
    api: ApiMetrics
    thresholds: Thresholds
    kms_key_arn: pulumi.Input[str]
    """Key of the alarm topic; its policy lets CloudWatch and AWS Budgets publish."""
    tags: Tags


class Observability(pulumi.ComponentResource):
    """An encrypted topic that every alarm goes to, the alarms, and a dashboard."""

    topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:Observability", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            name,
            kms_master_key_id=args.kms_key_arn,
            tags=args.tags.named(name, DataClass.QUEUES),
            opts=child,
        )
        aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=rendered(
                alarm_topic,
                topic_arn=topic.arn,
                account_id=args.account.id,
                partition=args.account.partition,
            ),
            opts=child,
        )
        self._name = name
        self._tags = args.tags
        self.topic_arn = topic.arn
        limits = args.thresholds
        functions = {_label(group, "predict"): group.inference for group in args.groups}
        functions |= args.functions
        for label, function in functions.items():
            self._function_alarms(label, function, limits)
        for group in args.groups:
            self._group_alarms(group, limits)
        self._alarm(
            "api-5xx",
            "AWS/ApiGateway",
            args.api.server_errors,
            args.api.dimensions,
            limits.api_server_errors_per_5_minutes,
            why="The gateway answers with server errors: see the access log's integration_error.",
        )
        self._alarm(
            "api-latency",
            "AWS/ApiGateway",
            "Latency",
            args.api.dimensions,
            limits.api_latency_p99_ms,
            percentile="p99",
            why="One caller in a hundred waits longer than agreed.",
        )
        aws.cloudwatch.Dashboard(
            name,
            dashboard_name=f"{args.tags.project}-{args.tags.stack}",
            dashboard_body=rendered(
                dashboard,
                region=args.account.region,
                api=args.api.dimensions,
                errors=[args.api.client_errors, args.api.server_errors],
                groups=[group.serving.name for group in args.groups],
                functions={label: function.function_name for label, function in functions.items()},
            ),
            opts=child,
        )
        self.register_outputs({"topic_arn": self.topic_arn})

    def _group_alarms(self, group: ServingGroup, limits: Thresholds) -> None:
        if group.dead_letter_name is not None:
            self._alarm(
                _label(group, "dead-letters"),
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                {"QueueName": group.dead_letter_name},
                1,
                statistic="Maximum",
                why="Shadow requests failed too often and were set aside.",
            )
        dimensions = {GROUP_DIMENSION: group.serving.name}
        self._alarm(
            _label(group, "integrity"),
            NAMESPACE,
            Metric.INTEGRITY_FAILURES.value,
            dimensions,
            1,
            why="A model's bytes or signature are not what was pushed: it is not served.",
        )
        self._alarm(
            _label(group, "stale-reads"),
            NAMESPACE,
            Metric.STALE_READS.value,
            dimensions,
            limits.stale_reads_per_5_minutes,
            why="The registry cannot be read: the last known routes are serving.",
        )

    def _function_alarms(self, label: str, function: Function, limits: Thresholds) -> None:
        alias: dict[str, pulumi.Input[str]] = {
            "FunctionName": function.function_name,
            "Resource": pulumi.Output.concat(function.function_name, ":", function.alias_name),
        }
        self._alarm(
            f"{label}-errors",
            "AWS/Lambda",
            "Errors",
            alias,
            limits.function_errors_per_5_minutes,
            symptom="function-errors",
            why="The function failed or was killed: see its log group.",
        )
        self._alarm(
            f"{label}-throttles",
            "AWS/Lambda",
            "Throttles",
            alias,
            limits.function_throttles_per_5_minutes,
            symptom="function-throttles",
            why="Requests met the concurrency limit of the function or the account.",
        )
        self._alarm(
            f"{label}-duration",
            "AWS/Lambda",
            "Duration",
            alias,
            near_timeout_ms(function.timeout_seconds, limits.duration_percent_of_timeout),
            percentile="p99",
            symptom="function-duration",
            why="The slowest requests come near the function's timeout.",
        )

    def _alarm(
        self,
        label: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        threshold: float,
        *,
        why: str,
        symptom: str | None = None,
        statistic: str = "Sum",
        percentile: str | None = None,
    ) -> None:
        name = f"{self._name}-{label}"
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{why} What to do: {RUNBOOK}#{symptom or label}",
            namespace=namespace,
            metric_name=metric,
            dimensions=dict(dimensions),
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            period=_PERIOD_SECONDS,
            evaluation_periods=1,
            statistic=None if percentile else statistic,
            extended_statistic=percentile,
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=self._tags.named(name),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _label(group: ServingGroup, what: str) -> str:
    """`predict` for the default group, `fraud-predict` for the group fraud."""
    return what if group.serving.is_default else f"{group.serving.name}-{what}"
