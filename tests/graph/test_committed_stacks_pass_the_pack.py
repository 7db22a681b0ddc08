"""The pack judges the recorded graph of every committed stack."""

from collections.abc import Mapping
from functools import cache

import pytest

from components.packaging import ROOT
from policies import props
from policies.pack import RULES
from policies.rule import Rule
from policies.rules.conventions import TAGGABLE
from policies.tokens import Token
from policies.verdict import NotApplicable, Unknown, Verdict, Violation
from tests.graph.programs import VARIANTS, graph_of
from tests.harness import Resource

pytestmark = pytest.mark.graph

STACKS = [*sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")), *VARIANTS]

# Rules that no resource of any committed stack meets, each with the reason.
NEVER_APPLIES = {
    "s3-bucket-current-types": "The program uses none of the superseded types, which is the point.",
}


def recorded(resource: Resource, by_urn: Mapping[str, Resource]) -> props.Resource:
    return props.Resource(
        resource.inputs,
        token=resource.type,
        name=resource.name,
        urn=resource.urn,
        references={
            key: frozenset(
                urn
                for urn in resource.dependencies
                if urn in by_urn and value in by_urn[urn].outputs.values()
            )
            for key, value in resource.inputs.items()
        },
    )


@cache
def whole(stack: str) -> tuple[props.Resource, ...]:
    by_urn = {resource.urn: resource for resource in graph_of(stack).resources}
    return tuple(recorded(each, by_urn) for each in by_urn.values())


@cache
def judged(stack: str) -> tuple[tuple[Rule, props.Resource, Verdict], ...]:
    resources = whole(stack)
    return tuple(
        (rule, resource, rule.judge(resource, props.Stack(resources)))
        for rule in RULES
        for resource in resources
        if resource.token in rule.on
    )


@pytest.mark.parametrize("stack", STACKS)
def test_no_rule_is_violated(stack: str) -> None:
    messages = [
        rule.message(resource, problem)
        for rule, resource, verdict in judged(stack)
        if isinstance(verdict, Violation)
        for problem in verdict.problems
    ]
    assert not messages, "\n".join(messages)


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_a_rule_needs_is_unknown_in_the_recorded_graph(stack: str) -> None:
    assert not [
        (rule.id, resource.name, verdict.why)
        for rule, resource, verdict in judged(stack)
        if isinstance(verdict, Unknown)
    ]


def test_every_rule_applies_somewhere_or_says_why_not() -> None:
    applied = {
        rule.id
        for stack in STACKS
        for rule, _, verdict in judged(stack)
        if not isinstance(verdict, NotApplicable)
    }
    assert {rule.id for rule in RULES} - applied == set(NEVER_APPLIES)


@pytest.mark.parametrize("stack", STACKS)
def test_whatever_carries_tags_is_held_to_the_whole_set(stack: str) -> None:
    tagged = {resource.type for resource in graph_of(stack).resources if "tags" in resource.inputs}
    assert tagged <= set(TAGGABLE)


@pytest.mark.parametrize("stack", STACKS)
def test_a_bucket_without_its_policy_is_noticed_in_the_same_graph(stack: str) -> None:
    """The tests above can fail: one resource taken out of the recorded graph is a violation."""
    (rule,) = (each for each in RULES if each.id == "s3-bucket-complete")
    without = props.Stack(tuple(r for r in whole(stack) if r.token != Token.BUCKET_POLICY))
    verdicts = [rule.judge(r, without) for r in without.resources if r.token == Token.BUCKET]
    assert verdicts
    assert all(isinstance(verdict, Violation) for verdict in verdicts)
