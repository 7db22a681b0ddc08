"""REST APIs, and what a deployment is a copy of."""

from collections.abc import Mapping
from typing import Any

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Property, Resource, changed, put_again
from emulation.aws.shapes import as_text, request, retag, seen
from emulation.wire import Properties

SERVICE = "apigateway"
BELONGS = "it belongs to one API"


def arn_of(aws: Aws, path: str) -> str:
    return f"arn:aws:apigateway:{aws.region}::/{path}"


def execution_arn(aws: Aws, api_id: str) -> str:
    return f"arn:aws:execute-api:{aws.region}:{aws.account}:{api_id}"


def retag_path(aws: Aws, path: str, old: Properties, new: Properties) -> None:
    members = ("tags", "tagKeys")
    retag(aws, SERVICE, old, new, members=members, resourceArn=arn_of(aws, path))


def tags_of(aws: Aws, path: str) -> dict[str, str]:
    return aws.call(SERVICE, "GetTags", resourceArn=arn_of(aws, path)).get("tags", {})


def replacements(members: Mapping[str, Any]) -> list[dict[str, str]]:
    """Patch operations: every value is a text in them."""
    return [
        {"op": "replace", "path": f"/{member}", "value": as_text(value)}
        for member, value in members.items()
    ]


_API = {
    "name": "name",
    "binaryMediaTypes": "binaryMediaTypes",
    "apiKeySource": "apiKeySource",
    "description": "description",
    "disableExecuteApiEndpoint": "disableExecuteApiEndpoint",
    "endpointAccessMode": "endpointAccessMode",
    "endpointConfiguration": "endpointConfiguration",
    "securityPolicy": "securityPolicy",
    "tags": "tags",
}


def _create_api(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, SERVICE, "CreateRestApi", _API, inputs)
    return aws.call(SERVICE, "CreateRestApi", **parameters)["id"]


def _read_api(aws: Aws, api_id: str, _inputs: Properties) -> Properties:
    api = aws.call(SERVICE, "GetRestApi", restApiId=api_id)
    found = seen(api, {name: member for name, member in _API.items() if name != "tags"})
    endpoint = found.get("endpointConfiguration") or {}
    return found | {
        "endpointConfiguration": endpoint | {"types": (endpoint.get("types") or [None])[0]},
        "arn": arn_of(aws, f"restapis/{api_id}"),
        "createdDate": str(api.get("createdDate", "")),
        "executionArn": execution_arn(aws, api_id),
        "rootResourceId": api["rootResourceId"],
        "tags": tags_of(aws, f"restapis/{api_id}"),
    }


def _update_api(aws: Aws, api_id: str, old: Properties, new: Properties) -> None:
    texts = {"name": new["name"], "description": new.get("description", "")}
    aws.call(SERVICE, "UpdateRestApi", restApiId=api_id, patchOperations=replacements(texts))
    retag_path(aws, f"restapis/{api_id}", old, new)


def _delete_api(aws: Aws, api_id: str, _state: Properties) -> None:
    aws.call(SERVICE, "DeleteRestApi", restApiId=api_id)


_AT_CREATION = "the emulator's UpdateRestApi turns it into a text"
_TLS = "the emulator has one listener for all APIs"

API = Resource(
    type="aws:apigateway/restApi:RestApi",
    note="answers under a path of the emulator's address; methods are in force before they are "
    "deployed",
    auto_name=AutoName(property="name", longest=1024),
    outputs=("arn", "createdDate", "executionArn", "rootResourceId"),
    properties={
        "name": Property(),
        "apiKeySource": Property(default="HEADER", replaces=_AT_CREATION),
        "binaryMediaTypes": Property(unordered=True, replaces=_AT_CREATION),
        "description": Property(),
        "disableExecuteApiEndpoint": Property(default=False, replaces=_AT_CREATION),
        "endpointAccessMode": Property(kept=_TLS),
        "endpointConfiguration": Property(computed=True, partial=True, replaces=_AT_CREATION),
        "securityPolicy": Property(kept=_TLS),
        "tags": Property(default={}),
    },
    create=_create_api,
    read=_read_api,
    update=_update_api,
    delete=_delete_api,
)


def _create_resource(aws: Aws, inputs: Properties) -> str:
    answer = aws.call(
        SERVICE,
        "CreateResource",
        restApiId=inputs["restApi"],
        parentId=inputs["parentId"],
        pathPart=inputs["pathPart"],
    )
    return answer["id"]


def _read_resource(aws: Aws, resource_id: str, inputs: Properties) -> Properties:
    where = {"restApiId": inputs["restApi"], "resourceId": resource_id}
    answer = aws.call(SERVICE, "GetResource", **where)
    names = {"parentId": "parentId", "pathPart": "pathPart", "path": "path"}
    return seen(answer, names) | {"restApi": inputs["restApi"]}


