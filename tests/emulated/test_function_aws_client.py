"""The functions' AWS client against the emulator."""

import base64
import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from automation.clients import Clients
from contracts import registry as items
from contracts.manifest import Manifest, ModelFile, Signature
from contracts.protocol import TensorSpec
from contracts.registry import Tenant, VersionRecord, VersionState
from functions.predict.disk import Disk
from functions.predict.keyring import Keyring
from functions.predict.tiers import S3Source
from functions.shared.aws import AwsClient, ObjectMissing
from functions.shared.deadline import Deadline
from functions.shared.errors import ModelIntegrity, ModelUnavailable, StoreMisconfigured

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("credentials")]

REGION = "eu-west-1"
BUCKET = "client-test-models"
TABLE = "client-test-registry"
LARGE = os.urandom(20 * 1024 * 1024)
"""Three parts of a download."""


@pytest.fixture(scope="module")
def aws(bare_emulator: str) -> Clients:
    """Makes boto3 clients: what prepares and inspects is not what is tested."""
    return Clients(region=REGION, endpoint_url=bare_emulator)


@pytest.fixture(scope="module")
def client(bare_emulator: str, credentials: None) -> AwsClient:
    return AwsClient.from_environ({"AWS_REGION": REGION, "AWS_ENDPOINT_URL": bare_emulator})


@pytest.fixture(scope="module")
def table(aws: Clients) -> str:
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": items.PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": items.SORT_KEY, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in (items.PARTITION_KEY, items.SORT_KEY)
        ],
    )
    return TABLE


@pytest.fixture(scope="module")
def bucket(aws: Clients) -> str:
    s3 = aws("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="models/demo/1/model.onnx", Body=LARGE)
    return BUCKET


def soon() -> Deadline:
    return Deadline.after(10)


def nothing(_chunk: bytes) -> None:
    pytest.fail("no byte may be handed over")


def test_an_item_is_read_as_it_was_written(client: AwsClient, table: str, aws: Clients) -> None:
    tenant = Tenant(claim="client-1", name="analytics", models=frozenset({"demo"}))
    aws("dynamodb").put_item(TableName=table, Item=items.encode_tenant(tenant))
    item = client.get_item(table, items.tenant_key("client-1"), soon())
    assert item is not None
    assert items.decode_tenant(item) == tenant


def test_an_item_that_does_not_exist_is_none(client: AwsClient, table: str) -> None:
    assert client.get_item(table, items.tenant_key("nobody"), soon()) is None


def test_a_table_that_does_not_exist_is_a_misconfiguration(client: AwsClient) -> None:
    with pytest.raises(StoreMisconfigured, match="ResourceNotFoundException"):
        client.get_item("no-such-table", items.tenant_key("a"), soon())


def test_a_message_arrives_on_its_queue(client: AwsClient, aws: Clients) -> None:
    sqs = aws("sqs")
    queue_url = sqs.create_queue(QueueName="client-test-shadow")["QueueUrl"]
    client.send_message(queue_url, '{"model": "demo é"}', soon())
    received = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2)["Messages"]
    assert [message["Body"] for message in received] == ['{"model": "demo é"}']


def test_an_object_streams_in_order(client: AwsClient, bucket: str) -> None:
    digest, sizes = hashlib.sha256(), []

    def take(chunk: bytes) -> None:
        digest.update(chunk)
        sizes.append(len(chunk))

    client.get_object(bucket, "models/demo/1/model.onnx", take, soon())
    assert digest.digest() == hashlib.sha256(LARGE).digest()
    assert len(sizes) > 1
    assert sum(sizes) == len(LARGE)


def test_what_the_receiver_raises_comes_out_and_ends_the_download(
    client: AwsClient, bucket: str
) -> None:
    calls = []

    def refuse(chunk: bytes) -> None:
        calls.append(len(chunk))
        raise ModelIntegrity("not these bytes")

    with pytest.raises(ModelIntegrity, match="not these bytes"):
        client.get_object(bucket, "models/demo/1/model.onnx", refuse, soon())
    time.sleep(0.2)
    assert len(calls) == 1


def test_a_missing_object_is_told_from_a_missing_bucket(client: AwsClient, bucket: str) -> None:
    with pytest.raises(ObjectMissing):
        client.get_object(bucket, "models/demo/2/model.onnx", nothing, soon())
    with pytest.raises(StoreMisconfigured, match="NoSuchBucket"):
        client.get_object("no-such-bucket", "models/demo/1/model.onnx", nothing, soon())


def test_a_flipped_byte_in_the_bucket_fails_verification_and_leaves_no_file(
    client: AwsClient, bucket: str, aws: Clients, tmp_path: Path
) -> None:
    disk = Disk(tmp_path / "models", limit_bytes=2 * len(LARGE))
    source = S3Source(client, bucket)
    manifest = describing(LARGE)
    flipped = bytearray(LARGE)
    flipped[len(LARGE) // 2] ^= 1
    key = "models/demo/1/model.onnx"
    aws("s3").put_object(Bucket=bucket, Key=key, Body=bytes(flipped))
    with pytest.raises(ModelIntegrity):
        disk.open(manifest, source, soon())
    assert list((tmp_path / "models").iterdir()) == []
    aws("s3").put_object(Bucket=bucket, Key=key, Body=LARGE)
    files = disk.open(manifest, source, soon())
    assert files.folder is not None
    assert (files.folder / "model.onnx").read_bytes() == LARGE


def test_a_registered_file_that_the_bucket_lacks_makes_its_version_unavailable(
    client: AwsClient, bucket: str, tmp_path: Path
) -> None:
    disk = Disk(tmp_path / "models", limit_bytes=2 * len(LARGE))
    with pytest.raises(ModelUnavailable, match="not in the model store"):
        disk.open(describing(LARGE, version=7), S3Source(client, bucket), soon())


def test_no_python_thread_is_left_by_a_call(client: AwsClient, bucket: str, table: str) -> None:
    before = threading.enumerate()
    client.get_item(table, items.tenant_key("nobody"), soon())
    client.get_object(bucket, "models/demo/1/model.onnx", lambda _chunk: None, soon())
    assert threading.enumerate() == before


def describing(content: bytes, *, version: int = 1) -> Manifest:
    digest = hashlib.sha256(content).hexdigest()
    return Manifest(
        model="demo",
        version=version,
        serving_group="group",
        target="onnx",
        entrypoint="model.onnx",
        files=(ModelFile(name="model.onnx", sha256=digest, size_bytes=len(content)),),
        inputs=(TensorSpec(name="x", datatype="FP32", shape=(1,)),),
        outputs=(TensorSpec(name="y", datatype="FP32", shape=(1,)),),
        max_batch_size=0,
        memory_mb=1,
    )


def test_a_signature_made_by_kms_verifies(aws: Clients) -> None:
    kms = aws("kms")
    key_id = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    manifest = describing(b"model")
    signed = kms.sign(
        KeyId=key_id,
        Message=manifest.digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )
    public = kms.get_public_key(KeyId=key_id)["PublicKey"]
    keyring = Keyring.parse(json.dumps({"first": base64.b64encode(public).decode()}))
    record = VersionRecord(
        model="demo",
        version=1,
        state=VersionState.READY,
        manifest=manifest.canonical().decode(),
        signature=Signature(key="first", value=base64.b64encode(signed["Signature"]).decode()),
        created_at="2026-01-01T00:00:00Z",
    )
    assert keyring.verify(record) == manifest
