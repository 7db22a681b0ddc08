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
        rule="api-stage-throttled",
        on=Token.REST_METHOD_SETTINGS,
        props={"methodPath": "*/*", "settings": throttling()},
        broken=(
            Broken(("settings",), ABSENT, "settings.throttlingRateLimit is not above zero (0)"),
            Broken(
                ("settings", "throttlingBurstLimit"),
                0,
                "settings.throttlingBurstLimit is not above zero (0)",
            ),
        ),
        fine=((("settings", "throttlingBurstLimit"), 1),),
    ),
    Example(
        rule="api-method-no-payload-log",
        on=Token.REST_METHOD_SETTINGS,
        props={"settings": {"dataTraceEnabled": False, "loggingLevel": "ERROR"}},
        broken=(
            Broken(("settings", "dataTraceEnabled"), True, "settings.dataTraceEnabled is true"),
            Broken(("settings", "loggingLevel"), "INFO", "settings.loggingLevel is INFO"),
        ),
        fine=((("settings",), ABSENT), (("settings", "loggingLevel"), "OFF")),
    ),
    Example(
        rule="api-domain-modern-tls",
        on=Token.REST_DOMAIN,
        props={"domainName": MARKER, "securityPolicy": "TLS_1_2"},
        broken=(
            Broken(("securityPolicy",), "TLS_1_0", "securityPolicy is not TLS 1.2 or newer"),
            Broken(("securityPolicy",), ABSENT, "securityPolicy is not TLS 1.2 or newer"),
        ),
        fine=((("securityPolicy",), "SecurityPolicy_TLS13_1_3_2025_09"),),
    ),
    Example(
        rule="api-domain-modern-tls",
        on=Token.REST_API,
        props={"name": MARKER, "securityPolicy": "TLS_1_2"},
        broken=(
            Broken(("securityPolicy",), "TLS_1_0", "securityPolicy is not TLS 1.2 or newer"),
            Broken(("securityPolicy",), ABSENT, "securityPolicy is not TLS 1.2 or newer"),
        ),
    ),
    Example(
        rule="api-domain-modern-tls",
        on=Token.API_DOMAIN,
        props={"domainNameConfiguration": {"securityPolicy": "TLS_1_2"}},
        broken=(
            Broken(
                ("domainNameConfiguration", "securityPolicy"),
                ABSENT,
                "domainNameConfiguration.securityPolicy is not TLS 1.2 or newer",
            ),
        ),
    ),
    Example(
        rule="api-stage-access-log",
        on=Token.REST_STAGE,
        props={"accessLogSettings": {"destinationArn": "arn", "format": "$context.requestId"}},
        broken=(
            Broken(("accessLogSettings",), ABSENT, "accessLogSettings.destinationArn is absent"),
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
