"""The alarms on one serving group's objectives, made from what `components.slo` says."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import slo
from components.serving_group import ServingGroup
from components.tags import Tags
from contracts.metrics import GROUP_DIMENSION
from settings import Objectives
from settings.burn_rates import Severity


@dataclass(frozen=True, kw_only=True)
class BurnAlarmsArgs:
    group: ServingGroup
    objectives: Objectives
    topics: Mapping[Severity, pulumi.Input[str]]
    runbook: str
    """Page with a section `slo-<objective>` for each objective."""
    tags: Tags


def burn_alarms(
    name: str, args: BurnAlarmsArgs, parent: pulumi.Resource
) -> list[tuple[Severity, aws.cloudwatch.CompositeAlarm]]:
    """Makes a composite alarm for each alert, and the alarms of its windows, which tell nobody.

    Returns the composite alarms; `name` is what their logical names begin with.
    """
    return [
        (alert.severity, _alert(name, alert, args, parent)) for alert in slo.alerts(args.objectives)
    ]


def _alert(
    prefix: str, alert: slo.Alert, args: BurnAlarmsArgs, parent: pulumi.Resource
) -> aws.cloudwatch.CompositeAlarm:
    objective, label = alert.objective, args.group.labelled(alert.label)
    name = f"{prefix}-{label}"
    todo = f"What to do: {args.runbook}#slo-{objective.name}"
    windows = {
        window.label: _window(prefix, objective, window, args, todo, parent)
        for window in alert.windows
    }
    topic = args.topics[alert.severity]
    return aws.cloudwatch.CompositeAlarm(
        name,
        # Pulumi gives composite alarms no names by itself, and names are the account's.
        alarm_name=f"{args.tags.project}-{args.tags.stack}-{label}",
        alarm_description=f"{objective.why[alert.severity]} {todo}",
        alarm_rule=pulumi.Output.all(**{key: one.name for key, one in windows.items()}).apply(
            alert.rule
        ),
        alarm_actions=[topic],
        ok_actions=[topic],
        tags=args.tags.named(name),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _window(
    prefix: str,
    objective: slo.Objective,
    window: slo.Window,
    args: BurnAlarmsArgs,
    todo: str,
    parent: pulumi.Resource,
) -> aws.cloudwatch.MetricAlarm:
    name = f"{prefix}-{args.group.labelled(window.label)}"
    group, function = {GROUP_DIMENSION: args.group.serving.name}, args.group.inference.alias_metrics
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=(
            f"{slo.span(window.seconds)} of the {objective.name} budget burn at {window.rate:g} "
            f"times what lasts 30 days; tells nobody by itself. {todo}"
        ),
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=window.rate,
        evaluation_periods=1,
        metric_queries=[
            *(
                {
                    "id": id_,
                    "metric": {
                        "namespace": measured.namespace,
                        "metric_name": measured.name,
                        "dimensions": function if measured.of_function else group,
                        "period": window.seconds,
                        "stat": measured.statistic,
                    },
                    "return_data": False,
                }
                for id_, measured in objective.measured.items()
            ),
            *(
                {
                    "id": id_,
                    "expression": expression,
                    "label": f"{objective.name} {id_}",
                    "return_data": id_ == slo.BURNING,
                }
                for id_, expression in window.expressions.items()
            ),
        ],
        treat_missing_data="notBreaching",
        tags=args.tags.named(name),
        opts=pulumi.ResourceOptions(parent=parent),
    )
