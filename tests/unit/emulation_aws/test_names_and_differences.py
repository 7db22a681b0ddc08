"""Names, differences, refusals: what the provider decides without asking the emulator."""

import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from emulation import wire
from emulation.aws.catalogue import TYPES
from emulation.aws.provider import EmulatedAws
from emulation.aws.resource import AutoName, Fidelity, Property, Resource
from emulation.wire import UNKNOWN, Asset
from tests.provider_calls import Aborted, Driven, Warnings

pytestmark = pytest.mark.unit

QUEUE = "aws:sqs/queue:Queue"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"


def driven(type_: str, logical_name: str = "jobs", /, **inputs: Any) -> Driven:
    """A resource that exists with these inputs."""
    made = Driven(EmulatedAws("0", TYPES, Warnings()), type_, logical_name)
    made.inputs = made.check(inputs)
    return made


def diffs(resource: Driven, /, **inputs: Any) -> dict[str, str]:
    """Property -> kind of its difference, for the program's new inputs."""
    answer = resource.diff(resource.check(inputs))
    kinds = {k: provider_pb2.PropertyDiff.Kind.Name(v.kind) for k, v in answer.detailedDiff.items()}
    assert sorted(kinds) == sorted(answer.diffs)
    return kinds


def test_a_resource_without_a_name_gets_its_logical_name_and_seven_digits() -> None:
    assert re.fullmatch(r"jobs-[0-9a-f]{7}", driven(QUEUE).inputs["name"])


def test_the_same_seed_gives_the_same_name_and_another_logical_name_another() -> None:
    assert driven(QUEUE).inputs["name"] == driven(QUEUE).inputs["name"]
    assert driven(QUEUE).inputs["name"][-7:] != driven(QUEUE, "more").inputs["name"][-7:]


def test_a_name_made_once_is_kept_while_the_resource_lives() -> None:
    queue = driven(QUEUE)
    queue.inputs["name"] = "jobs-0000000"
    assert queue.check({"delaySeconds": 5})["name"] == "jobs-0000000"


def test_a_name_that_the_program_no_longer_gives_is_replaced_by_one_made_here() -> None:
    queue = driven(QUEUE, name="mine")
    assert diffs(queue) == {"name": "UPDATE_REPLACE"}
    assert re.fullmatch(r"jobs-[0-9a-f]{7}", queue.check({})["name"])


def test_a_bucket_is_named_in_small_letters_and_an_alias_by_its_prefix() -> None:
    assert driven("aws:s3/bucket:Bucket", "Models").inputs["bucket"].startswith("models-")
    alias = driven("aws:kms/alias:Alias", "k", targetKeyId="1")
    assert alias.inputs["name"].startswith("alias/k-")


@pytest.mark.parametrize(("length", "fits"), [(72, True), (73, False)])
def test_a_name_that_the_service_would_refuse_is_refused_with_its_limit(
    length: int, fits: bool
) -> None:
    queue = Driven(EmulatedAws("0", TYPES, None), QUEUE, "q" * length)
    reasons = queue.refusals({})
    assert (not reasons) is fits
    if not fits:
        assert "has 81 characters and the service allows 80" in reasons["name"]
        assert "shorten the resource's logical name" in reasons["name"]


def test_an_unknown_property_is_refused_with_type_property_and_the_known_ones() -> None:
    reason = driven(QUEUE).refusals({"visibiltyTimeoutSeconds": 1})["visibiltyTimeoutSeconds"]
    assert QUEUE in reason
    assert "visibilityTimeoutSeconds" in reason


def test_all_refusals_come_at_once() -> None:
    policy = Driven(EmulatedAws("0", TYPES, None), TOPIC_POLICY, "p")
    assert set(policy.refusals({"polcy": "{}"})) == {"polcy", "policy", "arn"}


def test_an_unknown_type_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(Aborted, match=r"no type aws:sqs/queue:Nope") as refused:
        Driven(EmulatedAws("0", TYPES, None), "aws:sqs/queue:Nope", "q").check({})
    assert all(type_ in str(refused.value) for type_ in TYPES)


@pytest.mark.parametrize("given", [{}, {"source": Asset(path="a"), "content": "b"}])
def test_an_object_has_exactly_one_content(given: dict[str, Any]) -> None:
    made = Driven(EmulatedAws("0", TYPES, None), OBJECT, "o")
    reasons = made.refusals({"bucket": "b", "key": "k", **given})
    assert "exactly one of source and content" in reasons["source"]


def test_equal_inputs_are_no_difference() -> None:
    assert (
        diffs(driven(QUEUE, delaySeconds=5, tags={"a": "b"}), delaySeconds=5, tags={"a": "b"}) == {}
    )


def test_an_input_is_added_changed_and_removed_in_place() -> None:
    queue = driven(QUEUE, delaySeconds=5, kmsMasterKeyId="alias/a")
    assert diffs(queue, delaySeconds=6, visibilityTimeoutSeconds=60) == {
        "delaySeconds": "UPDATE",
        "kmsMasterKeyId": "DELETE",
        "visibilityTimeoutSeconds": "ADD",
    }


def test_giving_a_default_explicitly_is_no_difference() -> None:
    assert diffs(driven(QUEUE), delaySeconds=0, visibilityTimeoutSeconds=30, tags={}) == {}


def test_a_document_is_compared_as_one_and_not_as_text() -> None:
    policy = driven(TOPIC_POLICY, arn="a", policy='{"Version": "1", "Statement": []}')
    assert diffs(policy, arn="a", policy='{"Statement":[],"Version":"1"}') == {}
    assert diffs(policy, arn="a", policy='{"Version": "2", "Statement": []}') == {
        "policy": "UPDATE"
    }


