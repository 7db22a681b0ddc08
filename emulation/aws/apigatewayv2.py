"""HTTP APIs and their parts."""

from collections.abc import Callable, Mapping
from typing import Any

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Fidelity, Property, Resource
from emulation.aws.shapes import blocks, request, retag, seen
from emulation.wire import Properties

_SERVICE = "apigatewayv2"


def local_url(aws: Aws, api_id: str) -> str:
    """Where an API answers: under the emulator's own address, not under a name of its own."""
    return f"{aws.endpoint_url}/_aws/execute-api/{api_id}"


_API = {
    "name": "Name",
    "corsConfiguration": "CorsConfiguration",
    "description": "Description",
    "disableExecuteApiEndpoint": "DisableExecuteApiEndpoint",
    "protocolType": "ProtocolType",
    "tags": "Tags",
}


def _create(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, _SERVICE, "CreateApi", _API, inputs)
    return aws.call(_SERVICE, "CreateApi", **parameters)["ApiId"]


def _read(aws: Aws, api_id: str, _inputs: Properties) -> Properties:
    api = aws.call(_SERVICE, "GetApi", ApiId=api_id)
    return seen(api, _API) | {
        "apiEndpoint": local_url(aws, api_id),
        "arn": _arn(aws, f"apis/{api_id}"),
        "executionArn": f"arn:aws:execute-api:{aws.region}:{aws.account}:{api_id}",
        "tags": _tags(aws, f"apis/{api_id}"),
    }


def _arn(aws: Aws, path: str) -> str:
    return f"arn:aws:apigateway:{aws.region}::/{path}"


def _update(aws: Aws, api_id: str, old: Properties, new: Properties) -> None:
    parameters = request(aws, _SERVICE, "UpdateApi", _API, new)
    parameters.setdefault("Description", "")
    aws.call(_SERVICE, "UpdateApi", ApiId=api_id, **parameters)
    if old.get("corsConfiguration") and not new.get("corsConfiguration"):
        aws.call(_SERVICE, "DeleteCorsConfiguration", ApiId=api_id)
    _retag(aws, f"apis/{api_id}", old, new)


def _tags(aws: Aws, path: str) -> dict[str, str]:
    return aws.call(_SERVICE, "GetTags", ResourceArn=_arn(aws, path)).get("Tags", {})


def _retag(aws: Aws, path: str, old: Properties, new: Properties) -> None:
    retag(aws, _SERVICE, old, new, ResourceArn=_arn(aws, path))


def _delete(aws: Aws, api_id: str, _state: Properties) -> None:
    aws.call(_SERVICE, "DeleteApi", ApiId=api_id)


