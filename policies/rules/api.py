"""What the front door asks of a caller before anything of ours runs."""

from collections.abc import Iterator, Sequence

from policies.props import Props, Resource, Stack
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, not_applicable, ok, problem, violation

HEALTH_ROUTES = ("GET /v2/health/live", "GET /v2/health/ready")
HEALTH_PATHS = ("/v2/health/live", "/v2/health/ready")
EVERY_METHOD = "*/*"
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
    "api-method-authorised",
    on=Token.REST_METHOD,
    severity=Severity.CRITICAL,
    why="A method without authorisation runs models for anyone; behind a pool's authorizer one "
    "without scopes takes identity tokens, and no access token.",
    fix="authorization COGNITO_USER_POOLS with authorizationScopes, CUSTOM, or AWS_IAM.",
)
def method_authorised(
    method: Resource, stack: Stack, *, open_paths: Sequence[str] = HEALTH_PATHS
) -> Verdict:
    match method.text("authorization"):
        case "AWS_IAM" | "CUSTOM":
            return ok()
        case "COGNITO_USER_POOLS" if method.texts("authorizationScopes"):
            return ok()
        case "COGNITO_USER_POOLS":
            return violation("authorizationScopes", "is empty")
        case "NONE" if _path(method, "resourceId", stack) in open_paths:
            return not_applicable("health paths answer before anyone has a token")
        case _:
            return violation("authorization", "lets everybody in")


def _path(part: Resource, key: str, stack: Stack) -> str:
    """The path that a method or a resource lies under; the API itself has none."""
    for urn in part.references.get(key, ()):
        for above in stack.resources:
            if above.urn == urn and above.token == Token.REST_RESOURCE:
                return f"{_path(above, 'parentId', stack)}/{above.text('pathPart')}"
    return ""


@rule(
    "api-stage-limited",
    on=Token.REST_STAGE,
    severity=Severity.HIGH,
    why="A REST stage without settings for all methods lets one caller use up what the account may "
    "run at once.",
    fix="A MethodSettings for `*/*` with positive limits.",
)
def stage_limited(stage: Resource, stack: Stack) -> Verdict:
    beside = stack.referring(stage, Token.REST_METHOD_SETTINGS, "stageName")
    if any(each.text("methodPath") == EVERY_METHOD for each in beside):
        return ok()
    return violation("stageName", "has no limits for all methods")


@rule(
    "api-stage-firewall",
    on=Token.REST_STAGE,
    severity=Severity.HIGH,
    why="A production API on the internet meets floods and known attacks.",
    fix="A WebAclAssociation with the stage's ARN, or a private endpoint.",
)
def stage_firewall(
    stage: Resource, stack: Stack, *, environments: Sequence[str] = ("prod",)
) -> Verdict:
    if stage.child("tags").text("environment") not in environments:
        return not_applicable("environments that are not listed go without")
    if any(
        each.child("endpointConfiguration").text("types") == "PRIVATE"
        for each in stack.resources
        if each.token == Token.REST_API and each.urn in stage.references.get("restApi", ())
    ):
        return not_applicable("the API is private")
    if stack.referring(stage, Token.WEB_ACL_ASSOCIATION, "resourceArn"):
        return ok()
    return violation("stageName", "has no web ACL")


@rule(
    "api-method-no-payload-log",
    on=Token.REST_METHOD_SETTINGS,
    severity=Severity.CRITICAL,
    why="Data traces write requests and answers, tokens included, into a log.",
    fix="dataTraceEnabled false, loggingLevel OFF or ERROR.",
)
def no_payload_log(resource: Resource) -> Verdict:
    settings = resource.child("settings")
    if settings.flag("dataTraceEnabled"):
        return violation(settings.path("dataTraceEnabled"), "is true")
    if settings.text("loggingLevel", "OFF") == "INFO":
        return violation(settings.path("loggingLevel"), "is INFO")
    return ok()


@rule(
    "api-domain-modern-tls",
    on=(Token.API_DOMAIN, Token.REST_DOMAIN, Token.REST_API),
    severity=Severity.HIGH,
    why="TLS before 1.2 has known weaknesses; a domain without a policy may speak it, and a REST "
    "API's own address does.",
    fix="A securityPolicy of TLS 1.2 or newer.",
)
def modern_tls(domain: Resource) -> Verdict:
    holder = domain
    if domain.token == Token.API_DOMAIN:
        holder = domain.child("domainNameConfiguration")
    policy = holder.text("securityPolicy")
    if policy in ("", "TLS_1_0"):
        return violation(holder.path("securityPolicy"), "is not TLS 1.2 or newer")
    return ok()


@rule(
    "api-stage-throttled",
    on=(Token.API_STAGE, Token.REST_METHOD_SETTINGS),
    severity=Severity.HIGH,
    why="Limits left unset are sent as 0 once any other route setting is given, and 0 refuses "
    "every request with 429.",
    fix="Positive throttlingRateLimit and throttlingBurstLimit wherever route settings stand.",
)
def stage_throttled(stage: Resource) -> Verdict:
    if stage.token == Token.REST_METHOD_SETTINGS:
        return judged(_limits(stage.child("settings")))
    settings = [stage.child("defaultRouteSettings"), *stage.children("routeSettings")]
    return judged(found for each in settings for found in _limits(each))


def _limits(settings: Props) -> Iterator[Problem]:
    for key in _LIMITS:
        if settings.number(key) <= 0:
            yield problem(settings.path(key), "is not above zero", seen=settings.number(key))


@rule(
    "api-stage-access-log",
    on=(Token.API_STAGE, Token.REST_STAGE),
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
