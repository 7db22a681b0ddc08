"""Observability: who is told when it goes wrong, and what one looks at then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import dashboard
from components.account import Account
from components.burn_alarms import BurnAlarmsArgs, burn_alarms
from components.derived import near_timeout_ms
from components.documents.messaging import alarm_topic
from components.front_door import ApiMetrics
from components.function import Function
from components.log_queries import Source, save
from components.render import rendered
from components.serving_group import ServingGroup
from components.tags import DataClass, Tags
from contracts.metrics import GROUP_DIMENSION, NAMESPACE, Metric
from settings import Observability as Thresholds
from settings import Shadow
from settings.burn_rates import Severity

RUNBOOK = "docs/runbook.md"
"""Has a section for each alarm; `symptom`, or else the label, is its heading."""
_PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    account: Account
    groups: Sequence[ServingGroup]
    functions: Mapping[str, Function]
    """Those that belong to no group."""
    judge: Function | None
    """The authorizer function, for which a refused token is an error like any other."""
    api: ApiMetrics
    access_log_name: pulumi.Input[str]
    """Log group of the API's access log."""
    shadow: Shadow
    thresholds: Thresholds
    kms_key_arn: pulumi.Input[str]
    """Key of the topics; its policy lets CloudWatch and AWS Budgets publish."""
    tags: Tags


