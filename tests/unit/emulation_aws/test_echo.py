"""The providers of previews without plugins: they give back, and refuse to do anything."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from emulation import echo, wire
from emulation.echo import Echo
from emulation.wire import UNKNOWN
from tests.provider_calls import Aborted, Driven, context

pytestmark = pytest.mark.unit

QUEUE = "aws:sqs/queue:Queue"


def provider(package: str = "aws", region: str = "eu-west-1") -> Echo:
    made = Echo(package)
    variables = {"aws:config:region": region} if region else {}
    made.Configure(provider_pb2.ConfigureRequest(variables=variables), context())
    return made


def invoke(made: Echo, token: str, **args: Any) -> dict[str, Any]:
    request = provider_pb2.InvokeRequest(tok=token, args=wire.dump(args))
    return wire.load(getattr(made.Invoke(request, context()), "return"))


def test_inputs_come_back_from_a_previewed_creation() -> None:
    queue = Driven(provider("kubernetes"), "kubernetes:core/v1:Namespace", "n")
    answer = queue.preview_create({"metadata": {"name": "a"}, "later": UNKNOWN})
    assert answer.id == ""
    assert wire.load(answer.properties) == {"metadata": {"name": "a"}, "later": UNKNOWN}


@pytest.mark.parametrize("package", echo.VERSIONS)
def test_nothing_is_made_changed_or_deleted(package: str) -> None:
    queue = Driven(provider(package), QUEUE, "jobs")
    for forbidden in (lambda: queue.create({}), lambda: queue.update({}), queue.delete):
        with pytest.raises(Aborted, match="only previews and will not") as refused:
            forbidden()
        assert f"pulumi plugin install resource {package}" in str(refused.value)


def test_a_difference_is_a_changed_added_removed_or_unknown_input() -> None:
    queue = Driven(provider(), QUEUE, "jobs", inputs={"a": 1, "b": 2, "c": 3, "d": 4})
    new = {"a": 1, "b": 5, "d": UNKNOWN, "e": 6}
    assert list(queue.diff(new).diffs) == ["b", "c", "d", "e"]
    assert not queue.diff(dict(queue.inputs)).diffs


def test_the_region_comes_from_the_stack_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = "aws:index/getRegion:getRegion"
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert invoke(provider(), token)["region"] == "eu-west-1"
    assert invoke(provider(region=""), token)["region"] == "us-west-2"
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(Aborted, match="aws:region"):
        invoke(provider(region=""), token)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_the_partition_follows_the_region(region: str, partition: str) -> None:
    assert (
        invoke(provider(region=region), "aws:index/getPartition:getPartition")["partition"]
        == partition
    )


def test_the_account_is_the_one_that_documentation_uses() -> None:
    found = invoke(provider(), "aws:index/getCallerIdentity:getCallerIdentity")
    assert found["accountId"] == "123456789012"


def test_a_function_without_an_answer_is_refused_by_name() -> None:
    with pytest.raises(Aborted, match=r"no answer to aws:ec2/getVpc:getVpc; it has: aws:index"):
        invoke(provider(), "aws:ec2/getVpc:getVpc")


def test_a_component_that_is_not_known_is_refused_by_name() -> None:
    request = provider_pb2.ConstructRequest(type="eks:index:NodeGroup", name="n", dryRun=True)
    with pytest.raises(Aborted, match="cannot construct eks:index:NodeGroup"):
        provider("eks").Construct(request, context())


def test_a_component_is_not_constructed_outside_a_preview() -> None:
    request = provider_pb2.ConstructRequest(type="eks:index:Cluster", name="n", dryRun=False)
    with pytest.raises(Aborted, match="only previews and will not construct n"):
        provider("eks").Construct(request, context())
