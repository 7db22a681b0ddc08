"""The functions' AWS client against the emulator, and against a server that misbehaves."""

import base64
import datetime as dt
import hashlib
import http.server
import ipaddress
import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contracts import registry as items
from contracts.manifest import Manifest, ModelFile, Signature
from contracts.metrics import Metric
from contracts.protocol import TensorSpec
from contracts.registry import Tenant, VersionRecord, VersionState
from emulation import ministack
from functions.predict.disk import Disk
from functions.predict.keyring import Keyring
from functions.predict.registry import READ_SECONDS, CachedRegistry, DynamoTable
from functions.predict.tiers import S3Source
from functions.shared.aws import (
    ATTEMPTS,
    AwsClient,
    Endpoint,
    ObjectMissing,
    StoreTimeout,
    StoreUnavailable,
)
from functions.shared.deadline import Deadline
from functions.shared.errors import (
    ModelIntegrity,
    ModelUnavailable,
    RegistryUnavailable,
    StoreMisconfigured,
)
from tests.emulated.misbehaving_server import Server, hangs, says

pytestmark = pytest.mark.emulated

REGION = "eu-west-1"
BUCKET = "client-test-models"
TABLE = "client-test-registry"
LARGE = os.urandom(20 * 1024 * 1024)
"""Three parts of a download."""


@pytest.fixture(scope="module", autouse=True)
def _credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        yield


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    emulator = ministack.Emulator(tmp_path_factory.mktemp("home"))
    running = emulator.ensure(lambda _text: None)
    yield running.endpoint_url
    emulator.stop()


@pytest.fixture(scope="module")
def aws(url: str) -> Callable[[str], Any]:
    """Makes boto3 clients: what prepares and inspects is not what is tested."""
    return lambda service: boto3.client(service, endpoint_url=url, region_name=REGION)


@pytest.fixture(scope="module")
def client(url: str) -> AwsClient:
    return AwsClient.from_environ({"AWS_REGION": REGION, "AWS_ENDPOINT_URL": url})


@pytest.fixture(scope="module")
def table(aws: Callable[[str], Any]) -> str:
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
def bucket(aws: Callable[[str], Any]) -> str:
    s3 = aws("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="models/demo/1/model.onnx", Body=LARGE)
    return BUCKET


def soon() -> Deadline:
    return Deadline.after(10)


def nothing(_chunk: bytes) -> None:
    pytest.fail("no byte may be handed over")


ITEM = json.dumps({"Item": {"name": {"S": "a"}}}).encode()
THROTTLED = json.dumps({"__type": "com.amazonaws#ThrottlingException"}).encode()
DENIED = json.dumps({"__type": "com.amazonaws#AccessDeniedException"}).encode()


def test_an_item_is_read_as_it_was_written(
    client: AwsClient, table: str, aws: Callable[[str], Any]
) -> None:
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


def test_a_message_arrives_on_its_queue(client: AwsClient, aws: Callable[[str], Any]) -> None:
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
    client: AwsClient, bucket: str, aws: Callable[[str], Any], tmp_path: Path
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


def test_an_unreachable_registry_fails_within_its_time_limit() -> None:
    with Server(hangs) as server:
        registry = CachedRegistry(DynamoTable(server.client, "t"), ttl_seconds=5)
        started = time.monotonic()
        with pytest.raises(RegistryUnavailable):
            registry.route("demo", _Unwatched())
        assert time.monotonic() - started < READ_SECONDS + 0.5


class _Unwatched:
    def count(self, metric: Metric, value: float = 1) -> None:
        pytest.fail("nothing was served")

    def milliseconds(self, metric: Metric, value: float) -> None:
        pytest.fail("nothing was served")


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


def test_a_signature_made_by_kms_verifies(aws: Callable[[str], Any]) -> None:
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


def test_a_throttled_read_is_repeated_until_it_works() -> None:
    with Server(says(400, THROTTLED), says(503, b""), says(200, ITEM)) as server:
        assert server.client.get_item("t", {}, soon()) == {"name": {"S": "a"}}
        assert len(server.requests) == 3


def test_a_store_that_keeps_failing_is_asked_a_bounded_number_of_times() -> None:
    with Server(says(500, b"")) as server:
        with pytest.raises(StoreUnavailable, match="HTTP 500"):
            server.client.get_item("t", {}, soon())
        assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_read_is_not_repeated(status: int) -> None:
    with Server(says(status, DENIED)) as server:
        with pytest.raises(StoreMisconfigured, match="AccessDeniedException") as caught:
            server.client.get_item("t", {}, soon())
        assert "role" in caught.value.action
        assert len(server.requests) == 1


def test_a_forbidden_object_is_a_misconfiguration_with_a_hint_and_no_retry() -> None:
    body = b"<Error><Code>AccessDenied</Code></Error>"
    with Server(says(403, body)) as server:
        with pytest.raises(StoreMisconfigured, match="AccessDenied") as caught:
            server.client.get_object(BUCKET, "models/a/1/b", nothing, soon())
        assert "s3:ListBucket" in caught.value.action
        assert len(server.requests) == 1


def test_a_kept_connection_that_the_store_closed_is_replaced() -> None:
    with Server(says(200, ITEM, hang_up=True)) as server:
        client = server.client
        for _ in range(3):
            assert client.get_item("t", {}, soon()) is not None
        assert len(server.requests) == 3


def test_one_connection_serves_many_reads() -> None:
    ports = set()

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address[1])
        says(200, ITEM)(handler)

    with Server(answer) as server:
        client = server.client
        for _ in range(5):
            client.get_item("t", {}, soon())
    assert len(ports) == 1


