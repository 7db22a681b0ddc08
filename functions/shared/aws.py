"""A small AWS client for hot paths, on awscrt: it starts in a sixth of the time of boto3.

Three operations: DynamoDB GetItem, SQS SendMessage, S3 GetObject. Every wait ends at the caller's
deadline. Throttling, 5xx answers and broken connections are retried a few times with growing
pauses; a refusal (403 and the other 4xx answers) is never retried, because it cannot change.
"""

import io
import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from awscrt import auth, http
from awscrt.exceptions import AwsCrtError
from awscrt.io import (
    ClientTlsContext,
    SocketOptions,
    TlsConnectionOptions,
    TlsContextOptions,
    TlsVersion,
)

from functions.shared.deadline import Deadline
from functions.shared.errors import StoreMisconfigured

if TYPE_CHECKING:
    from awscrt.s3 import S3Client, S3ResponseError

T = TypeVar("T")

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.05
"""Doubles with each attempt; half of it is jitter."""
CONNECT_SECONDS = 1.0
READ_SECONDS = 5.0
S3_PART_BYTES = 8 * 1024 * 1024
S3_CONNECTIONS = 8
"""Parallel parts of one download; with the part size it bounds the buffers to 64 MiB."""

_ENDPOINT = re.compile(r"(https?)://([^/:]+)(?::(\d+))?/?")
_OBJECT_KEY = re.compile(r"[A-Za-z0-9._/-]+")
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z.]+)</Code>")
_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottlingException",
    }
)
_NO_CREDENTIALS = "AWS_AUTH_SIGNING_NO_CREDENTIALS"
_FIRST_ERROR, _NOT_FOUND, _TOO_MANY, _FIRST_SERVER_ERROR = 400, 404, 429, 500


class StoreUnavailable(Exception):
    """A store did not answer, or answered 5xx or "slow down", in every attempt."""


class StoreTimeout(StoreUnavailable):
    """The caller's deadline passed first."""


class ObjectMissing(Exception):
    """S3 holds no object under the key."""


@dataclass(frozen=True)
class Endpoint:
    """Where a service listens."""

    tls: bool
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> "Endpoint":
        found = _ENDPOINT.fullmatch(url)
        if found is None:
            raise ValueError(f"AWS_ENDPOINT_URL is {url!r}; it must look like http://host:port")
        tls = found[1] == "https"
        return cls(tls, found[2], int(found[3] or (443 if tls else 80)))

    @property
    def authority(self) -> str:
        """Value of the Host header."""
        return self.host if self.port == (443 if self.tls else 80) else f"{self.host}:{self.port}"


