"""The functions' AWS client against a server that fails, hangs, refuses and breaks off."""

import http.server
import json
import time
from pathlib import Path

import pytest

from contracts.metrics import Metric
from emulation import ministack
from functions.predict.registry import READ_SECONDS, CachedRegistry, DynamoTable
from functions.shared.aws import ATTEMPTS, AwsClient, Endpoint, StoreTimeout, StoreUnavailable
from functions.shared.deadline import Deadline
from functions.shared.errors import RegistryUnavailable, StoreMisconfigured
from tests.emulated.misbehaving_server import Server, certified, hangs, says

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("credentials")]

REGION = "eu-west-1"
BUCKET = "client-test-models"


def soon() -> Deadline:
    return Deadline.after(10)


def nothing(_chunk: bytes) -> None:
    pytest.fail("no byte may be handed over")


ITEM = json.dumps({"Item": {"name": {"S": "a"}}}).encode()
THROTTLED = json.dumps({"__type": "com.amazonaws#ThrottlingException"}).encode()
DENIED = json.dumps({"__type": "com.amazonaws#AccessDeniedException"}).encode()


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
    with Server(says(200, ITEM), found, tls=certified(bundle)) as server:
        client = AwsClient.from_environ(
            {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": str(bundle)}
        )
        assert client.get_item("t", {}, soon()) == {"name": {"S": "a"}}
        received = bytearray()
        client.get_object(BUCKET, "models/a/1/b", received.extend, soon())
        assert received == b"bytes"


def test_a_tls_endpoint_of_an_unknown_authority_is_not_read(tmp_path: Path) -> None:
    with Server(says(200, ITEM), tls=certified(tmp_path / "unused.pem")) as server:
        with pytest.raises(StoreUnavailable):
            server.client.get_item("t", {}, Deadline.after(1))
        assert server.requests == []


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
