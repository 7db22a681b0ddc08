"""Deployments and stages of REST APIs."""

from typing import Any

from emulation.aws.apigateway import (
    BELONGS,
    SERVICE,
    arn_of,
    execution_arn,
    replacements,
    retag_path,
    tags_of,
)
from emulation.aws.apigatewayv2 import local_url
from emulation.aws.calls import Aws
from emulation.aws.resource import Property, Resource, put_again
from emulation.aws.shapes import request, seen
from emulation.wire import Properties


def _create_deployment(aws: Aws, inputs: Properties) -> str:
    answer = aws.call(
        SERVICE,
        "CreateDeployment",
        restApiId=inputs["restApi"],
        description=inputs.get("description"),
    )
    return answer["id"]


def _deployment_of(deployment_id: str, inputs: Properties) -> dict[str, str]:
    return {"restApiId": inputs["restApi"], "deploymentId": deployment_id}


def _read_deployment(aws: Aws, deployment_id: str, inputs: Properties) -> Properties:
    answer = aws.call(SERVICE, "GetDeployment", **_deployment_of(deployment_id, inputs))
    return seen(answer, {"description": "description"}) | {
        "restApi": inputs["restApi"],
        "createdDate": str(answer["createdDate"]),
    }


def _update_deployment(aws: Aws, deployment_id: str, _old: Properties, new: Properties) -> None:
    operations = replacements({"description": new.get("description", "")})
    where = _deployment_of(deployment_id, new)
    aws.call(SERVICE, "UpdateDeployment", **where, patchOperations=operations)


def _delete_deployment(aws: Aws, deployment_id: str, state: Properties) -> None:
    aws.call(SERVICE, "DeleteDeployment", **_deployment_of(deployment_id, state))


DEPLOYMENT = Resource(
    type="aws:apigateway/deployment:Deployment",
    note="copies gateway responses; methods are in force without it",
    outputs=("createdDate",),
    properties={
        "description": Property(),
        "restApi": Property(required=True, replaces=BELONGS),
        "triggers": Property(
            replaces="a deployment is a copy of what was there", kept="no part of the API"
        ),
    },
    create=_create_deployment,
    read=_read_deployment,
    update=_update_deployment,
    delete=_delete_deployment,
)

_STAGE = {
    "deployment": "deploymentId",
    "description": "description",
    "stageName": "stageName",
    "xrayTracingEnabled": "tracingEnabled",
}


def _stage_of(inputs: Properties) -> dict[str, str]:
    return {"restApiId": inputs["restApi"], "stageName": inputs["stageName"]}


def _create_stage(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, SERVICE, "CreateStage", _STAGE | {"tags": "tags"}, inputs)
    aws.call(SERVICE, "CreateStage", restApiId=inputs["restApi"], **parameters)
    return f"ags-{inputs['restApi']}-{inputs['stageName']}"


def _settle_stage(aws: Aws, _id: str, inputs: Properties) -> None:
    """Its access log is no part of its creation, and the emulator forgets the tags of that."""
    if tags := inputs.get("tags"):
        path = f"restapis/{inputs['restApi']}/stages/{inputs['stageName']}"
        aws.call(SERVICE, "TagResource", resourceArn=arn_of(aws, path), tags=tags)
    if log := inputs.get("accessLogSettings"):
        operations = replacements(
            {f"accessLogSettings/{member}": text for member, text in log.items()}
        )
        aws.call(SERVICE, "UpdateStage", **_stage_of(inputs), patchOperations=operations)


def _read_stage(aws: Aws, _id: str, inputs: Properties) -> Properties:
    answer = aws.call(SERVICE, "GetStage", **_stage_of(inputs))
    api_id, name = inputs["restApi"], inputs["stageName"]
    path = f"restapis/{api_id}/stages/{name}"
    return seen(answer, _STAGE | {"accessLogSettings": "accessLogSettings"}) | {
        "restApi": api_id,
        "arn": arn_of(aws, path),
        "executionArn": f"{execution_arn(aws, api_id)}/{name}",
        "invokeUrl": f"{local_url(aws, api_id)}/{name}",
        "tags": tags_of(aws, path),
    }


