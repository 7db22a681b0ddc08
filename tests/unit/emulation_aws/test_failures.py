"""What a person reads when a call fails, and what is kept of a resource that half exists."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from emulation import wire
from emulation.aws.calls import Aws, CallFailed
from emulation.aws.catalogue import TYPES
from emulation.aws.provider import EmulatedAws, explain
from emulation.aws.resource import Property, Resource
from emulation.aws.shapes import camel, request, retag
from emulation.wire import Properties
from tests.provider_calls import Aborted, Driven

pytestmark = pytest.mark.unit

URN = "urn:pulumi:local::warmline::a:b:C$aws:sqs/queue:Queue::jobs"


@pytest.fixture(autouse=True)
def endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws.from_environ()
    yield made
    for client in made._clients.values():
        client.close()


@pytest.mark.parametrize(
    ("endpoint_url", "reason"),
    [
        ("", "AWS_ENDPOINT_URL is not set"),
        ("https://sqs.eu-west-1.amazonaws.com", "is not on this machine"),
        ("http://10.0.0.1:4566", "is not on this machine"),
    ],
)
def test_the_provider_never_talks_to_anything_but_this_machine(
    endpoint_url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint_url)
    queue = Driven(EmulatedAws("0", TYPES, None), "aws:sqs/queue:Queue", "jobs")
    with pytest.raises(Aborted, match=reason):
        queue.create({})


def test_what_botocore_refuses_names_resource_call_property_and_way_out(aws: Aws) -> None:
    with pytest.raises(CallFailed) as refused:
        aws.call("sqs", "CreateQueue", QueueName=5)
    text = explain(URN, refused.value)
    assert "jobs (aws:sqs/queue:Queue)" in text
    assert "sqs CreateQueue" in text
    assert "QueueName" in text
    assert "AWS would too" in text


def test_what_the_emulator_refuses_names_its_code_and_message(aws: Aws) -> None:
    with Stubber(aws.client("s3")) as stub:
        stub.add_client_error("delete_bucket", "BucketNotEmpty", "not empty")
        with pytest.raises(CallFailed) as refused:
            aws.call("s3", "DeleteBucket", Bucket="b")
    text = explain(URN, refused.value)
    assert "failed with BucketNotEmpty: not empty" in text
    assert "set forceDestroy" in text


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("ResourceNotFoundException", True),
        ("NoSuchBucket", True),
        ("AWS.SimpleQueueService.NonExistentQueue", True),
        ("404", True),
        ("BucketNotEmpty", False),
        ("ParamValidationError", False),
    ],
)
def test_only_an_answer_that_says_so_means_that_the_thing_is_gone(code: str, missing: bool) -> None:
    assert CallFailed("s", "O", code, "m").missing is missing


class Store:
    """A type whose creation works and whose second call fails as often as told."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.made: dict[str, Properties] = {}

    def resource(self) -> Resource:
        return Resource(
            type="aws:sqs/queue:Queue",
            properties={"colour": Property()},
            create=self.create,
            settle=self.settle,
            read=lambda _aws, key, _inputs: self.made.get(key),
            delete=self.delete,
        )

    def delete(self, _aws: Aws, key: str, _state: Properties) -> None:
        del self.made[key]

    def create(self, _aws: Aws, inputs: Properties) -> str:
        self.made["one"] = {}
        return "one"

    def settle(self, _aws: Aws, key: str, inputs: Properties) -> None:
        if self.failures:
            self.failures -= 1
            raise CallFailed("sqs", "TagQueue", "InternalError", "try later")
        self.made[key] = dict(inputs)


def test_a_creation_that_fails_halfway_is_kept_and_repaired_by_the_next_update() -> None:
    store = Store(failures=1)
    resource = store.resource()
    driven = Driven(EmulatedAws("0", {resource.type: resource}, None), resource.type, "q")
    with pytest.raises(Aborted, match="sqs TagQueue failed with InternalError") as failed:
        driven.create({"colour": "red"})
    detail: Any = failed.value.detail
    assert detail.id == "one"
    assert wire.load(detail.inputs) == {"colour": "red"}
    assert "InternalError" in detail.reasons[0]

    driven.id, driven.inputs = detail.id, wire.load(detail.inputs)
    driven.update({"colour": "red"})
    assert store.made == {"one": {"colour": "red"}}


def test_a_resource_that_vanishes_while_it_is_made_is_an_error() -> None:
    store = Store(failures=0)
    resource = store.resource()
    forgetful = Resource(
        type=resource.type,
        properties=resource.properties,
        create=store.create,
        read=lambda _aws, _key, _inputs: None,
        delete=resource.delete,
    )
    driven = Driven(EmulatedAws("0", {resource.type: forgetful}, None), resource.type, "q")
    with pytest.raises(Aborted, match="does not know it"):
        driven.create({})


def test_parameters_get_the_names_and_types_of_the_operation(aws: Aws) -> None:
    names = {"environment": "Environment", "memorySize": "MemorySize", "unknownHere": "Nothing"}
    given = {"environment": {"variables": {"aKey": "v"}}, "memorySize": "256", "unknownHere": 1}
    assert request(aws, "lambda", "CreateFunction", names, given) == {
        "Environment": {"Variables": {"aKey": "v"}},
        "MemorySize": 256,
    }


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("MemorySize", "memorySize"),
        ("ID", "id"),
        ("KMSMasterKeyID", "kmsMasterKeyId"),
        ("SSEAlgorithm", "sseAlgorithm"),
        ("S3Bucket", "s3Bucket"),
    ],
)
def test_a_member_has_the_property_name_that_pulumi_gives_it(member: str, name: str) -> None:
    assert camel(member) == name


def test_tags_are_set_and_removed_by_difference(aws: Aws) -> None:
    url = "http://127.0.0.1/q"
    with Stubber(aws.client("sqs")) as stub:
        stub.add_response("untag_queue", {}, {"QueueUrl": url, "TagKeys": ["a"]})
        stub.add_response("tag_queue", {}, {"QueueUrl": url, "Tags": {"b": "3", "c": "4"}})
        old, new = (
            {"tags": {"a": "1", "b": "2", "d": "5"}},
            {"tags": {"b": "3", "c": "4", "d": "5"}},
        )
        retag(aws, "sqs", old, new, kind="Queue", QueueUrl=url)
        retag(aws, "sqs", new, new, kind="Queue", QueueUrl=url)
        retag(aws, "sqs", {}, {"tags": None}, kind="Queue", QueueUrl=url)
        stub.assert_no_pending_responses()


def test_boto3_is_only_loaded_when_a_call_is_made() -> None:
    """`warmline status` reads the catalogue; boto3 alone takes a tenth of a second."""
    import subprocess
    import sys

    assert boto3.__version__
    probe = "import sys, emulation.aws.catalogue; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
