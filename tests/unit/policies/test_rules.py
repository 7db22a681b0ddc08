"""Each rule on its examples: plain, wrapped as the engine wraps them, and with secrets marked."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from pulumi_policy import ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.policy import PolicyCustomTimeouts, PolicyResourceOptions
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from policies.adapter import policy
from policies.pack import RULES
from policies.props import Resource
from policies.rule import Rule
from policies.rules import conventions
from policies.tokens import Token
from policies.verdict import Compliant, NotApplicable, Unknown, Verdict, Violation, judged, problem
from tests.unit.policies.examples.every import EXAMPLES
from tests.unit.policies.examples.shape import MARKER, Broken, Example, Props

pytestmark = pytest.mark.unit

BY_ID = {rule.id: rule for rule in RULES}


def secret(value: Any) -> Any:
    """Marked as Pulumi's mocks mark it."""
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


FORMS: dict[str, Callable[[Props], Mapping[str, Any]]] = {
    "plain": lambda props: props,
    "wrapped": unknown_checking_proxy,
    "secret": lambda props: {key: secret(value) for key, value in props.items()},
}


def judge(example: Example, props: Mapping[str, Any]) -> Verdict:
    return BY_ID[example.rule].judge(Resource(props, token=example.on, name=example.name))


def said(rule: Rule, verdict: Verdict) -> list[str]:
    assert isinstance(verdict, Violation), verdict
    subject = Resource({}, name="subject")
    return [rule.message(subject, found) for found in verdict.problems]


def cases() -> list[Any]:
    return [
        pytest.param(each, broken, id=f"{each.rule}-{each.on}-{'.'.join(map(str, broken.path))}")
        for each in EXAMPLES
        for broken in each.broken
    ]


def examples() -> list[Any]:
    return [pytest.param(each, id=f"{each.rule}-{each.on}") for each in EXAMPLES]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("example", examples())
def test_a_compliant_resource_passes(example: Example, form: str) -> None:
    assert judge(example, FORMS[form](example.as_sent(example.props))) == Compliant()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("example", examples())
def test_the_other_side_of_a_boundary_passes(example: Example, form: str) -> None:
    for path, value in example.fine:
        props = FORMS[form](example.with_change(path, value))
        assert judge(example, props) == Compliant(), path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("example", examples())
def test_a_resource_outside_the_rule_is_not_applicable(example: Example, form: str) -> None:
    assert isinstance(BY_ID[example.rule].judge(Resource({}, token="aws:x:Y")), NotApplicable)
    for path, value in example.exempt:
        props = FORMS[form](example.with_change(path, value))
        assert isinstance(judge(example, props), NotApplicable), path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("example", "broken"), cases())
def test_one_changed_field_is_a_violation_that_names_it(
    example: Example, broken: Broken, form: str
) -> None:
    rule = BY_ID[example.rule]
    messages = said(
        rule, judge(example, FORMS[form](example.with_change(broken.path, broken.value)))
    )
    assert any(broken.says in message for message in messages), messages
    for message in messages:
        assert message.startswith("subject: ")
        assert message.endswith(f" Fix: {rule.fix} [{rule.id}]")
        assert MARKER not in message


@pytest.mark.parametrize("form", ["plain", "wrapped"])
@pytest.mark.parametrize(("example", "broken"), cases())
def test_an_unknown_in_its_place_is_neither_pass_nor_violation(
    example: Example, broken: Broken, form: str
) -> None:
    whole = broken.path[:1]
    # A document is one text: it is unknown as a whole.
    places = {whole} if whole[0] in example.documents else {whole, broken.path}
    for place in places:
        verdict = judge(example, FORMS[form](example.with_change(place, UNKNOWN_STRING_VALUE)))
        if example.holds(place):
            assert isinstance(verdict, Unknown)
            assert MARKER not in verdict.why
        else:
            # A setting that compliant resources leave out: for some rules its presence decides.
            assert not isinstance(verdict, Compliant)


