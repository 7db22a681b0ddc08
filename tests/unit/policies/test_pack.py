"""The pack as a whole: what is in force, what it applies to, and what its documentation says."""

import importlib
import inspect
import pkgutil
import re
import warnings
from pathlib import Path

import pulumi
import pytest
from pulumi_policy import EnforcementLevel

from policies import docs, rules
from policies.adapter import level, policy
from policies.pack import RULES, THEMES
from policies.rule import Severity
from policies.rules import conventions
from policies.tokens import Token
from tests.unit.policies.examples.every import EXAMPLES
from tests.unit.policies.examples.shape import TAGS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
IDS = [rule.id for rule in RULES]
# Judged with neighbours, or by type alone: test_stack_rules.py and test_rules.py hold their cases.
OWN_TESTS = {
    *("s3-bucket-complete", "s3-bucket-current-types"),
    *("api-method-authorised", "api-stage-firewall", "api-stage-limited"),
    *("ec2-vpc-default-group-closed", "ec2-vpc-flow-log", "efs-file-system-policy"),
    "lambda-warm-or-snapshot",
}


def provider_type(token: str) -> type[pulumi.CustomResource] | None:
    """The class of the installed provider that registers under exactly this token."""
    _, module, name = token.split(":")
    package = module.split("/")[0].replace("lambda", "lambda_")
    with warnings.catch_warnings():
        # The provider warns of its own superseded types whenever a module of it is loaded.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = getattr(importlib.import_module(f"pulumi_aws.{package}"), name, None)
    return found if getattr(found, "pulumi_type", None) == token else None


def inputs_of(kind: type) -> set[str]:
    parameters = inspect.signature(kind._internal_init).parameters
    words = [name.split("_") for name in list(parameters)[2:-1]]
    return {first + "".join(word.capitalize() for word in rest) for first, *rest in words}


PROVIDER_TYPES = {token: found for token in Token if (found := provider_type(token))}


def test_the_pack_holds_exactly_these_rules() -> None:
    snapshot = (ROOT / "tests" / "unit" / "policies" / "rules.txt").read_text().split()
    assert snapshot == IDS


def test_rule_ids_are_unique_and_named_service_subject_requirement() -> None:
    assert len(set(IDS)) == len(IDS)
    for each in IDS:
        assert re.fullmatch(
            r"(s3|sqs|sns|kms|iam|api|ecr|logs|dynamodb|lambda|aws|data|ec2|efs)(-[a-z]+){2,4}",
            each,
        )


def test_every_module_of_rules_is_in_the_pack() -> None:
    modules = {module.name for module in pkgutil.iter_modules(rules.__path__)}
    assert {theme.__name__.rpartition(".")[2] for theme in THEMES} == modules


def test_every_rule_says_why_and_how_to_repair() -> None:
    for rule in RULES:
        assert rule.why.endswith("."), rule.id
        assert rule.fix.endswith("."), rule.id


def test_every_rule_has_a_compliant_example_and_a_violating_one() -> None:
    covered = {example.rule for example in EXAMPLES if example.broken}
    assert covered | OWN_TESTS == set(IDS)
    assert not covered & OWN_TESTS


def test_every_type_a_rule_names_has_an_example_or_shares_its_check() -> None:
    exemplified = {(example.rule, example.on) for example in EXAMPLES}
    shared = {"aws-tags-complete", "data-policy-named-principals"}
    shared |= {"iam-policy-exact-actions", "iam-policy-exact-resources", "iam-policy-no-negation"}
    for rule in RULES:
        if rule.id not in shared | OWN_TESTS:
            assert {(rule.id, token) for token in rule.on} <= exemplified, rule.id


@pytest.mark.parametrize("token", list(Token))
def test_the_provider_has_the_type(token: Token) -> None:
    assert token in PROVIDER_TYPES


def test_a_misspelt_token_is_not_found_in_the_provider() -> None:
    assert provider_type("aws:s3/bucket:BucketV2") is None


def test_every_property_of_an_example_is_an_input_of_its_type() -> None:
    for example in EXAMPLES:
        known = inputs_of(PROVIDER_TYPES[example.on])
        given = set(example.props) | {str(broken.path[0]) for broken in example.broken}
        assert given <= known, example.rule


def test_settings_that_have_a_resource_of_their_own_are_inputs_of_a_bucket() -> None:
    assert set(conventions.SEPARATE) <= inputs_of(PROVIDER_TYPES[Token.BUCKET])


def test_every_taggable_type_in_use_is_asked_for_tags() -> None:
    taggable = {token for token in Token if "tags" in inputs_of(PROVIDER_TYPES[token])}
    assert set(conventions.TAGGABLE) == taggable - set(conventions.SUPERSEDED)
    assert set(conventions.REQUIRED_TAGS) == set(TAGS)


def test_only_low_severity_lets_a_deployment_go_on() -> None:
    assert {level(each) for each in Severity if each is not Severity.LOW} == {
        EnforcementLevel.MANDATORY
    }
    assert level(Severity.LOW) is EnforcementLevel.ADVISORY


def test_every_rule_becomes_a_policy_of_the_sdk_with_its_limits_as_configuration() -> None:
    policies = {each.name: each for each in map(policy, RULES)}
    assert set(policies) == set(IDS)
    schema = policies["api-route-authorised"].config_schema
    assert schema is not None
    assert schema.properties == {"open_routes": {"type": "array", "items": {"type": "string"}}}


def test_only_the_entry_point_constructs_the_pack() -> None:
    naming = {
        path.name
        for path in (ROOT / "policies").rglob("*.py")
        if "PolicyPack(" in path.read_text(encoding="utf-8")
    }
    assert naming == {"__main__.py"}


def test_the_rules_page_is_generated_from_the_rules() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(RULES), (
        "docs/rules.md is stale; run: .venv/bin/python -m policies.docs"
    )