def _update_stage(aws: Aws, _id: str, old: Properties, new: Properties) -> None:
    operations = replacements(
        {
            "deploymentId": new["deployment"],
            "description": new.get("description", ""),
            "tracingEnabled": new.get("xrayTracingEnabled", False),
        }
    )
    aws.call(SERVICE, "UpdateStage", **_stage_of(new), patchOperations=operations)
    retag_path(aws, f"restapis/{new['restApi']}/stages/{new['stageName']}", old, new)


def _delete_stage(aws: Aws, _id: str, state: Properties) -> None:
    aws.call(SERVICE, "DeleteStage", **_stage_of(state))


STAGE = Resource(
    type="aws:apigateway/stage:Stage",
    note="the access log and tracing are noted only",
    identity=("restApi", "stageName"),
    outputs=("arn", "executionArn", "invokeUrl"),
    properties={
        "accessLogSettings": Property(),
        "deployment": Property(required=True),
        "description": Property(),
        "restApi": Property(required=True, replaces=BELONGS),
        "stageName": Property(required=True, replaces="the name is part of the stage's URL"),
        "tags": Property(default={}),
        "xrayTracingEnabled": Property(default=False),
    },
    create=_create_stage,
    settle=_settle_stage,
    read=_read_stage,
    update=_update_stage,
    delete=_delete_stage,
)

_SETTINGS = {
    "dataTraceEnabled": ("logging/dataTrace", "dataTraceEnabled"),
    "loggingLevel": ("logging/loglevel", "loggingLevel"),
    "metricsEnabled": ("metrics/enabled", "metricsEnabled"),
    "throttlingBurstLimit": ("throttling/burstLimit", "throttlingBurstLimit"),
    "throttlingRateLimit": ("throttling/rateLimit", "throttlingRateLimit"),
}
"""Setting -> where it stands in a patch, and in an answer."""


def _pointer(method_path: str) -> str:
    """`v2/health/live/GET` as a patch names it: the path's own slashes are `~1`."""
    path, _, verb = method_path.rpartition("/")
    return f"{path if path == '*' else '~1' + path.replace('/', '~1')}/{verb}"


def _put_settings(aws: Aws, inputs: Properties) -> str:
    pointer, given = _pointer(inputs["methodPath"]), inputs["settings"]
    operations = replacements(
        {
            f"{pointer}/{place}": _whole(given[name])
            for name, (place, _) in _SETTINGS.items()
            if given.get(name) is not None
        }
    )
    aws.call(SERVICE, "UpdateStage", **_stage_of(inputs), patchOperations=operations)
    return f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}"


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_settings(aws: Aws, _id: str, inputs: Properties) -> Properties | None:
    path = inputs["methodPath"]
    answer = aws.call(SERVICE, "GetStage", **_stage_of(inputs)).get("methodSettings") or {}
    found = answer.get(path) or answer.get(f"/{path}")
    if found is None:
        return None
    names = {name: member for name, (_, member) in _SETTINGS.items()}
    return {name: inputs[name] for name in ("restApi", "stageName", "methodPath")} | {
        "settings": {name: found.get(member) for name, member in names.items()}
    }


def _delete_settings(aws: Aws, _id: str, state: Properties) -> None:
    operations = [{"op": "remove", "path": f"/{_pointer(state['methodPath'])}"}]
    aws.call(SERVICE, "UpdateStage", **_stage_of(state), patchOperations=operations)


METHOD_SETTINGS = Resource(
    type="aws:apigateway/methodSettings:MethodSettings",
    note="requests are throttled; metrics are noted only",
    identity=("restApi", "stageName", "methodPath"),
    properties={
        "methodPath": Property(required=True, replaces="they are the settings of one method"),
        "restApi": Property(required=True, replaces=BELONGS),
        "settings": Property(required=True, partial=True),
        "stageName": Property(required=True, replaces="they belong to one stage"),
    },
    create=_put_settings,
    read=_read_settings,
    update=put_again(_put_settings),
    delete=_delete_settings,
)

TYPES = (DEPLOYMENT, STAGE, METHOD_SETTINGS)
