"""A stack in memory whose clients can fail, crash, or be overtaken, before or after each call.

Every request is checked against botocore's own service model, so a misspelt parameter fails here.
"""

import base64
import copy
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.validate import validate_parameters
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

BUCKET, TABLE, KEY_ARN, KEY = "models", "registry", "arn:aws:kms:eu-test-1:1:key/1", "2026a"
HOME = "eu-test-1"
ACTOR = "arn:aws:iam::000000000000:user/tester"


class Crash(BaseException):
    """The process died here."""


@dataclass
class Calls:
    """What was called, and what happens at a call: `at` maps a count, from 1, to an event."""

    names: list[str] = field(default_factory=list)
    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    after: dict[int, Callable[[], object]] = field(default_factory=dict)
    before_name: dict[str, Callable[[], object]] = field(default_factory=dict)
    """Happens once, at the first call of that name."""

    def made(self, name: str, effect: Callable[[], Any]) -> Any:
        self.names.append(name)
        count = len(self.names)
        if name in self.before_name:
            self.before_name.pop(name)()
        if count in self.before:
            self.before[count]()
        answer = effect()
        if count in self.after:
            self.after[count]()
        return answer


def crash() -> None:
    raise Crash


def time_out() -> None:
    raise ReadTimeoutError(endpoint_url="https://store.invalid")


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


class FakeClient:
    """Dispatches `client.some_operation(...)` to `_some_operation`, through `Calls`."""

    service: str
    cloud: Any

    def __init__(self, cloud: "FakeStack") -> None:
        self.cloud = cloud
        self.meta = SimpleNamespace(region_name=cloud.client_region)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        model = _model(self.service)
        operation = next(n for n in model.operation_names if xform_name(n) == name)

        def call(**request: Any) -> Any:
            shape = model.operation_model(operation).input_shape
            if shape is not None:
                validate_parameters(request, shape)
            return self.cloud.calls.made(name, lambda: getattr(self, f"do_{name}")(**request))

        return call


class FakeS3(FakeClient):
    service = "s3"

    def do_put_object(self, **request: Any) -> Any:
        body = request["Body"].read()
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert request["IfNoneMatch"] == "*"
        assert request["ContentLength"] == len(body)
        if request["Key"] in self.cloud.objects:
            raise refused("PreconditionFailed", 412)
        if request["ChecksumSHA256"] != digest:
            raise refused("BadDigest", 400)
        self.cloud.objects[request["Key"]] = body
        return {}

    def do_head_object(self, **request: Any) -> Any:
        body = self._find(request["Key"], "404")
        head: dict[str, Any] = {"ContentLength": len(body)}
        if self.cloud.keeps_checksums:
            head["ChecksumSHA256"] = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return head

    def do_get_object(self, **request: Any) -> Any:
        return {"Body": io.BytesIO(self._find(request["Key"], "NoSuchKey"))}

    def _find(self, key: str, code: str) -> bytes:
        if key not in self.cloud.objects:
            raise refused(code, 404)
        return self.cloud.objects[key]