@pytest.mark.parametrize(("example", "broken"), cases())
def test_the_engine_is_told_what_the_tests_see(example: Example, broken: Broken) -> None:
    adapted = policy(BY_ID[example.rule])
    assert isinstance(adapted, ResourceValidationPolicy)
    reported: list[str] = []
    props = example.with_change(broken.path, broken.value)
    adapted.validate(arguments(example, props), lambda text, _urn=None: reported.append(text))
    assert any(broken.says in text for text in reported)


def test_the_engine_gets_the_unknown_error_itself() -> None:
    (example,) = (each for each in EXAMPLES if each.rule == "sqs-queue-customer-key")
    adapted = policy(BY_ID[example.rule])
    assert isinstance(adapted, ResourceValidationPolicy)
    with pytest.raises(UnknownValueError):
        adapted.validate(
            arguments(example, {"kmsMasterKeyId": UNKNOWN_STRING_VALUE}), lambda *_: None
        )


def test_what_is_found_before_an_unknown_is_reported() -> None:
    def problems() -> Iterator[Any]:
        yield problem("a", "is absent")
        raise UnknownValueError(UNKNOWN_STRING_VALUE, ["b"])

    assert judged(problems()) == Violation((problem("a", "is absent"),))


def test_a_configured_limit_replaces_its_default() -> None:
    rule = BY_ID["api-route-authorised"]
    route = Resource({"routeKey": "GET /version"}, token=Token.API_ROUTE, name="subject")
    assert isinstance(rule.judge(route), Violation)
    assert isinstance(rule.judge(route, open_routes=["GET /version"]), NotApplicable)


def test_which_environments_run_signed_code_only_can_be_configured() -> None:
    rule = BY_ID["lambda-function-signed"]
    function = Resource({"tags": {"environment": "dev"}}, token=Token.FUNCTION, name="subject")
    assert isinstance(rule.judge(function), NotApplicable)
    assert isinstance(rule.judge(function, environments=["dev", "prod"]), Violation)


def test_a_source_without_item_failures_needs_no_report_of_them() -> None:
    rule = BY_ID["lambda-mapping-reports-failures"]
    props = {"eventSourceArn": "arn:aws:kafka:eu-west-1:111122223333:cluster/a/b"}
    mapping = Resource(props, token=Token.EVENT_SOURCE_MAPPING)
    assert isinstance(rule.judge(mapping), NotApplicable)


def test_a_dead_letter_queue_needs_none_itself() -> None:
    rule = BY_ID["sqs-queue-dead-letters"]
    assert isinstance(rule.judge(Resource({}, token=Token.QUEUE, name="a-dlq")), NotApplicable)
    assert isinstance(rule.judge(Resource({}, token=Token.QUEUE, name="a-dlq-2")), Violation)


def test_a_bucket_of_access_logs_keeps_the_key_that_s3_can_deliver_to() -> None:
    rule = BY_ID["s3-bucket-customer-key"]
    encryption = Resource({}, token=Token.BUCKET_ENCRYPTION, name="a-access-logs")
    assert isinstance(rule.judge(encryption), NotApplicable)


@pytest.mark.parametrize("token", conventions.SUPERSEDED)
def test_a_superseded_type_is_refused_and_its_successor_is_not(token: Token) -> None:
    rule = BY_ID["s3-bucket-current-types"]
    assert said(rule, rule.judge(Resource({}, token=token)))[0].startswith("subject: type is")
    assert isinstance(rule.judge(Resource({}, token=Token.BUCKET)), NotApplicable)


def test_no_rule_tells_maps_from_their_wrapped_form() -> None:
    for rule in RULES:
        module = inspect.getmodule(rule.check)
        assert module is not None
        assert "isinstance" not in inspect.getsource(module), rule.id


def arguments(example: Example, props: Props) -> ResourceValidationArgs:
    options = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    wrapped = unknown_checking_proxy(props)
    return ResourceValidationArgs(
        example.on,
        wrapped,
        f"urn:pulumi:test::warmline::{example.on}::subject",
        "subject",
        options,
        None,
    )
