"""A version whose bytes or manifest are not what was signed never runs, and harms no other."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from contracts.manifest import object_key
from contracts.registry import decode_version, version_key
from tests.emulated.calls import Api, json_input, json_output
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

X = np.zeros((1, 4), np.float32)
REQUEST = {"inputs": [json_input("x", X, "FP32")]}

Push = Callable[..., int]


def refuses(api: Api, model: str, version: int) -> None:
    answer = api.infer(model, REQUEST, version=version)
    assert answer.status == 503, answer.body[:300]
    assert answer.problem()["type"].endswith("model-integrity")


def answers(api: Api, model: str, version: int, added: float) -> None:
    np.testing.assert_allclose(json_output(api.infer(model, REQUEST, version=version), "y"), added)


def test_one_flipped_byte_of_a_stored_file_stops_its_version_alone(
    api: Api, local_stack: LocalStack, push_linear: Push
) -> None:
    push_linear("flipped", added=1.0)
    push_linear("flipped", added=2.0)
    s3, bucket = local_stack.client("s3"), local_stack.outputs["model_bucket"]
    key = object_key("flipped", 2, "model.onnx")
    stored = bytearray(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    stored[len(stored) // 2] ^= 1
    s3.put_object(Bucket=bucket, Key=key, Body=bytes(stored))
    refuses(api, "flipped", 2)
    answers(api, "flipped", 1, 1.0)
    refuses(api, "flipped", 2)


def rewrite(local_stack: LocalStack, model: str, version: int, **changes: Any) -> None:
    """Change attributes of a version's item in the registry; `None` removes one."""
    table, dynamodb = local_stack.outputs["registry_table"], local_stack.client("dynamodb")
    found = dynamodb.get_item(TableName=table, Key=version_key(model, version))["Item"]
    for name, value in changes.items():
        if value is None:
            del found[name]
        else:
            found[name] = {"S": value}
    dynamodb.put_item(TableName=table, Item=found)


def foreign_signature(manifest: bytes) -> str:
    stranger = ec.generate_private_key(ec.SECP256R1())
    return base64.b64encode(stranger.sign(manifest, ec.ECDSA(hashes.SHA256()))).decode()


@pytest.mark.parametrize("fault", ["missing", "bad", "foreign", "another manifest", "unknown key"])
def test_a_manifest_that_the_keyring_does_not_vouch_for_stops_its_version_alone(
    fault: str, api: Api, local_stack: LocalStack, push_linear: Push
) -> None:
    model = "manifest-" + fault.replace(" ", "-")
    push_linear(model, added=1.0)
    push_linear(model, added=2.0)
    table, dynamodb = local_stack.outputs["registry_table"], local_stack.client("dynamodb")
    record = decode_version(dynamodb.get_item(TableName=table, Key=version_key(model, 2))["Item"])
    assert record.signature is not None
    changes: dict[str, Any] = {
        "missing": {"signature": None, "signing_key": None},
        "bad": {"signature": base64.b64encode(b"nonsense").decode()},
        "foreign": {"signature": foreign_signature(record.manifest.encode())},
        "another manifest": {
            "manifest": json.dumps(
                json.loads(record.manifest) | {"max_batch_size": 1},
                sort_keys=True,
                separators=(",", ":"),
            )
        },
        "unknown key": {"signing_key": "nobody"},
    }[fault]
    rewrite(local_stack, model, 2, **changes)
    refuses(api, model, 2)
    answers(api, model, 1, 1.0)