def test_a_read_ends_at_its_deadline() -> None:
    with Server(hangs) as server:
        started = time.monotonic()
        with pytest.raises(StoreTimeout):
            server.client.get_item("t", {}, Deadline.after(0.3))
        assert time.monotonic() - started < 1


def test_a_download_ends_at_its_deadline_and_hands_nothing_over_afterwards() -> None:
    with Server(hangs, says(200, b"x" * 100)) as server:
        started = time.monotonic()
        with pytest.raises(StoreTimeout):
            server.client.get_object(BUCKET, "models/a/1/b", nothing, Deadline.after(0.3))
        assert time.monotonic() - started < 1
        time.sleep(1.5)


def test_a_download_that_breaks_off_is_unavailable_not_shorter() -> None:
    with Server(says(200, b"x" * 50, length=100)) as server:
        with pytest.raises(StoreUnavailable):
            server.client.get_object(BUCKET, "models/a/1/b", lambda _chunk: None, soon())
        assert len(server.requests) == ATTEMPTS


def test_nobody_listening_is_unavailable_soon() -> None:
    endpoint = Endpoint.parse(f"http://127.0.0.1:{ministack.free_port()}")
    client = AwsClient(region=REGION, endpoint=endpoint)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="CONNECTION_REFUSED"):
        client.get_item("t", {}, soon())
    with pytest.raises(StoreUnavailable, match="CONNECTION_REFUSED"):
        client.get_object(BUCKET, "models/a/1/b", nothing, soon())
    assert time.monotonic() - started < 5


def test_a_tls_endpoint_is_read_when_its_authority_is_in_the_ca_bundle(tmp_path: Path) -> None:
    def found(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(206)
        for name, value in (("Content-Length", "5"), ("ETag", '"e"')):
            handler.send_header(name, value)
        handler.send_header("Content-Range", "bytes 0-4/5")
        handler.end_headers()
        handler.wfile.write(b"bytes")

    bundle = tmp_path / "authority.pem"
    with Server(says(200, ITEM), found, tls=_certified(bundle)) as server:
        client = AwsClient.from_environ(
            {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": str(bundle)}
        )
        assert client.get_item("t", {}, soon()) == {"name": {"S": "a"}}
        received = bytearray()
        client.get_object(BUCKET, "models/a/1/b", received.extend, soon())
        assert received == b"bytes"


def test_a_tls_endpoint_of_an_unknown_authority_is_not_read(tmp_path: Path) -> None:
    with Server(says(200, ITEM), tls=_certified(tmp_path / "unused.pem")) as server:
        with pytest.raises(StoreUnavailable):
            server.client.get_item("t", {}, Deadline.after(1))
        assert server.requests == []


def _certified(bundle: Path) -> ssl.SSLContext:
    """A server's context for 127.0.0.1; its self-signed certificate goes to `bundle`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    bundle.write_bytes(certificate.public_bytes(pem))
    chain = bundle.with_suffix(".chain")
    chain.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


def test_no_credentials_are_a_misconfiguration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Server(says(200, ITEM)) as server:
        with pytest.raises(StoreMisconfigured, match="credentials"):
            server.client.get_item("t", {}, soon())
        assert server.requests == []
