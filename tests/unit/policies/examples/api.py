"""Examples for `policies.rules.api`."""

from typing import Any

from policies.tokens import Token
from tests.unit.policies.examples.shape import (
    ABSENT,
    MARKER,
    Broken,
    Example,
    Props,
)


def throttling(**changes: Any) -> Props:
    return {"throttlingRateLimit": 50.0, "throttlingBurstLimit": 100.0} | changes


EXAMPLES: tuple[Example, ...] = (
    Example(
        rule="api-route-authorised",
        on=Token.API_ROUTE,
        props={
            "routeKey": "POST /v2/models/{model}/infer",
            "authorizationType": "JWT",
            "authorizationScopes": ["models/infer"],
        },
        broken=(
            Broken(("authorizationScopes",), [], "authorizationScopes is empty"),
            Broken(("authorizationScopes",), ABSENT, "authorizationScopes is empty"),
            Broken(("authorizationType",), "NONE", "authorizationType is neither JWT nor AWS_IAM"),
            Broken(("authorizationType",), ABSENT, "authorizationType is neither JWT nor AWS_IAM"),
            Broken(("authorizationType",), "CUSTOM", "authorizationType is neither"),
        ),
        fine=((("authorizationType",), "AWS_IAM"),),
        exempt=((("routeKey",), "GET /v2/health/live"),),
    ),
    Example(
        rule="api-stage-throttled",
        on=Token.API_STAGE,
        props={
            "defaultRouteSettings": throttling(detailedMetricsEnabled=True),
            "routeSettings": [throttling(routeKey="GET /v2")],
        },
        broken=(
            Broken(
                ("defaultRouteSettings",),
                {"detailedMetricsEnabled": True},
                "defaultRouteSettings.throttlingRateLimit is not above zero (0)",
            ),
            Broken(
                ("defaultRouteSettings", "throttlingBurstLimit"),
                0,
                "defaultRouteSettings.throttlingBurstLimit is not above zero (0)",
            ),
            Broken(("defaultRouteSettings",), ABSENT, "defaultRouteSettings.throttlingRateLimit"),
            Broken(
                ("routeSettings", 0, "throttlingRateLimit"),
                ABSENT,
                "routeSettings[0].throttlingRateLimit is not above zero (0)",
            ),
            Broken(
                ("defaultRouteSettings", "throttlingRateLimit"),
                MARKER,
                "defaultRouteSettings.throttlingRateLimit is not a number",
            ),
        ),
        fine=(
            (("routeSettings",), ABSENT),
            (("defaultRouteSettings", "throttlingBurstLimit"), 1),
        ),
    ),
    Example(
        rule="api-stage-access-log",
        on=Token.API_STAGE,
        props={
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:eu-west-1:111122223333:log-group:api",
                "format": '{"id":"$context.requestId"}',
            }
        },
        broken=(
            Broken(("accessLogSettings",), ABSENT, "accessLogSettings.destinationArn is absent"),
            Broken(("accessLogSettings", "destinationArn"), ABSENT, "destinationArn is absent"),
            Broken(("accessLogSettings", "format"), "", "accessLogSettings.format is absent"),
            Broken(("accessLogSettings",), [], "accessLogSettings is not a map"),
        ),
    ),
)
