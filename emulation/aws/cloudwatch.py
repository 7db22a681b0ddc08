"""Alarms and dashboards."""

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Fidelity, Property, Resource, put_again
from emulation.aws.shapes import request, retag, seen, tag_list, tag_map
from emulation.wire import Properties

_NAMES = {
    "name": "AlarmName",
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}


def _put(aws: Aws, inputs: Properties) -> str:
    dimensions = [
        {"Name": name, "Value": value} for name, value in (inputs.get("dimensions") or {}).items()
    ]
    aws.call(
        "cloudwatch",
        "PutMetricAlarm",
        Dimensions=dimensions or None,
        Metrics=[_query(one) for one in inputs.get("metricQueries") or ()] or None,
        Tags=tag_list(inputs.get("tags")),
        **request(aws, "cloudwatch", "PutMetricAlarm", _NAMES, inputs),
    )
    return inputs["name"]


def _query(given: Properties) -> Properties:
    """An element of an alarm on metric math, as the API has it."""
    query = {"Id": given["id"], "ReturnData": given.get("returnData", False)}
    query |= {
        member: given[name]
        for name, member in {"expression": "Expression", "label": "Label"}.items()
        if given.get(name)
    }
    if metric := given.get("metric"):
        query["MetricStat"] = {
            "Metric": {
                "Namespace": metric.get("namespace"),
                "MetricName": metric["metricName"],
                "Dimensions": [
                    {"Name": name, "Value": value}
                    for name, value in (metric.get("dimensions") or {}).items()
                ],
            },
            "Period": int(metric["period"]),
            "Stat": metric["stat"],
        }
    return query


def _read(aws: Aws, name: str, inputs: Properties) -> Properties | None:
    alarms = aws.call("cloudwatch", "DescribeAlarms", AlarmNames=[name]).get("MetricAlarms", [])
    if not alarms:
        return None
    alarm = alarms[0]
    found = seen(alarm, _NAMES)
    if "extendedStatistic" in found:
        found.pop("statistic", None)  # the emulator shows a default beside it, AWS has one of them
    if inputs.get("metricQueries"):
        for default in ("period", "statistic"):  # as above
            found.pop(default, None)
    tags = aws.call("cloudwatch", "ListTagsForResource", ResourceARN=alarm["AlarmArn"]).get("Tags")
    return found | {
        "arn": alarm["AlarmArn"],
        "dimensions": {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])},
        "tags": tag_map(tags),
    }


def _update(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    _put(aws, new)
    found = _read(aws, name, new)
    if found:
        retag(aws, "cloudwatch", old, new, form=tag_list, ResourceARN=found["arn"])


def _delete(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("cloudwatch", "DeleteAlarms", AlarmNames=[name])


METRIC_ALARM = Resource(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    note="judged only when some metric or alarm is written; without new data it keeps its state; "
    "one on metric math is accepted, and its metrics are forgotten",
    auto_name=AutoName(property="name", longest=255),
    identity=("name",),
    outputs=("arn",),
    properties={
        "name": Property(replaces="CloudWatch cannot rename an alarm"),
        "actionsEnabled": Property(default=True),
        "alarmActions": Property(unordered=True),
        "alarmDescription": Property(),
        "comparisonOperator": Property(required=True),
        "datapointsToAlarm": Property(),
        "dimensions": Property(default={}),
        "evaluationPeriods": Property(required=True),
        "extendedStatistic": Property(),
        "insufficientDataActions": Property(unordered=True),
        "metricName": Property(),
        "metricQueries": Property(kept="the emulator has no metric math"),
        "namespace": Property(),
        "okActions": Property(unordered=True),
        "period": Property(),
        "statistic": Property(),
        "tags": Property(default={}),
        "threshold": Property(),
        "treatMissingData": Property(default="missing"),
        "unit": Property(),
    },
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
)


_COMPOSITE_NAMES = {
    "alarmName": "AlarmName",
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "alarmRule": "AlarmRule",
    "insufficientDataActions": "InsufficientDataActions",
    "okActions": "OKActions",
}


def _put_composite(aws: Aws, inputs: Properties) -> str:
    aws.call(
        "cloudwatch",
        "PutCompositeAlarm",
        Tags=tag_list(inputs.get("tags")),
        **request(aws, "cloudwatch", "PutCompositeAlarm", _COMPOSITE_NAMES, inputs),
    )
    return inputs["alarmName"]


def _read_composite(aws: Aws, name: str, _inputs: Properties) -> Properties | None:
    alarms = aws.call(
        "cloudwatch", "DescribeAlarms", AlarmNames=[name], AlarmTypes=["CompositeAlarm"]
    ).get("CompositeAlarms", [])
    if not alarms:
        return None
    alarm = alarms[0]
    tags = aws.call("cloudwatch", "ListTagsForResource", ResourceARN=alarm["AlarmArn"]).get("Tags")
    return seen(alarm, _COMPOSITE_NAMES) | {"arn": alarm["AlarmArn"], "tags": tag_map(tags)}


def _update_composite(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    _put_composite(aws, new)
    found = _read_composite(aws, name, new)
    if found:
        retag(aws, "cloudwatch", old, new, form=tag_list, ResourceARN=found["arn"])


COMPOSITE_ALARM = Resource(
    type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    note="follows the states of its alarms, of which those on metric math never change",
    identity=("alarmName",),
    outputs=("arn",),
    properties={
        "alarmName": Property(required=True, replaces="CloudWatch cannot rename an alarm"),
        "actionsEnabled": Property(default=True),
        "alarmActions": Property(unordered=True),
        "alarmDescription": Property(),
        "alarmRule": Property(required=True),
        "insufficientDataActions": Property(unordered=True),
        "okActions": Property(unordered=True),
        "tags": Property(default={}),
    },
    create=_put_composite,
    read=_read_composite,
    update=_update_composite,
    delete=_delete,
)


def _put_dashboard(aws: Aws, inputs: Properties) -> str:
    name = inputs["dashboardName"]
    aws.call(
        "cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=inputs["dashboardBody"]
    )
    return name


def _read_dashboard(aws: Aws, name: str, _inputs: Properties) -> Properties:
    answer = aws.call("cloudwatch", "GetDashboard", DashboardName=name)
    return {
        "dashboardName": name,
        "dashboardBody": answer["DashboardBody"],
        "dashboardArn": answer["DashboardArn"],
    }


def _delete_dashboard(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("cloudwatch", "DeleteDashboards", DashboardNames=[name])


DASHBOARD = Resource(
    type="aws:cloudwatch/dashboard:Dashboard",
    fidelity=Fidelity.RECORD,
    note="stored, and shown nowhere",
    identity=("dashboardName",),
    outputs=("dashboardArn",),
    properties={
        "dashboardName": Property(required=True, replaces="a dashboard is found by its name"),
        "dashboardBody": Property(required=True, json=True),
    },
    create=_put_dashboard,
    read=_read_dashboard,
    update=put_again(_put_dashboard),
    delete=_delete_dashboard,
)

TYPES = (METRIC_ALARM, COMPOSITE_ALARM, DASHBOARD)
