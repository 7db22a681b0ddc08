"""What the front door asks of a caller before anything of ours runs."""

from collections.abc import Iterator, Sequence

from policies.props import Props, Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, not_applicable, ok, problem, violation

HEALTH_ROUTES = ("GET /v2/health/live", "GET /v2/health/ready")
_LIMITS = ("throttlingRateLimit", "throttlingBurstLimit")


@rule(
    "api-route-authorised",
    on=Token.API_ROUTE,
    severity=Severity.CRITICAL,
    why="A route without authorisation runs models for anyone; a token without a scope is not a "
    "permission.",
    fix="authorizationType JWT with authorizationScopes, or AWS_IAM.",
)
def route_authorised(route: Resource, *, open_routes: Sequence[str] = HEALTH_ROUTES) -> Verdict:
    if route.text("routeKey") in open_routes:
        return not_applicable("health routes answer before anyone has a token")
    match route.text("authorizationType", "NONE"):
        case "AWS_IAM":
            return ok()
        case "JWT" if route.texts("authorizationScopes"):
            return ok()
        case "JWT":
            return violation("authorizationScopes", "is empty")
        case _:
            return violation("authorizationType", "is neither JWT nor AWS_IAM")


@rule(
    "api-stage-throttled",
    on=Token.API_STAGE,
    severity=Severity.HIGH,
    why="Limits left unset are sent as 0 once any other route setting is given, and 0 refuses "
    "every request with 429.",
    fix="Positive throttlingRateLimit and throttlingBurstLimit wherever route settings stand.",
)
def stage_throttled(stage: Resource) -> Verdict:
    settings = [stage.child("defaultRouteSettings"), *stage.children("routeSettings")]
    return judged(found for each in settings for found in _limits(each))


def _limits(settings: Props) -> Iterator[Problem]:
    for key in _LIMITS:
        if settings.number(key) <= 0:
            yield problem(settings.path(key), "is not above zero", seen=settings.number(key))


@rule(
    "api-stage-access-log",
    on=Token.API_STAGE,
    severity=Severity.MEDIUM,
    why="Requests that the gateway refuses never reach a function: only its log shows them.",
    fix="accessLogSettings with destinationArn of a log group and a format.",
)
def stage_access_log(stage: Resource) -> Verdict:
    settings = stage.child("accessLogSettings")
    return judged(
        problem(settings.path(key), "is absent")
        for key in ("destinationArn", "format")
        if not settings.text(key)
    )