API = Resource(
    type="aws:apigatewayv2/api:Api",
    note="answers under a path of the emulator's address; nothing is throttled",
    auto_name=AutoName(property="name", longest=128),
    outputs=("apiEndpoint", "arn", "executionArn"),
    properties={
        "name": Property(),
        "corsConfiguration": Property(partial=True),
        "description": Property(),
        "disableExecuteApiEndpoint": Property(default=False),
        "protocolType": Property(required=True, replaces="UpdateApi has no protocol"),
        "tags": Property(default={}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)

_STAGE = {
    "accessLogSettings": "AccessLogSettings",
    "autoDeploy": "AutoDeploy",
    "defaultRouteSettings": "DefaultRouteSettings",
    "description": "Description",
    "name": "StageName",
    "tags": "Tags",
}


def _stage_parameters(aws: Aws, operation: str, inputs: Properties) -> dict[str, Any]:
    """A list of settings that name their route is a map from route to settings in the API."""
    by_route: dict[str, Any] = {}
    for settings in inputs.get("routeSettings") or []:
        others = {name: value for name, value in settings.items() if name != "routeKey"}
        by_route[settings["routeKey"]] = others
    given = inputs | {"routeSettings": by_route}
    return request(aws, _SERVICE, operation, _STAGE | {"routeSettings": "RouteSettings"}, given)


def _create_stage(aws: Aws, inputs: Properties) -> str:
    parameters = _stage_parameters(aws, "CreateStage", inputs)
    aws.call(_SERVICE, "CreateStage", ApiId=inputs["apiId"], **parameters)
    return inputs["name"]


def _read_stage(aws: Aws, name: str, inputs: Properties) -> Properties:
    api_id = inputs["apiId"]
    stage = aws.call(_SERVICE, "GetStage", ApiId=api_id, StageName=name)
    return seen(stage, _STAGE) | {
        "apiId": api_id,
        "arn": _arn(aws, f"apis/{api_id}/stages/{name}"),
        "executionArn": f"arn:aws:execute-api:{aws.region}:{aws.account}:{api_id}/{name}",
        "invokeUrl": f"{local_url(aws, api_id)}/{name}",
        "routeSettings": [
            {"routeKey": route} | blocks(settings)
            for route, settings in sorted((stage.get("RouteSettings") or {}).items())
        ],
        "tags": _tags(aws, f"apis/{api_id}/stages/{name}"),
    }


def _update_stage(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    parameters = _stage_parameters(aws, "UpdateStage", new)
    parameters.setdefault("Description", "")
    parameters.setdefault("AutoDeploy", False)
    aws.call(_SERVICE, "UpdateStage", ApiId=new["apiId"], **parameters)
    _retag(aws, f"apis/{new['apiId']}/stages/{name}", old, new)


def _delete_stage(aws: Aws, name: str, state: Properties) -> None:
    aws.call(_SERVICE, "DeleteStage", ApiId=state["apiId"], StageName=name)


STAGE = Resource(
    type="aws:apigatewayv2/stage:Stage",
    fidelity=Fidelity.RECORD,
    note="routes answer; throttling limits, metrics and access logs are noted only",
    auto_name=AutoName(property="name", longest=128),
    identity=("apiId", "name"),
    outputs=("arn", "executionArn", "invokeUrl"),
    properties={
        "accessLogSettings": Property(),
        "apiId": Property(required=True, replaces="a stage belongs to one API"),
        "autoDeploy": Property(default=False),
        "defaultRouteSettings": Property(partial=True),
        "description": Property(),
        "name": Property(replaces="the name is part of the stage's URL"),
        "routeSettings": Property(default=[], partial=True),
        "tags": Property(default={}),
    },
    create=_create_stage,
    read=_read_stage,
    update=_update_stage,
    delete=_delete_stage,
)


def _nothing(_properties: Properties) -> Properties:
    return {}


def _part(
    kind: str,
    names: Mapping[str, str],
    properties: Mapping[str, Property],
    *,
    sent: Callable[[Properties], Properties] = _nothing,
    shown: Callable[[Properties], Properties] = _nothing,
    **more: Any,
) -> Resource:
    """A route, an integration or an authorizer: four calls that differ in one word.

    `sent` and `shown` translate what is not called alike on both sides: inputs to parameters, and
    an answer to properties.
    """
    id_member = f"{kind}Id"

    def create(aws: Aws, inputs: Properties) -> str:
        parameters = request(aws, _SERVICE, f"Create{kind}", names, inputs) | sent(inputs)
        return aws.call(_SERVICE, f"Create{kind}", **parameters)[id_member]

    def read(aws: Aws, part_id: str, inputs: Properties) -> Properties:
        where = {"ApiId": inputs["apiId"], id_member: part_id}
        answer = aws.call(_SERVICE, f"Get{kind}", **where)
        return seen(answer, names) | shown(answer) | {"apiId": inputs["apiId"]}

    def update(aws: Aws, part_id: str, _old: Properties, new: Properties) -> None:
        parameters = request(aws, _SERVICE, f"Update{kind}", names, new) | sent(new)
        aws.call(_SERVICE, f"Update{kind}", **parameters, **{id_member: part_id})

    def delete(aws: Aws, part_id: str, state: Properties) -> None:
        aws.call(_SERVICE, f"Delete{kind}", ApiId=state["apiId"], **{id_member: part_id})

    return Resource(
        type=f"aws:apigatewayv2/{kind.lower()}:{kind}",
        properties={
            "apiId": Property(required=True, replaces="it belongs to one API"),
            **properties,
        },
        create=create,
        read=read,
        update=update,
        delete=delete,
        **more,
    )


ROUTE = _part(
    "Route",
    {
        "apiId": "ApiId",
        "authorizationScopes": "AuthorizationScopes",
        "authorizationType": "AuthorizationType",
        "authorizerId": "AuthorizerId",
        "routeKey": "RouteKey",
        "target": "Target",
    },
    {
        "authorizationScopes": Property(unordered=True),
        "authorizationType": Property(default="NONE"),
        "authorizerId": Property(),
        "routeKey": Property(required=True),
        "target": Property(),
    },
    note="scopes are enforced",
)
INTEGRATION = _part(
    "Integration",
    {
        "apiId": "ApiId",
        "integrationMethod": "IntegrationMethod",
        "integrationType": "IntegrationType",
        "integrationUri": "IntegrationUri",
        "payloadFormatVersion": "PayloadFormatVersion",
        "timeoutMilliseconds": "TimeoutInMillis",
    },
    {
        "integrationMethod": Property(),
        "integrationType": Property(required=True, replaces="UpdateIntegration cannot change it"),
        "integrationUri": Property(),
        "payloadFormatVersion": Property(default="1.0"),
        "timeoutMilliseconds": Property(default=30_000),
    },
    note="its timeout is ignored: the function's own ends a request",
)
AUTHORIZER = _part(
    "Authorizer",
    {
        "apiId": "ApiId",
        "authorizerType": "AuthorizerType",
        "identitySources": "IdentitySource",
        "name": "Name",
    },
    {
        "authorizerType": Property(required=True),
        "identitySources": Property(),
        "jwtConfiguration": Property(required=True),
        "name": Property(),
    },
    sent=lambda inputs: {
        "JwtConfiguration": {
            "Issuer": inputs["jwtConfiguration"]["issuer"],
            "Audience": inputs["jwtConfiguration"]["audiences"],
        }
    },
    shown=lambda answer: {
        "jwtConfiguration": {
            "issuer": answer["JwtConfiguration"]["Issuer"],
            "audiences": answer["JwtConfiguration"]["Audience"],
        }
    },
    note="tokens are checked: signature, issuer, audience, expiry",
    auto_name=AutoName(property="name", longest=128),
)

TYPES = (API, STAGE, ROUTE, INTEGRATION, AUTHORIZER)