class FakeDynamo(FakeClient):
    service = "dynamodb"

    def do_get_item(self, **request: Any) -> Any:
        assert request["ConsistentRead"]
        item = self.cloud.items.get(_key(request["Key"]))
        return {} if item is None else {"Item": copy.deepcopy(item)}

    def do_describe_table(self, **request: Any) -> Any:
        assert request == {"TableName": TABLE}
        return {"Table": {"CreationDateTime": self.cloud.table_made}}

    def do_query(self, **request: Any) -> Any:
        assert request["ConsistentRead"]
        values = request["ExpressionAttributeValues"]
        partition, prefix = values[":pk"]["S"], values.get(":prefix", {"S": ""})["S"]
        keys = sorted(k for k in self.cloud.items if k[0] == partition and k[1].startswith(prefix))
        if not request["ScanIndexForward"]:
            keys.reverse()
        start = request.get("ExclusiveStartKey")
        if start is not None:
            keys = keys[keys.index(_key(start)) + 1 :]
        page = keys[: self.cloud.page_size]
        answer: dict[str, Any] = {"Items": [copy.deepcopy(self.cloud.items[k]) for k in page]}
        if len(keys) > len(page):
            answer["LastEvaluatedKey"] = {"pk": {"S": page[-1][0]}, "sk": {"S": page[-1][1]}}
        return answer

    def do_transact_write_items(self, **request: Any) -> Any:
        parts = request["TransactItems"]
        if self.cloud.collisions > 0:
            self.cloud.collisions -= 1
            raise cancelled(["TransactionConflict"] + ["None"] * (len(parts) - 1))
        codes: list[str] = []
        for part in parts:
            [(kind, body)] = part.items()
            key = _key(body["Item"] if kind == "Put" else body["Key"])
            held = holds(body, self.cloud.items.get(key))
            codes.append("None" if held else "ConditionalCheckFailed")
        if "ConditionalCheckFailed" in codes:
            raise cancelled(codes)
        for part in parts:
            if "Put" in part:
                item = part["Put"]["Item"]
                self.cloud.items[_key(item)] = copy.deepcopy(item)
        return {}


class FakeKms(FakeClient):
    service = "kms"

    def do_sign(self, **request: Any) -> Any:
        assert request["MessageType"] == "DIGEST"
        assert request["SigningAlgorithm"] == "ECDSA_SHA_256"
        return {"Signature": self.cloud.private_key.sign(request["Message"], PREHASHED)}

    def do_verify(self, **request: Any) -> Any:
        try:
            self.cloud.private_key.public_key().verify(
                request["Signature"], request["Message"], PREHASHED
            )
        except InvalidSignature:
            raise refused("KMSInvalidSignatureException", 400) from None
        return {"SignatureValid": True}


class FakeSts(FakeClient):
    service = "sts"

    def do_get_caller_identity(self) -> Any:
        return {"Arn": ACTOR}


PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
CLIENTS = {"s3": FakeS3, "dynamodb": FakeDynamo, "kms": FakeKms, "sts": FakeSts}


@dataclass
class FakeStack:
    """A deployed stack: its outputs, and what its stores hold."""

    calls: Calls = field(default_factory=Calls)
    table_made: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    objects: dict[str, bytes] = field(default_factory=dict)
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    collisions: int = 0
    """So many transactions meet another one first."""
    page_size: int = 2
    keeps_checksums: bool = True
    client_region: str = HOME
    values: dict[str, Any] = field(
        default_factory=lambda: {
            "model_bucket": BUCKET,
            "registry_table": TABLE,
            "signing_key_arn": KEY_ARN,
            "signing_key_name": KEY,
            "serving_groups": {
                "default": {"models": ["*"], "memory_cache_mb": 64, "disk_cache_mb": 64}
            },
            "region": HOME,
        }
    )

    def __getitem__(self, name: str, /) -> Any:
        return self.values[name]

    def clients(self, service: str) -> Any:
        return CLIENTS[service](self)

    def restarted(self) -> None:
        """A new process: nothing is planned to go wrong any more."""
        self.calls = Calls()


def holds(body: Mapping[str, Any], item: Mapping[str, Any] | None) -> bool:
    """Evaluate the condition expressions that the registry uses."""
    names = body.get("ExpressionAttributeNames", {})
    values = body.get("ExpressionAttributeValues", {})
    for term in body["ConditionExpression"].split(" OR "):
        if term == "attribute_not_exists(pk)":
            if item is None:
                return True
        else:
            name, value = term.split(" = ")
            if item is not None and item.get(names.get(name, name)) == values[value]:
                return True
    return False


def refused(code: str, status: int, message: str = "") -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message or code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


def cancelled(codes: list[str]) -> ClientError:
    error = refused("TransactionCanceledException", 400)
    response: Any = error.response
    response["CancellationReasons"] = [{"Code": code} for code in codes]
    return error


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
