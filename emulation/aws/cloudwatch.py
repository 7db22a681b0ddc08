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
        Dimensions=dimensions,
        Tags=tag_list(inputs.get("tags")),
        **request(aws, "cloudwatch", "PutMetricAlarm", _NAMES, inputs),
    )
    return inputs["name"]


def _read(aws: Aws, name: str, _inputs: Properties) -> Properties | None:
    alarms = aws.call("cloudwatch", "DescribeAlarms", AlarmNames=[name]).get("MetricAlarms", [])
    if not alarms:
        return None
    alarm = alarms[0]
    found = seen(alarm, _NAMES)
    if "extendedStatistic" in found:
        found.pop("statistic", None)  # the emulator shows a default beside it, AWS has one of them
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
    note="judged only when some metric or alarm is written; without new data it keeps its state",
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

TYPES = (METRIC_ALARM, DASHBOARD)