class Observability(pulumi.ComponentResource):
    """Encrypted topics for what can wait and what cannot, alarms, dashboards, saved queries."""

    topic_arn: pulumi.Output[str]
    """Where every alarm goes but those that page."""
    page_topic_arn: pulumi.Output[str]
    """Where alarms go for which somebody gets up."""
    page_alarms: dict[str, list[pulumi.Output[str]]]
    """Names of the alarms that page, by serving group."""

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:Observability", name, {}, opts)
        self._name = name
        self._tags = args.tags
        self.topic_arn = self._topic(name, args)
        self.page_topic_arn = self._topic(f"{name}-pages", args)
        limits = args.thresholds
        functions = {group.labelled("predict"): group.inference for group in args.groups}
        functions |= args.functions
        for label, function in functions.items():
            self._failure_alarm(label, function, limits)
            self._function_alarms(label, function, limits)
        if args.judge is not None:
            self._function_alarms("authorize", args.judge, limits)
        for group in args.groups:
            self._queue_alarms(group, args.shadow)
            self._group_alarms(group, limits)
        self._burning = {
            group.serving.name: self._objective_alarms(group, limits) for group in args.groups
        }
        self.page_alarms = {
            name: [alarm.alarm_name for severity, alarm in alarms if severity == "page"]
            for name, alarms in self._burning.items()
        }
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
        if args.judge is not None:
            functions["authorize"] = args.judge
        self._dashboards(functions, args)
        self._save_queries(args)
        self.register_outputs(
            {
                "topic_arn": self.topic_arn,
                "page_topic_arn": self.page_topic_arn,
                "page_alarms": self.page_alarms,
            }
        )

    def _dashboards(self, functions: Mapping[str, Function], args: ObservabilityArgs) -> None:
        """One for the stack; the serving groups have a section of it each, or one of their own."""
        tags, region = args.tags, args.account.region
        views = {group.serving.name: self._view(group) for group in args.groups}
        apart = args.thresholds.dashboard_per_group
        bodies = {
            "": rendered(
                dashboard.of_stack,
                region=region,
                api={
                    "dimensions": args.api.dimensions,
                    "client_errors": args.api.client_errors,
                    "server_errors": args.api.server_errors,
                },
                functions={label: function.function_name for label, function in functions.items()},
                groups=[] if apart else list(views.values()),
            )
        }
        if apart:
            bodies |= {
                f"-{name}": rendered(dashboard.of_group, region=region, group=view)
                for name, view in views.items()
            }
        for mark, body in bodies.items():
            aws.cloudwatch.Dashboard(
                f"{self._name}{mark}",
                dashboard_name=f"{tags.project}-{tags.stack}{mark}",
                dashboard_body=body,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _view(self, group: ServingGroup) -> dict[str, pulumi.Input[Any]]:
        """Fields of `dashboard.GroupView`."""
        return {
            "name": group.serving.name,
            "function": group.inference.function_name,
            "log_group": group.inference.log_group_name,
            "alarms": [alarm.arn for _, alarm in self._burning[group.serving.name]],
            "memory_mb": group.serving.memory_mb,
            "architecture": group.inference.architecture,
            "provisioned_concurrency": group.serving.launch.provisioned_concurrency,
        }

    def _save_queries(self, args: ObservabilityArgs) -> None:
        sources: dict[Source, list[pulumi.Input[str]]] = {
            Source.GROUPS: [group.inference.log_group_name for group in args.groups],
            Source.ACCESS: [args.access_log_name],
        }
        if args.judge is not None:
            sources[Source.AUTHORIZER] = [args.judge.log_group_name]
        save(self._name, f"{args.tags.project}-{args.tags.stack}", sources, self)

    def _topic(self, name: str, args: ObservabilityArgs) -> pulumi.Output[str]:
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
        return topic.arn

    def _objective_alarms(
        self, group: ServingGroup, limits: Thresholds
    ) -> list[tuple[Severity, aws.cloudwatch.CompositeAlarm]]:
        if limits.objectives is None:
            return []
        return burn_alarms(
            self._name,
            BurnAlarmsArgs(
                group=group,
                objectives=limits.objectives,
                topics={"page": self.page_topic_arn, "ticket": self.topic_arn},
                runbook=RUNBOOK,
                tags=self._tags,
            ),
            self,
        )

    def _queue_alarms(self, group: ServingGroup, shadow: Shadow) -> None:
        if group.queue_name is not None:
            self._alarm(
                group.labelled("shadow-delay"),
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                {"QueueName": group.queue_name},
                shadow.retention_seconds // 2,
                statistic="Maximum",
                symptom="shadow-delay",
                why="Shadow requests wait so long that they soon expire unseen.",
            )
        if group.dead_letter_name is not None:
            self._alarm(
                group.labelled("dead-letters"),
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                {"QueueName": group.dead_letter_name},
                1,
                statistic="Maximum",
                symptom="dead-letters",
                why="Shadow requests failed too often and were set aside.",
            )

    def _group_alarms(self, group: ServingGroup, limits: Thresholds) -> None:
        dimensions = {GROUP_DIMENSION: group.serving.name}
        self._alarm(
            group.labelled("integrity"),
            NAMESPACE,
            Metric.INTEGRITY_FAILURES.value,
            dimensions,
            1,
            symptom="integrity",
            why="A model's bytes or signature are not what was pushed: it is not served.",
        )
        self._alarm(
            group.labelled("stale-reads"),
            NAMESPACE,
            Metric.STALE_READS.value,
            dimensions,
            limits.stale_reads_per_5_minutes,
            symptom="stale-reads",
            why="The registry cannot be read: the last known routes are serving.",
        )

    def _failure_alarm(self, label: str, function: Function, limits: Thresholds) -> None:
        self._alarm(
            f"{label}-errors",
            "AWS/Lambda",
            "Errors",
            function.alias_metrics,
            limits.function_errors_per_5_minutes,
            symptom="function-errors",
            why="The function failed or was killed: see its log group.",
        )

    def _function_alarms(self, label: str, function: Function, limits: Thresholds) -> None:
        self._alarm(
            f"{label}-throttles",
            "AWS/Lambda",
            "Throttles",
            function.alias_metrics,
            limits.function_throttles_per_5_minutes,
            symptom="function-throttles",
            why="Requests met the concurrency limit of the function or the account.",
        )
        self._alarm(
            f"{label}-duration",
            "AWS/Lambda",
            "Duration",
            function.alias_metrics,
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