def test_a_list_that_is_a_set_has_no_order_and_another_list_has() -> None:
    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    common = {"comparisonOperator": "LessThanThreshold", "evaluationPeriods": 1}
    assert (
        diffs(driven(alarm, alarmActions=["a", "b"], **common), alarmActions=["b", "a"], **common)
        == {}
    )
    authorizer = "aws:apigatewayv2/authorizer:Authorizer"
    common = {"apiId": "a", "authorizerType": "JWT", "jwtConfiguration": {"issuer": "i"}}
    was = driven(authorizer, identitySources=["a", "b"], **common)
    assert diffs(was, identitySources=["b", "a"], **common) == {"identitySources": "UPDATE"}


def test_a_value_not_known_yet_is_a_difference() -> None:
    alias = "aws:lambda/alias:Alias"
    was = driven(alias, functionName="f", functionVersion="1", name="live")
    assert diffs(was, functionName="f", functionVersion=UNKNOWN, name="live") == {
        "functionVersion": "UPDATE"
    }


def test_a_file_that_only_moved_is_no_difference() -> None:
    was = driven(OBJECT, bucket="b", key="k", source=Asset(hash="1", path="old"))
    assert diffs(was, bucket="b", key="k", source=Asset(hash="1", path="new")) == {}
    assert diffs(was, bucket="b", key="k", source=Asset(hash="2", path="old")) == {
        "source": "UPDATE"
    }


@pytest.mark.parametrize(
    ("name", "deleted_first"), [({"name": "fixed"}, True), ({}, False)], ids=["given", "made here"]
)
def test_only_a_name_given_by_the_program_makes_the_old_one_go_first(
    name: dict[str, str], deleted_first: bool
) -> None:
    role = "aws:iam/role:Role"
    was = driven(role, assumeRolePolicy="{}", path="/a/", **name)
    answer = was.diff(was.check({"assumeRolePolicy": "{}", "path": "/b/", **name}))
    assert list(answer.replaces) == ["path"]
    assert answer.deleteBeforeReplace is deleted_first


def test_a_new_name_lets_the_new_one_come_first() -> None:
    was = driven(QUEUE, name="old")
    answer = was.diff(was.check({"name": "new"}))
    assert list(answer.replaces) == ["name"]
    assert not answer.deleteBeforeReplace


def test_an_ignored_change_is_none() -> None:
    queue = driven(QUEUE, delaySeconds=5)
    request = provider_pb2.DiffRequest(
        urn=queue.urn,
        old_inputs=wire.dump(queue.inputs),
        news=wire.dump(queue.check({"delaySeconds": 6})),
        ignoreChanges=["delaySeconds"],
    )
    answer = queue.provider.Diff(request, None)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_preview_gives_no_id_and_calls_every_computed_output_unknown() -> None:
    answer = driven(QUEUE).preview_create({"delaySeconds": 5})
    assert answer.id == ""
    outputs = wire.load(answer.properties)
    assert outputs["delaySeconds"] == 5
    assert [outputs[name] for name in TYPES[QUEUE].outputs] == [UNKNOWN, UNKNOWN]


FUNCTION = "aws:lambda/function:Function"
CODE = {
    "name": "f",
    "role": "r",
    "runtime": "python3.12",
    "handler": "h.h",
    "s3Bucket": "b",
    "s3Key": "k",
    "s3ObjectVersion": "1",
    "publish": True,
}


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({"timeout": 9}, {"version", "qualifiedArn", "qualifiedInvokeArn"}),
        (
            {"s3ObjectVersion": UNKNOWN},
            {"version", "qualifiedArn", "qualifiedInvokeArn", "codeSha256", "sourceCodeSize"},
        ),
        ({"tags": {"a": "b"}}, set()),
        ({"reservedConcurrentExecutions": 3}, set()),
        ({"timeout": 9, "publish": False}, {"version", "qualifiedArn", "qualifiedInvokeArn"}),
    ],
)
def test_a_preview_says_which_change_publishes_a_version_so_that_the_alias_is_seen_to_move(
    change: dict[str, Any], unknown: set[str]
) -> None:
    function = driven(FUNCTION, **CODE)
    function.state = dict.fromkeys(TYPES[FUNCTION].outputs, "as it was")
    outputs = function.preview_update(CODE | change)
    computed = set(TYPES[FUNCTION].outputs)
    assert {name for name in computed if outputs[name] is UNKNOWN} == unknown
    assert {outputs[name] for name in computed - unknown} == {"as it was"}


def test_a_skipped_type_keeps_its_inputs_and_says_so_once() -> None:
    skipped = Resource(
        type="aws:appautoscaling/target:Target",
        fidelity=Fidelity.SKIPPED,
        note="Application Auto Scaling does not exist here",
        properties={"minCapacity": Property()},
    )
    log = Warnings()
    target = Driven(EmulatedAws("0", {skipped.type: skipped}, log), skipped.type, "warm")
    target.create({"minCapacity": 1})
    assert target.state == {"minCapacity": 1}
    assert target.id
    target.update({"minCapacity": 2})
    assert target.refresh() == (target.id, {"minCapacity": 2}, {"minCapacity": 2})
    target.delete()
    assert len(log.texts) == 1
    assert "Application Auto Scaling does not exist here" in log.texts[0]


def test_names_differ_between_runs_without_a_seed() -> None:
    auto = AutoName(property="name", longest=80)
    assert auto.make("q", b"") != auto.make("q", b"")
