"""Cases of functions, APIs, pools, queues and alarms: made, changed by us, and meddled with."""

import json

from tests.engine.provider_world import OTHER_TAGS, TAGS, Case, by_root

CASES: dict[str, Case] = {
    "aws:lambda/function:Function": Case(
        given=lambda world: {
            **world.function(),
            "publish": True,
            "architectures": ["arm64"],
            "memorySize": 256,
            "timeout": 5,
            "ephemeralStorage": {"size": 1024},
            "environment": {"variables": {"MixedCase": "v"}},
            "kmsKeyArn": world["key"]["arn"],
            "tracingConfig": {"mode": "Active"},
            "loggingConfig": {"logFormat": "Text", "logGroup": "a-group"},
            "deadLetterConfig": {"targetArn": world["queue"]["arn"]},
            "reservedConcurrentExecutions": 2,
            "tags": TAGS,
        },
        changed=lambda world: {
            **world.function(2),
            "architectures": None,
            "timeout": None,
            "environment": None,
            "ephemeralStorage": None,
            "kmsKeyArn": None,
            "deadLetterConfig": None,
            "reservedConcurrentExecutions": None,
            "tracingConfig": None,
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call(
            "lambda", "UpdateFunctionConfiguration", FunctionName=it.id, MemorySize=512
        ),
        drifts=("memorySize",),
    ),
    "aws:lambda/alias:Alias": Case(
        given=lambda world: {
            "name": "live",
            "functionName": world["function"]["name"],
            "functionVersion": "1",
        },
        changed=lambda _: {"functionVersion": "2", "description": "d"},
        meddle=lambda aws, it: aws.call(
            "lambda",
            "UpdateAlias",
            FunctionName=it.state["functionName"],
            Name="live",
            FunctionVersion="1",
        ),
        drifts=("functionVersion",),
    ),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": Case(
        given=lambda world: {
            "functionName": world["function"]["name"],
            "qualifier": "1",
            "provisionedConcurrentExecutions": 2,
        },
        changed=lambda _: {"provisionedConcurrentExecutions": 3},
        meddle=lambda aws, it: aws.call(
            "lambda",
            "PutProvisionedConcurrencyConfig",
            FunctionName=it.state["functionName"],
            Qualifier="1",
            ProvisionedConcurrentExecutions=9,
        ),
        drifts=("provisionedConcurrentExecutions",),
    ),
    "aws:lambda/permission:Permission": Case(
        given=lambda world: {
            "action": "lambda:InvokeFunction",
            "function": world["function"]["name"],
            "qualifier": "fixed",
            "principal": "apigateway.amazonaws.com",
            "sourceArn": "arn:aws:execute-api:eu-west-1:000000000000:abc/*/*",
        },
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Case(
        given=lambda world: {
            "eventSourceArn": world["queue"]["arn"],
            "functionName": world["alias"]["arn"],
            "batchSize": 5,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2},
            "tags": TAGS,
        },
        changed=lambda _: {"batchSize": 6, "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call(
            "lambda", "UpdateEventSourceMapping", UUID=it.id, Enabled=False
        ),
        drifts=("enabled",),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Case(
        given=lambda world: {
            "kmsKeyId": world["key"]["arn"],
            "retentionInDays": 7,
            "tags": TAGS,
        },
        changed=lambda _: {"retentionInDays": 14, "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call("logs", "DeleteRetentionPolicy", logGroupName=it.id),
        drifts=("retentionInDays",),
    ),
    "aws:cloudwatch/queryDefinition:QueryDefinition": Case(
        given=lambda _: {"name": "folder/case", "queryString": "limit 1"},
        changed=lambda _: {"queryString": "limit 2"},
        stays=True,  # it was never there
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        given=lambda world: {
            "alarmDescription": "why",
            "namespace": "n",
            "metricName": "m",
            "dimensions": {"MixedCase": "v"},
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": 1,
            "period": 300,
            "evaluationPeriods": 1,
            "extendedStatistic": "p99",
            "treatMissingData": "notBreaching",
            "alarmActions": [world["topic"]["arn"]],
            "okActions": [world["topic"]["arn"]],
            "tags": TAGS,
        },
        changed=lambda _: {
            "threshold": 2.5,
            "extendedStatistic": None,
            "statistic": "Sum",
            "okActions": None,
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call("cloudwatch", "DisableAlarmActions", AlarmNames=[it.id]),
        drifts=("actionsEnabled",),
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Case(
        given=lambda world: {
            "alarmName": "case",
            "alarmDescription": "why",
            "alarmRule": f'ALARM("{world["alarm"]["name"]}")',
            "alarmActions": [world["topic"]["arn"]],
            "tags": TAGS,
        },
        changed=lambda world: {
            "alarmRule": f'OK("{world["alarm"]["name"]}")',
            "okActions": [world["topic"]["arn"]],
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call("cloudwatch", "DisableAlarmActions", AlarmNames=[it.id]),
        drifts=("actionsEnabled",),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Case(
        given=lambda _: {"dashboardName": "case", "dashboardBody": '{"widgets": []}'},
        changed=lambda _: {
            "dashboardBody": '{"widgets": [{"type": "text", "properties": {"markdown": "a"}}]}'
        },
        meddle=lambda aws, it: aws.call(
            "cloudwatch", "PutDashboard", DashboardName=it.id, DashboardBody='{"widgets": []}'
        ),
        drifts=("dashboardBody",),
    ),
    "aws:cognito/userPool:UserPool": Case(
        given=lambda _: {
            "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
            "deletionProtection": "ACTIVE",
            "tags": TAGS,
        },
        changed=lambda _: {"deletionProtection": "INACTIVE", "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call(
            "cognito-idp",
            "UpdateUserPool",
            UserPoolId=it.id,
            DeletionProtection="ACTIVE",
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
            UserPoolTags=OTHER_TAGS,
        ),
        drifts=("adminCreateUserConfig", "deletionProtection"),
    ),
    "aws:cognito/resourceServer:ResourceServer": Case(
        given=lambda world: {
            "userPoolId": world.pool,
            "identifier": "models",
            "name": "models",
            "scopes": [
                {"scopeName": "infer", "scopeDescription": "a"},
                {"scopeName": "read", "scopeDescription": "b"},
            ],
        },
        changed=lambda _: {"scopes": [{"scopeName": "infer", "scopeDescription": "c"}]},
    ),
    "aws:cognito/userPoolClient:UserPoolClient": Case(
        given=lambda world: {
            "name": "demo",
            "userPoolId": world.pool,
            "generateSecret": True,
            "allowedOauthFlowsUserPoolClient": True,
            "allowedOauthFlows": ["client_credentials"],
            "allowedOauthScopes": ["openid"],
            "accessTokenValidity": 60,
            "tokenValidityUnits": {"accessToken": "minutes"},
            "enableTokenRevocation": True,
            "preventUserExistenceErrors": "ENABLED",
        },
        changed=lambda _: {"name": "other", "accessTokenValidity": 30},
        meddle=lambda aws, it: aws.call(
            "cognito-idp",
            "UpdateUserPoolClient",
            UserPoolId=it.state["userPoolId"],
            ClientId=it.id,
            ClientName="meddled",
            AccessTokenValidity=30,
            TokenValidityUnits={"AccessToken": "minutes"},
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=["openid"],
            EnableTokenRevocation=True,
            PreventUserExistenceErrors="ENABLED",
        ),
        drifts=("name",),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": Case(
        given=lambda world: {"userPoolId": world.pool, "domain": "case-domain"},
    ),
    "aws:apigatewayv2/api:Api": Case(
        given=lambda _: {
            "protocolType": "HTTP",
            "corsConfiguration": {"allowOrigins": ["https://a"], "maxAge": 5},
            "tags": TAGS,
        },
        changed=lambda _: {"corsConfiguration": None, "description": "d", "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call("apigatewayv2", "UpdateApi", ApiId=it.id, Name="meddled"),
        drifts=("name",),
    ),
    "aws:apigatewayv2/stage:Stage": Case(
        given=lambda world: {
            "apiId": world.api,
            "name": "$default",
            "autoDeploy": True,
            "accessLogSettings": {"destinationArn": world["queue"]["arn"], "format": "f"},
            "defaultRouteSettings": {"throttlingRateLimit": 5, "throttlingBurstLimit": 6},
            "routeSettings": [
                {"routeKey": "GET /a", "throttlingRateLimit": 1, "throttlingBurstLimit": 2},
                {"routeKey": "GET /b", "throttlingRateLimit": 1, "throttlingBurstLimit": 2},
            ],
            "tags": TAGS,
        },
        changed=lambda _: {
            "defaultRouteSettings": {"throttlingRateLimit": 7, "throttlingBurstLimit": 8},
            "routeSettings": [
                {"routeKey": "GET /a", "throttlingRateLimit": 3, "throttlingBurstLimit": 4},
            ],
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call(
            "apigatewayv2",
            "UpdateStage",
            ApiId=it.state["apiId"],
            StageName=it.id,
            Description="meddled",
        ),
        drifts=("description",),
    ),
    "aws:apigatewayv2/route:Route": Case(
        given=lambda world: {
            "apiId": world.api,
            "routeKey": "GET /v2",
            "authorizationType": "AWS_IAM",
        },
        changed=lambda _: {"routeKey": "GET /v2/models/{model}"},
        meddle=lambda aws, it: aws.call(
            "apigatewayv2",
            "UpdateRoute",
            ApiId=it.state["apiId"],
            RouteId=it.id,
            AuthorizationType="NONE",
        ),
        drifts=("authorizationType",),
    ),
    "aws:apigatewayv2/integration:Integration": Case(
        given=lambda world: {
            "apiId": world.api,
            "integrationType": "AWS_PROXY",
            "integrationUri": world["alias"]["invokeArn"],
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutMilliseconds": 5000,
        },
        changed=lambda _: {"timeoutMilliseconds": 6000},
        meddle=lambda aws, it: aws.call(
            "apigatewayv2",
            "UpdateIntegration",
            ApiId=it.state["apiId"],
            IntegrationId=it.id,
            PayloadFormatVersion="1.0",
        ),
        drifts=("payloadFormatVersion",),
    ),
    "aws:apigatewayv2/authorizer:Authorizer": Case(
        given=lambda world: {
            "apiId": world.api,
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {"issuer": "https://issuer.example", "audiences": ["b", "a"]},
        },
        changed=lambda _: {
            "jwtConfiguration": {"issuer": "https://issuer.example", "audiences": ["c"]}
        },
        meddle=lambda aws, it: aws.call(
            "apigatewayv2",
            "UpdateAuthorizer",
            ApiId=it.state["apiId"],
            AuthorizerId=it.id,
            JwtConfiguration={"Issuer": "https://issuer.example", "Audience": ["d"]},
        ),
        drifts=("jwtConfiguration",),
    ),
    "aws:sqs/queue:Queue": Case(
        given=lambda world: {
            "visibilityTimeoutSeconds": 60,
            "kmsMasterKeyId": world["key"]["arn"],
            "messageRetentionSeconds": 900,
            "redrivePolicy": json.dumps(
                {"deadLetterTargetArn": world["queue"]["arn"], "maxReceiveCount": 3}
            ),
            "tags": TAGS,
        },
        changed=lambda _: {
            "visibilityTimeoutSeconds": None,
            "delaySeconds": 5,
            "kmsMasterKeyId": None,
            "redrivePolicy": None,
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call(
            "sqs",
            "SetQueueAttributes",
            QueueUrl=it.id,
            Attributes={"VisibilityTimeout": "7", "DelaySeconds": "8"},
        ),
        drifts=("delaySeconds", "visibilityTimeoutSeconds"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Case(
        given=lambda world: {
            "queueUrl": world["queue"]["url"],
            "policy": by_root("sqs:SendMessage", world["queue"]["arn"]),
        },
        changed=lambda world: {"policy": by_root("sqs:ReceiveMessage", world["queue"]["arn"])},
    ),
    "aws:sns/topic:Topic": Case(
        given=lambda world: {"kmsMasterKeyId": world["key"]["arn"], "tags": TAGS},
        changed=lambda _: {"kmsMasterKeyId": None, "displayName": "d", "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call(
            "sns",
            "SetTopicAttributes",
            TopicArn=it.id,
            AttributeName="DisplayName",
            AttributeValue="meddled",
        ),
        drifts=("displayName",),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Case(
        given=lambda world: {
            "arn": world["topic"]["arn"],
            "policy": by_root("sns:Publish", world["topic"]["arn"]),
        },
        changed=lambda world: {"policy": by_root("sns:Subscribe", world["topic"]["arn"])},
        stays=True,
    ),
}
