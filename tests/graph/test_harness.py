"""The harness itself: a test that uses it can fail."""

import gc

import pulumi
import pulumi_aws as aws
import pytest

from tests.harness import deploy

pytestmark = pytest.mark.graph


def build_key() -> None:
    aws.kms.Key("key", description="a key")


def test_a_deployed_resource_is_recorded_with_its_inputs() -> None:
    graph = deploy(build_key)
    assert graph.one("aws:kms/key:Key", "key").inputs["description"] == "a key"


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="a wrong expectation must fail")
def test_a_wrong_expectation_fails() -> None:
    graph = deploy(build_key)
    assert graph.one("aws:kms/key:Key", "key").inputs["description"] == "another key"


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="a wrong absence must fail")
def test_a_wrong_absence_fails() -> None:
    deploy(build_key).none("aws:kms/key:Key")


def test_what_the_program_raises_comes_out() -> None:
    def build() -> None:
        raise pulumi.RunError("the program's own words")

    with pytest.raises(pulumi.RunError, match="the program's own words"):
        deploy(build)


def test_what_an_apply_raises_comes_out() -> None:
    def refuse(arn: str) -> str:
        raise ValueError(f"cannot use {arn}")

    def build() -> None:
        aws.kms.Alias("alias", target_key_id=aws.kms.Key("key").arn.apply(refuse))

    with pytest.raises(ValueError, match="cannot use arn:aws:kms"):
        deploy(build)


def test_a_failed_run_logs_nothing_when_its_garbage_is_collected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(arn: str) -> str:
        raise ValueError(f"cannot use {arn}")

    def build() -> None:
        aws.kms.Alias("alias", target_key_id=aws.kms.Key("key").arn.apply(refuse))

    with pytest.raises(ValueError, match="cannot use"):
        deploy(build)
    gc.collect()
    assert caplog.records == []


def test_a_lookup_without_an_answer_fails_and_names_its_token() -> None:
    def build() -> None:
        aws.sqs.get_queue(name="a-queue-of-somebody")

    with pytest.raises(Exception, match="aws:sqs/getQueue:getQueue"):
        deploy(build)


def test_resources_carry_what_the_provider_computes() -> None:
    def build() -> None:
        function = aws.lambda_.Function("f", role="arn:aws:iam::123456789012:role/r")
        aws.lambda_.Alias(
            "f", function_name=function.name, function_version=function.version, name="live"
        )

    graph = deploy(build)
    function = graph.one("aws:lambda/function:Function", "f")
    assert function.outputs["arn"].startswith("arn:aws:lambda:us-east-1:")
    alias = graph.one("aws:lambda/alias:Alias", "f")
    assert alias.inputs["functionVersion"] == function.outputs["version"]


def test_stack_outputs_are_recorded() -> None:
    assert deploy(lambda: pulumi.export("answer", 42)).outputs == {"answer": 42}


def test_parents_name_their_children_as_the_engine_does() -> None:
    def build() -> None:
        outer = pulumi.ComponentResource("a:b:Outer", "outer")
        inner = pulumi.ComponentResource(
            "a:b:Inner", "inner", None, pulumi.ResourceOptions(parent=outer)
        )
        aws.kms.Key("key", opts=pulumi.ResourceOptions(parent=inner))

    urn = "urn:pulumi:dev::warmline::a:b:Outer$a:b:Inner$aws:kms/key:Key::key"
    assert urn in deploy(build, stack="dev").urns()
