"""Rules that need a resource's neighbours."""

from typing import Any

import pytest
from pulumi_policy import PolicyResource, StackValidationArgs, StackValidationPolicy
from pulumi_policy.policy import PolicyCustomTimeouts, PolicyResourceOptions
from pulumi_policy.proxy import unknown_checking_proxy

from policies.adapter import policy
from policies.pack import RULES
from policies.props import Resource, Stack
from policies.tokens import Token
from policies.verdict import Compliant, NotApplicable, Violation

pytestmark = pytest.mark.unit

(COMPLETE,) = (rule for rule in RULES if rule.id == "s3-bucket-complete")
SIDES = (
    Token.BUCKET_ENCRYPTION,
    Token.BUCKET_POLICY,
    Token.BUCKET_PUBLIC_ACCESS_BLOCK,
    Token.BUCKET_VERSIONING,
)


def bucket(name: str = "models") -> Resource:
    return Resource({}, token=Token.BUCKET, name=name, urn=f"urn:{name}")


def beside(token: Token, name: str = "models") -> Resource:
    references = {"bucket": frozenset({f"urn:{name}"})}
    return Resource({}, token=token, name=f"{name}-side", references=references)


def test_a_bucket_with_all_its_side_resources_passes() -> None:
    stack = Stack.of(bucket(), *(beside(token) for token in SIDES))
    assert COMPLETE.judge(bucket(), stack) == Compliant()


@pytest.mark.parametrize("missing", SIDES)
def test_a_bucket_that_lacks_a_side_resource_is_refused(missing: Token) -> None:
    other = beside(missing, "results")
    stack = Stack.of(bucket(), other, *(beside(token) for token in SIDES if token != missing))
    verdict = COMPLETE.judge(bucket(), stack)
    assert isinstance(verdict, Violation)
    assert [found.path for found in verdict.problems] == ["bucket"]


@pytest.mark.parametrize(
    ("rule_id", "on", "needed", "key"),
    [
        (
            "ec2-vpc-default-group-closed",
            *(Token.VPC, Token.DEFAULT_SECURITY_GROUP, "vpcId"),
        ),
        ("ec2-vpc-flow-log", Token.VPC, Token.FLOW_LOG, "vpcId"),
        (
            "efs-file-system-policy",
            *(Token.FILE_SYSTEM, Token.FILE_SYSTEM_POLICY, "fileSystemId"),
        ),
    ],
)
def test_what_needs_a_guard_needs_its_own(rule_id: str, on: Token, needed: Token, key: str) -> None:
    (rule,) = (each for each in RULES if each.id == rule_id)
    subject = Resource({}, token=on, name="subject", urn="urn:subject")

    def guard(of: str) -> Resource:
        return Resource({}, token=needed, name="g", references={key: frozenset({of})})

    assert rule.judge(subject, Stack.of(subject, guard("urn:subject"))) == Compliant()
    for others in ((), (guard("urn:another"),)):
        assert isinstance(rule.judge(subject, Stack.of(subject, *others)), Violation)


def rest_stage(environment: str = "prod") -> Resource:
    return Resource(
        {"stageName": "live", "tags": {"environment": environment}},
        token=Token.REST_STAGE,
        name="api",
        urn="urn:stage",
        references={"restApi": frozenset({"urn:api"})},
    )


def judged(rule_id: str, subject: Resource, *others: Resource) -> Any:
    (rule,) = (each for each in RULES if each.id == rule_id)
    return rule.judge(subject, Stack.of(subject, *others))


def referring(token: Token, key: str, to: str, **props: Any) -> Resource:
    return Resource(props, token=token, name="other", references={key: frozenset({to})})


@pytest.mark.parametrize(
    ("rule_id", "needed"),
    [
        (
            "api-stage-limited",
            referring(Token.REST_METHOD_SETTINGS, "stageName", "urn:stage", methodPath="*/*"),
        ),
        ("api-stage-firewall", referring(Token.WEB_ACL_ASSOCIATION, "resourceArn", "urn:stage")),
    ],
)
def test_a_rest_stage_needs_what_guards_it(rule_id: str, needed: Resource) -> None:
    one_method = referring(
        Token.REST_METHOD_SETTINGS, "stageName", "urn:stage", methodPath="v2/GET"
    )
    assert judged(rule_id, rest_stage(), needed) == Compliant()
    assert isinstance(judged(rule_id, rest_stage()), Violation)
    assert isinstance(judged(rule_id, rest_stage(), one_method), Violation)