class AwsClient:
    """Signs with the default credential chain and keeps connections open between calls."""

    def __init__(
        self, *, region: str, endpoint: Endpoint | None = None, ca_bundle: str | None = None
    ) -> None:
        self._region = region
        self._endpoint = endpoint
        self._ca_bundle = ca_bundle
        self._credentials = auth.AwsCredentialsProvider.new_default_chain()
        self._tls: ClientTlsContext | None = None
        self._idle: dict[Endpoint, list[http.HttpClientConnection]] = {}
        self._s3: S3Client | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "AwsClient":
        """Reads AWS_REGION (or AWS_DEFAULT_REGION), AWS_ENDPOINT_URL and AWS_CA_BUNDLE."""
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise ValueError("AWS_REGION is not set; the region is part of every signature")
        url = environ.get("AWS_ENDPOINT_URL")
        return cls(
            region=region,
            endpoint=Endpoint.parse(url) if url else None,
            ca_bundle=environ.get("AWS_CA_BUNDLE") or None,
        )

    def get_item(
        self, table: str, key: Mapping[str, Any], deadline: Deadline
    ) -> dict[str, Any] | None:
        """One item by its key; `None` = no such item.

        Raises `StoreMisconfigured` for a refusal, else `StoreUnavailable`.
        """
        # Consistent, because a route may name a version that was written just before it.
        request = {"TableName": table, "Key": key, "ConsistentRead": True}
        return self._call("dynamodb", "DynamoDB_20120810.GetItem", request, deadline).get("Item")

    def send_message(self, queue_url: str, body: str, deadline: Deadline) -> None:
        """Put one message on a queue; after a broken connection it may arrive twice.

        Raises `StoreMisconfigured` for a refusal, else `StoreUnavailable`.
        """
        request = {"QueueUrl": queue_url, "MessageBody": body}
        self._call("sqs", "AmazonSQS.SendMessage", request, deadline)

    def get_object(
        self, bucket: str, key: str, on_chunk: Callable[[bytes], None], deadline: Deadline
    ) -> None:
        """Hand an object's bytes to `on_chunk`, in order, on a thread of the runtime.

        Once this returns or raises, `on_chunk` is not running and is not called again. What it
        raises comes out here. Raises `ObjectMissing` (404), `StoreMisconfigured` (403 and other
        refusals), `StoreTimeout`, `StoreUnavailable`.
        """
        from awscrt import s3  # not needed where the model lies on the disk

        if not _OBJECT_KEY.fullmatch(key):
            raise ValueError(f"object key {key!r} needs escaping, which no model's key does")
        endpoint, path = self._object_address(bucket, key)
        gate = _Gate(on_chunk)
        headers = http.HttpHeaders([("Host", endpoint.authority)])
        request = self._s3_client().make_request(
            type=s3.S3RequestType.GET_OBJECT,
            request=http.HttpRequest("GET", path, headers),
            on_body=gate.chunk,
        )
        try:
            _wait(request.finished_future, "s3 GetObject", deadline)
        except StoreTimeout:
            request.cancel()
            raise
        except s3.S3ResponseError as error:
            raise _object_error(error, key) from None
        except AwsCrtError as error:
            problem = _transport_problem("s3 GetObject", error)
            raise StoreUnavailable(f"s3 GetObject failed: {problem}") from None
        finally:
            gate.close()

    def _call(
        self, service: str, target: str, request: Mapping[str, Any], deadline: Deadline
    ) -> dict[str, Any]:
        operation = f"{service} {target.rpartition('.')[2]}"
        body = json.dumps(request, separators=(",", ":")).encode()
        problem = "not tried"
        for attempt in range(ATTEMPTS):
            if attempt:
                _pause(attempt, deadline)
            if deadline.passed:
                raise StoreTimeout(f"{operation}: the deadline passed; last: {problem}")
            try:
                status, answer = self._exchange(service, target, body, deadline)
            except AwsCrtError as error:
                problem = _transport_problem(operation, error)
                continue
            if status < _FIRST_ERROR:
                return cast(dict[str, Any], json.loads(answer))
            code = _json_error_code(answer)
            if status < _FIRST_SERVER_ERROR and status != _TOO_MANY and code not in _THROTTLED:
                raise _refused(operation, status, code)
            problem = f"HTTP {status} {code}"
        raise StoreUnavailable(f"{operation} failed {ATTEMPTS} times; last: {problem}")

    def _exchange(
        self, service: str, target: str, body: bytes, deadline: Deadline
    ) -> tuple[int, bytes]:
        """One signed request and its answer. A kept connection that died is replaced at once: the
        other side may have closed it while the function was frozen."""
        endpoint = self._endpoint or self._service_endpoint(service)
        while True:
            kept = self._kept(endpoint)
            connection = kept or self._connect(endpoint, deadline)
            try:
                return self._send(connection, endpoint, service, target, body, deadline)
            except AwsCrtError:
                connection.close()
                if kept is None:
                    raise
            except StoreUnavailable:
                connection.close()
                raise

    def _send(
        self,
        connection: http.HttpClientConnection,
        endpoint: Endpoint,
        service: str,
        target: str,
        body: bytes,
        deadline: Deadline,
    ) -> tuple[int, bytes]:
        headers = http.HttpHeaders(
            [
                ("Host", endpoint.authority),
                ("Content-Type", "application/x-amz-json-1.0"),
                ("Content-Length", str(len(body))),
                ("X-Amz-Target", target),
            ]
        )
        signing = auth.AwsSigningConfig(
            credentials_provider=self._credentials, region=self._region, service=service
        )
        signed = _wait(
            auth.aws_sign_request(
                http.HttpRequest("POST", "/", headers, io.BytesIO(body)), signing
            ),
            f"{service} credentials",
            deadline,
        )
        answer = bytearray()
        stream = connection.request(signed, on_body=lambda chunk, **_: answer.extend(chunk))
        stream.activate()
        status = _wait(stream.completion_future, service, deadline)
        if connection.is_open():
            self._idle.setdefault(endpoint, []).append(connection)
        return status, bytes(answer)

    def _kept(self, endpoint: Endpoint) -> http.HttpClientConnection | None:
        idle = self._idle.get(endpoint, [])
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # another thread took it
                return None
            if connection.is_open():
                return connection
        return None

    def _connect(self, endpoint: Endpoint, deadline: Deadline) -> http.HttpClientConnection:
        sockets = SocketOptions()
        sockets.connect_timeout_ms = max(1, int(1000 * min(CONNECT_SECONDS, deadline.remaining())))
        tls = self._tls_options(endpoint.host) if endpoint.tls else None
        connecting = http.HttpClientConnection.new(
            endpoint.host, endpoint.port, socket_options=sockets, tls_connection_options=tls
        )
        return _wait(connecting, f"connection to {endpoint.host}", deadline)

    def _tls_options(self, host: str | None) -> TlsConnectionOptions:
        with self._lock:
            if self._tls is None:
                options = TlsContextOptions()
                options.min_tls_ver = TlsVersion.TLSv1_2
                if self._ca_bundle:
                    options.override_default_trust_store_from_path(None, self._ca_bundle)
                self._tls = ClientTlsContext(options)
        connection = self._tls.new_connection_options()
        if host is not None:
            connection.set_server_name(host)
        return connection

    def _s3_client(self) -> "S3Client":
        from awscrt import s3

        secure = self._endpoint is None or self._endpoint.tls
        tls = self._tls_options(None) if secure else None
        with self._lock:
            if self._s3 is None:
                self._s3 = s3.S3Client(
                    region=self._region,
                    tls_mode=(
                        s3.S3RequestTlsMode.ENABLED if secure else s3.S3RequestTlsMode.DISABLED
                    ),
                    tls_connection_options=tls,
                    signing_config=s3.create_default_s3_signing_config(
                        region=self._region, credential_provider=self._credentials
                    ),
                    part_size=S3_PART_BYTES,
                    max_active_connections_override=S3_CONNECTIONS,
                    connect_timeout_ms=int(CONNECT_SECONDS * 1000),
                    retry_config=s3.S3RetryConfig(
                        max_retries=ATTEMPTS - 1,
                        backoff_scale_factor_ms=int(FIRST_PAUSE_SECONDS * 1000),
                        max_backoff_secs=1,
                    ),
                )
            return self._s3

    def _service_endpoint(self, service: str) -> Endpoint:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return Endpoint(True, f"{service}.{self._region}.{suffix}", 443)

    def _object_address(self, bucket: str, key: str) -> tuple[Endpoint, str]:
        """Virtual-hosted on AWS; path style on an endpoint of one's own, which has one name, and
        for a bucket name with dots, which no wildcard certificate covers."""
        if self._endpoint is not None:
            return self._endpoint, f"/{bucket}/{key}"
        service = self._service_endpoint("s3")
        if "." in bucket:
            return service, f"/{bucket}/{key}"
        return Endpoint(True, f"{bucket}.{service.host}", 443), f"/{key}"