def _update_resource(aws: Aws, resource_id: str, _old: Properties, new: Properties) -> None:
    where = {"restApiId": new["restApi"], "resourceId": resource_id}
    operations = replacements({"parentId": new["parentId"], "pathPart": new["pathPart"]})
    aws.call(SERVICE, "UpdateResource", **where, patchOperations=operations)


def _delete_resource(aws: Aws, resource_id: str, state: Properties) -> None:
    aws.call(SERVICE, "DeleteResource", restApiId=state["restApi"], resourceId=resource_id)


RESOURCE = Resource(
    type="aws:apigateway/resource:Resource",
    outputs=("path",),
    identity=("restApi", "parentId", "pathPart"),
    properties={
        "parentId": Property(required=True),
        "pathPart": Property(required=True),
        "restApi": Property(required=True, replaces=BELONGS),
    },
    create=_create_resource,
    read=_read_resource,
    update=_update_resource,
    delete=_delete_resource,
    unsettled=lambda old, new: (
        {"path"}
        if (old["parentId"], old["pathPart"]) != (new["parentId"], new["pathPart"])
        else set()
    ),
)


def _method_of(inputs: Properties) -> dict[str, str]:
    return {
        "restApiId": inputs["restApi"],
        "resourceId": inputs["resourceId"],
        "httpMethod": inputs["httpMethod"],
    }


def _method_id(prefix: str, inputs: Properties) -> str:
    return "-".join([prefix, *_method_of(inputs).values()])


_ONE_METHOD = {
    "httpMethod": Property(required=True, replaces="it belongs to one method"),
    "resourceId": Property(required=True, replaces="it belongs to one method"),
    "restApi": Property(required=True, replaces=BELONGS),
}
_METHOD = {
    "apiKeyRequired": "apiKeyRequired",
    "authorization": "authorizationType",
    "authorizationScopes": "authorizationScopes",
    "authorizerId": "authorizerId",
}
_INTEGRATION = {
    "integrationHttpMethod": "integrationHttpMethod",
    "requestParameters": "requestParameters",
    "timeoutMilliseconds": "timeoutInMillis",
    "type": "type",
    "uri": "uri",
}


def _put_method(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, SERVICE, "PutMethod", _METHOD, inputs)
    aws.call(SERVICE, "PutMethod", **_method_of(inputs), **parameters)
    return _method_id("agm", inputs)


def _read_method(aws: Aws, _id: str, inputs: Properties) -> Properties:
    answer = aws.call(SERVICE, "GetMethod", **_method_of(inputs))
    return seen(answer, _METHOD) | {name: inputs[name] for name in _ONE_METHOD}


def _update_method(aws: Aws, _id: str, _old: Properties, new: Properties) -> None:
    """Puts it anew, as the emulator's UpdateMethod cannot change a list; its integration, which is
    lost by that, comes back."""
    before = aws.call(SERVICE, "GetMethod", **_method_of(new)).get("methodIntegration")
    _put_method(aws, new)
    if before:
        kept = {name: member for name, member in _SEEN_INTEGRATION.items() if before.get(member)}
        _put_integration(aws, new | seen(before, kept))


def _delete_method(aws: Aws, _id: str, state: Properties) -> None:
    aws.call(SERVICE, "DeleteMethod", **_method_of(state))


METHOD = Resource(
    type="aws:apigateway/method:Method",
    note="scopes of a pool's tokens are enforced",
    identity=("restApi", "resourceId", "httpMethod"),
    properties={
        **_ONE_METHOD,
        "apiKeyRequired": Property(default=False),
        "authorization": Property(required=True),
        "authorizationScopes": Property(unordered=True),
        "authorizerId": Property(),
    },
    create=_put_method,
    read=_read_method,
    update=_update_method,
    delete=_delete_method,
)

_SEEN_INTEGRATION = _INTEGRATION | {"integrationHttpMethod": "httpMethod"}
"""The answer calls it otherwise than the request."""


def _put_integration(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, SERVICE, "PutIntegration", _INTEGRATION, inputs)
    aws.call(SERVICE, "PutIntegration", **_method_of(inputs), **parameters)
    return _method_id("agi", inputs)


def _read_integration(aws: Aws, _id: str, inputs: Properties) -> Properties:
    answer = aws.call(SERVICE, "GetIntegration", **_method_of(inputs))
    return seen(answer, _SEEN_INTEGRATION) | {name: inputs[name] for name in _ONE_METHOD}


def _delete_integration(aws: Aws, _id: str, state: Properties) -> None:
    aws.call(SERVICE, "DeleteIntegration", **_method_of(state))


INTEGRATION = Resource(
    type="aws:apigateway/integration:Integration",
    note="its timeout is ignored: the function's own ends a request",
    identity=("restApi", "resourceId", "httpMethod"),
    properties={
        **_ONE_METHOD,
        "integrationHttpMethod": Property(),
        "requestParameters": Property(),
        "timeoutMilliseconds": Property(default=29_000),
        "type": Property(required=True, replaces="UpdateIntegration cannot change it"),
        "uri": Property(),
    },
    create=_put_integration,
    read=_read_integration,
    update=put_again(_put_integration),
    delete=_delete_integration,
)