@pytest.mark.parametrize(("types", "verdict"), [("PRIVATE", NotApplicable), ("EDGE", Violation)])
def test_a_private_api_needs_no_firewall(types: str, verdict: type) -> None:
    api = Resource({"endpointConfiguration": {"types": types}}, token=Token.REST_API, urn="urn:api")
    assert isinstance(judged("api-stage-firewall", rest_stage(), api), verdict)


def test_an_environment_that_is_not_production_may_go_without_a_firewall() -> None:
    assert isinstance(judged("api-stage-firewall", rest_stage("dev")), NotApplicable)


def resource_at(path: str) -> list[Resource]:
    """The resources of a path, from the top."""
    made: list[Resource] = []
    for part in path.strip("/").split("/"):
        above = made[-1].urn if made else "urn:api"
        made.append(
            Resource(
                {"pathPart": part},
                token=Token.REST_RESOURCE,
                urn=f"{above}/{part}",
                references={"parentId": frozenset({above})},
            )
        )
    return made


@pytest.mark.parametrize(
    ("path", "props", "verdict"),
    [
        ("/v2/health/live", {"authorization": "NONE"}, NotApplicable),
        ("/v2/models", {"authorization": "NONE"}, Violation),
        ("/health/live", {"authorization": "NONE"}, Violation),
        ("/v2/models", {}, Violation),
        ("/v2/models", {"authorization": "COGNITO_USER_POOLS"}, Violation),
        (
            "/v2/models",
            {"authorization": "COGNITO_USER_POOLS", "authorizationScopes": ["models/read"]},
            Compliant,
        ),
        ("/v2/models", {"authorization": "CUSTOM"}, Compliant),
        ("/v2/models", {"authorization": "AWS_IAM"}, Compliant),
    ],
)
def test_a_method_of_a_rest_api_lets_nobody_in_but_for_health(
    path: str, props: dict[str, Any], verdict: type
) -> None:
    above = resource_at(path)
    method = Resource(
        props,
        token=Token.REST_METHOD,
        name="m",
        references={"resourceId": frozenset({above[-1].urn})},
    )
    assert isinstance(judged("api-method-authorised", method, *above), verdict)


@pytest.mark.parametrize(
    ("snap_start", "verdict"),
    [({"applyOn": "PublishedVersions"}, Violation), ({"applyOn": "None"}, Compliant)],
)
def test_a_function_is_kept_warm_or_starts_from_a_snapshot(
    snap_start: dict[str, str], verdict: type
) -> None:
    (rule,) = (each for each in RULES if each.id == "lambda-warm-or-snapshot")
    references = {"functionName": frozenset({"urn:f"})}
    warm = Resource({}, token=Token.PROVISIONED_CONCURRENCY, name="w", references=references)
    function = Resource({"snapStart": snap_start}, token=Token.FUNCTION, name="f", urn="urn:f")
    assert isinstance(rule.judge(warm, Stack.of(warm, function)), verdict)
    another = Resource({"snapStart": {"applyOn": "PublishedVersions"}}, token=Token.FUNCTION)
    assert isinstance(rule.judge(warm, Stack.of(warm, another)), NotApplicable)


def test_the_engine_reports_the_bucket_that_is_incomplete() -> None:
    complete, bare = engine_resource(bucket("models")), engine_resource(bucket("results"))
    sides = [engine_resource(beside(token), complete) for token in SIDES]
    reported: list[tuple[str, Any]] = []
    adapted = policy(COMPLETE)
    assert isinstance(adapted, StackValidationPolicy)
    adapted.validate(
        StackValidationArgs([complete, bare, *sides]),
        lambda text, urn=None: reported.append((text, urn)),
    )
    assert len(reported) == len(SIDES)
    assert {urn for _, urn in reported} == {"urn:results"}
    assert all(text.startswith("results: bucket has no ") for text, _ in reported)


def engine_resource(resource: Resource, *buckets: PolicyResource) -> PolicyResource:
    options = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    props = unknown_checking_proxy({})
    return PolicyResource(
        resource.token,
        props,
        resource.urn,
        resource.name,
        options,
        None,
        None,
        [],
        {"bucket": list(buckets)},
    )
