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
from policies.verdict import Compliant, Violation

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