_RESPONSE = {
    "responseParameters": "responseParameters",
    "responseTemplates": "responseTemplates",
    "responseType": "responseType",
    "restApiId": "restApiId",
    "statusCode": "statusCode",
}


def _put_response(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, SERVICE, "PutGatewayResponse", _RESPONSE, inputs)
    aws.call(SERVICE, "PutGatewayResponse", **parameters)
    return f"aggr-{inputs['restApiId']}-{inputs['responseType']}"


def _one_response(inputs: Properties) -> dict[str, str]:
    return {"restApiId": inputs["restApiId"], "responseType": inputs["responseType"]}


def _read_response(aws: Aws, _id: str, inputs: Properties) -> Properties | None:
    answer = aws.call(SERVICE, "GetGatewayResponse", **_one_response(inputs))
    if answer.get("defaultResponse"):
        return None
    return seen(answer, _RESPONSE) | {"restApiId": inputs["restApiId"]}


def _delete_response(aws: Aws, _id: str, state: Properties) -> None:
    aws.call(SERVICE, "DeleteGatewayResponse", **_one_response(state))


RESPONSE = Resource(
    type="aws:apigateway/response:Response",
    note="in force from the next deployment on, as on AWS",
    identity=("restApiId", "responseType"),
    properties={
        "responseParameters": Property(default={}),
        "responseTemplates": Property(default={}),
        "responseType": Property(required=True, replaces="it is the response of one type"),
        "restApiId": Property(required=True, replaces=BELONGS),
        "statusCode": Property(computed=True),
    },
    create=_put_response,
    read=_read_response,
    update=put_again(_put_response),
    delete=_delete_response,
)

_AUTHORIZER = {
    "authorizerResultTtlInSeconds": "authorizerResultTtlInSeconds",
    "authorizerUri": "authorizerUri",
    "identitySource": "identitySource",
    "identityValidationExpression": "identityValidationExpression",
    "name": "name",
    "providerArns": "providerARNs",
    "type": "type",
}


def _create_authorizer(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, SERVICE, "CreateAuthorizer", _AUTHORIZER, inputs)
    return aws.call(SERVICE, "CreateAuthorizer", restApiId=inputs["restApi"], **parameters)["id"]


def _read_authorizer(aws: Aws, authorizer_id: str, inputs: Properties) -> Properties:
    where = {"restApiId": inputs["restApi"], "authorizerId": authorizer_id}
    answer = aws.call(SERVICE, "GetAuthorizer", **where)
    return seen(answer, _AUTHORIZER) | {
        "restApi": inputs["restApi"],
        "arn": arn_of(aws, f"restapis/{inputs['restApi']}/authorizers/{authorizer_id}"),
    }


def _update_authorizer(aws: Aws, authorizer_id: str, old: Properties, new: Properties) -> None:
    texts = {
        _AUTHORIZER[name]: new.get(name) if new.get(name) is not None else rule.default
        for name in changed(AUTHORIZER, old, new)
        if (rule := AUTHORIZER.properties[name]) and not rule.replaces
    }
    aws.call(
        SERVICE,
        "UpdateAuthorizer",
        restApiId=new["restApi"],
        authorizerId=authorizer_id,
        patchOperations=replacements(texts),
    )


def _delete_authorizer(aws: Aws, authorizer_id: str, state: Properties) -> None:
    where = {"restApiId": state["restApi"], "authorizerId": authorizer_id}
    aws.call(SERVICE, "DeleteAuthorizer", **where)


AUTHORIZER = Resource(
    type="aws:apigateway/authorizer:Authorizer",
    note="a pool's tokens are checked: signature, issuer, expiry; a function's answer is honoured "
    "and kept, and its usage plan is not",
    auto_name=AutoName(property="name", longest=128),
    outputs=("arn",),
    properties={
        "authorizerResultTtlInSeconds": Property(
            default=300, replaces="the emulator's UpdateAuthorizer turns it into a text"
        ),
        "authorizerUri": Property(default=""),
        "identitySource": Property(default="method.request.header.Authorization"),
        "identityValidationExpression": Property(default=""),
        "name": Property(),
        "providerArns": Property(
            unordered=True, replaces="the emulator's UpdateAuthorizer turns it into a text"
        ),
        "restApi": Property(required=True, replaces=BELONGS),
        "type": Property(default="TOKEN"),
    },
    create=_create_authorizer,
    read=_read_authorizer,
    update=_update_authorizer,
    delete=_delete_authorizer,
)


TYPES = (API, RESOURCE, METHOD, INTEGRATION, RESPONSE, AUTHORIZER)