class _Gate:
    """Passes chunks on until it is closed. `close` waits for a chunk that is being handed over."""

    def __init__(self, on_chunk: Callable[[bytes], None]) -> None:
        self._on_chunk: Callable[[bytes], None] | None = on_chunk
        self._lock = threading.Lock()

    def chunk(self, chunk: bytes, **_: Any) -> None:
        with self._lock:
            if self._on_chunk is not None:
                self._on_chunk(chunk)

    def close(self) -> None:
        with self._lock:
            self._on_chunk = None


def _wait(future: "Future[T]", what: str, deadline: Deadline) -> T:
    """The future's result. Raises `StoreTimeout` where the deadline is what ended the wait."""
    limit = READ_SECONDS if what != "s3 GetObject" else deadline.remaining()
    try:
        return future.result(min(limit, deadline.remaining()))
    except TimeoutError:
        kind = StoreTimeout if deadline.passed else StoreUnavailable
        raise kind(f"{what}: no answer in time") from None


def _transport_problem(operation: str, error: AwsCrtError) -> str:
    """Its name. Raises `StoreMisconfigured` where there is nothing to sign with."""
    if error.name == _NO_CREDENTIALS:
        raise StoreMisconfigured(
            f"{operation} has no credentials",
            action="Check the function's role, or AWS_ACCESS_KEY_ID outside Lambda",
        )
    return error.name


def _pause(attempt: int, deadline: Deadline) -> None:
    longest = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
    jitter = os.urandom(1)[0] / 255  # `random` would add its import to every start
    time.sleep(min(deadline.remaining(), longest * (1 + jitter) / 2))


def _json_error_code(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "unknown"


def _object_error(error: "S3ResponseError", key: str) -> Exception:
    found = _ERROR_CODE.search(error.body or b"")
    code = found[1].decode() if found else "unknown"
    status = error.status_code
    if status == _NOT_FOUND and code != "NoSuchBucket":
        return ObjectMissing(key)
    if _FIRST_ERROR <= status < _FIRST_SERVER_ERROR and status != _TOO_MANY:
        return _refused("s3 GetObject", status, code)
    return StoreUnavailable(f"s3 GetObject failed: HTTP {status} {code}")


def _refused(operation: str, status: int, code: str) -> StoreMisconfigured:
    hint = "Check the function's role and the key policy of the store"
    if operation.startswith("s3"):
        hint += (
            ". Without s3:ListBucket on the bucket S3 answers 403 for a missing object too, so "
            "grant list permission on the models' prefix to tell the two apart"
        )
    return StoreMisconfigured(f"{operation} was refused: HTTP {status} {code}", action=hint)
