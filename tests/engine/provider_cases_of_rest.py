"""Cases of REST APIs and their parts: made, changed by us, and meddled with."""

from typing import Any

from emulation.aws.calls import Aws
from tests.engine.provider_world import OTHER_TAGS, TAGS, Case, World
from tests.provider_calls import Driven

POOL_ARN = "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/"


def patched(operation: str, path: str, value: str, *members: str) -> Any:
    """Somebody else's change of one text; `members` say which thing, as `operation` calls it."""

    def meddle(aws: Aws, it: Driven) -> None:
        named = {"restApiId": "restApi", "stageName": "stageName"}
        where = {m: it.state[named[m]] if m in named else it.id for m in members}
        change = {"op": "replace", "path": path, "value": value}
        aws.call("apigateway", operation, **where, patchOperations=[change])

    return meddle


def one_method(world: World) -> dict[str, Any]:
    return {"restApi": world.rest, "resourceId": world.resource, "httpMethod": "GET"}


CASES: dict[str, Case] = {
    "aws:apigateway/restApi:RestApi": Case(
        given=lambda _: {
            "binaryMediaTypes": ["*/*"],
            "endpointConfiguration": {"types": "REGIONAL"},
            "tags": TAGS,
        },
        changed=lambda _: {"description": "d", "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call(
            "apigateway",
            "UpdateRestApi",
            restApiId=it.id,
            patchOperations=[{"op": "replace", "path": "/name", "value": "meddled"}],
        ),
        drifts=("name",),
    ),
    "aws:apigateway/resource:Resource": Case(
        given=lambda world: {
            "restApi": world.rest,
            "parentId": world["rest"]["rootResourceId"],
            "pathPart": "v3",
        },
        changed=lambda _: {"pathPart": "{model}"},
        meddle=patched("UpdateResource", "/pathPart", "x", "restApiId", "resourceId"),
        drifts=("pathPart",),
    ),
    "aws:apigateway/method:Method": Case(
        given=lambda world: one_method(world) | {"httpMethod": "PUT", "authorization": "AWS_IAM"},
        changed=lambda _: {"authorization": "COGNITO_USER_POOLS", "authorizationScopes": ["a/b"]},
        meddle=lambda aws, it: aws.call(
            "apigateway",
            "UpdateMethod",
            restApiId=it.state["restApi"],
            resourceId=it.state["resourceId"],
            httpMethod="PUT",
            patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "NONE"}],
        ),
        drifts=("authorization",),
    ),
    "aws:apigateway/integration:Integration": Case(
        given=lambda world: (
            one_method(world)
            | {
                "type": "AWS_PROXY",
                "integrationHttpMethod": "POST",
                "uri": world["alias"]["invokeArn"],
                "timeoutMilliseconds": 5000,
            }
        ),
        changed=lambda _: {
            "timeoutMilliseconds": 6000,
            "requestParameters": {
                "integration.request.header.X-Amz-Tenant-Id": "context.authorizer.tenant"
            },
        },
        meddle=lambda aws, it: aws.call(
            "apigateway",
            "UpdateIntegration",
            restApiId=it.state["restApi"],
            resourceId=it.state["resourceId"],
            httpMethod="GET",
            patchOperations=[{"op": "replace", "path": "/uri", "value": "elsewhere"}],
        ),
        drifts=("uri",),
    ),
    "aws:apigateway/response:Response": Case(
        given=lambda world: {
            "restApiId": world.rest,
            "responseType": "THROTTLED",
            "statusCode": "429",
            "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
            "responseTemplates": {"application/json": '{"a":1}'},
        },
        changed=lambda _: {"responseTemplates": {"application/json": '{"a":2}'}},
        meddle=lambda aws, it: aws.call(
            "apigateway",
            "PutGatewayResponse",
            restApiId=it.state["restApiId"],
            responseType="THROTTLED",
            statusCode="430",
            responseParameters=it.state["responseParameters"],
            responseTemplates=it.state["responseTemplates"],
        ),
        drifts=("statusCode",),
    ),
    "aws:apigateway/authorizer:Authorizer": Case(
        given=lambda world: {
            "restApi": world.rest,
            "type": "COGNITO_USER_POOLS",
            "providerArns": [f"{POOL_ARN}{world.pool}"],
            "identitySource": "method.request.header.Authorization",
        },
        changed=lambda _: {"identitySource": "method.request.header.Token"},
        meddle=patched("UpdateAuthorizer", "/name", "meddled", "restApiId", "authorizerId"),
        drifts=("name",),
    ),
    "aws:apigateway/deployment:Deployment": Case(
        given=lambda world: {"restApi": world.rest, "triggers": {"parts": "1"}},
        changed=lambda _: {"description": "d"},
        meddle=patched("UpdateDeployment", "/description", "x", "restApiId", "deploymentId"),
        drifts=("description",),
    ),
    "aws:apigateway/stage:Stage": Case(
        given=lambda world: {
            "restApi": world.rest,
            "deployment": world.made["deployment"].id,
            "stageName": "case",
            "accessLogSettings": {"destinationArn": world["queue"]["arn"], "format": "f"},
            "xrayTracingEnabled": True,
            "tags": TAGS,
        },
        changed=lambda _: {
            "accessLogSettings": {"destinationArn": "arn:aws:sqs:::q", "format": "g"},
            "xrayTracingEnabled": None,
            "tags": OTHER_TAGS,
        },
        meddle=patched("UpdateStage", "/description", "x", "restApiId", "stageName"),
        drifts=("description",),
    ),
    "aws:apigateway/methodSettings:MethodSettings": Case(
        given=lambda world: {
            "restApi": world.rest,
            "stageName": world["stage"]["stageName"],
            "methodPath": "v2/health/live/GET",
            "settings": {"throttlingRateLimit": 5, "throttlingBurstLimit": 6},
        },
        changed=lambda _: {"settings": {"throttlingRateLimit": 7, "throttlingBurstLimit": 8}},
        meddle=patched(
            "UpdateStage",
            "/~1v2~1health~1live/GET/throttling/burstLimit",
            "9",
            "restApiId",
            "stageName",
        ),
        drifts=("settings",),
    ),
}
