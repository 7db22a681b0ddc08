"""Model commands against the emulator's S3, KMS and DynamoDB: signatures, races, transactions."""

import base64
import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from awscrt.crypto import EC, ECType
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from automation.clients import Clients
from automation.errors import Failure
from automation.models import demo
from automation.models.failures import Conflict, VersionExists
from automation.models.push import Pushed, push
from automation.models.registry import Registry
from automation.models.routes import change_route, edited, rollback
from automation.outputs import Outputs
from contracts.manifest import Manifest, object_key
from contracts.registry import VersionState
from tests.emulated.registries import create_registry
from tests.tiny_models import linear, save

pytestmark = pytest.mark.emulated

REGION = "eu-central-1"
THREADS = 6
_numbers = count()


def _signing_key(clients: Callable[[str], Any]) -> str:
    made = clients("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    return made["KeyMetadata"]["Arn"]


@pytest.fixture(scope="module")
def stores(bare_emulator: str) -> Outputs:
    """What model commands need of a stack, made by hand: bucket, keys and table."""
    clients = Clients(region=REGION, endpoint_url=bare_emulator)
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = clients("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket="models",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    create_registry(clients("dynamodb"), "registry")
    return Outputs(
        stack="by-hand",
        endpoint_url=bare_emulator,
        values={
            "model_bucket": "models",
            "model_key_arn": key,
            "registry_table": "registry",
            "signing_key_arn": _signing_key(clients),
            "signing_key_name": "a",
            "serving_groups": {
                "default": {"models": ["*"], "memory_cache_mb": 512, "disk_cache_mb": 400}
            },
            "region": REGION,
        },
    )


def rotated(stores: Outputs) -> Outputs:
    """The same stores with a new signing key."""
    key = {"signing_key_arn": _signing_key(stores.clients), "signing_key_name": "b"}
    return replace(stores, values={**stores.values, **key})


def new_model() -> str:
    return f"model-{next(_numbers)}"


@pytest.fixture
def model() -> str:
    return new_model()


@pytest.fixture
def adds(tmp_path: Path) -> Callable[[float], Path]:
    """A model file that adds a number; another number is other content."""
    return lambda added: save(
        linear(added), tmp_path / str(added) / "model.onnx", external="weights.bin"
    )


def require_ready(stores: Outputs, model: str, version: int) -> Manifest:
    """A version that is READY, with every file in the store as its manifest says."""
    record = Registry.of(stores).require_version(model, version)
    assert record.state is VersionState.READY
    manifest = Manifest.parse(record.manifest.encode())
    s3 = stores.clients("s3")
    for file in manifest.files:
        key = object_key(model, version, file.name)
        body = s3.get_object(Bucket=stores["model_bucket"], Key=key)["Body"].read()
        assert hashlib.sha256(body).hexdigest() == file.sha256
    return manifest


def at_once(work: list[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment; a result each, or the exception."""
    gate = threading.Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return one()
        except Failure as failure:
            return failure

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_the_signature_verifies_outside_of_kms_with_the_public_key_alone(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    pushed = push(stores, model, adds(1.0))
    assert pushed.signature is not None
    signature = base64.b64decode(pushed.signature.value)
    der = stores.clients("kms").get_public_key(KeyId=stores["signing_key_arn"])["PublicKey"]
    public = load_der_public_key(der)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, pushed.manifest.canonical(), ec.ECDSA(hashes.SHA256()))
    pinned = EC.new_key_from_der_data(der)
    assert pinned.verify(pushed.manifest.digest(), signature)
    stranger = EC.new_generate(ECType.P_256)
    assert not stranger.verify(pushed.manifest.digest(), signature)
    assert not pinned.verify(hashlib.sha256(b"another manifest").digest(), signature)


def test_every_object_is_encrypted_with_the_buckets_own_key(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    push(stores, model, adds(1.0))
    s3, bucket = stores.clients("s3"), stores["model_bucket"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"models/{model}/1/")["Contents"]
    names = sorted(entry["Key"].rsplit("/", 1)[-1] for entry in listed)
    assert names == ["manifest.a.sig", "manifest.json", "model.onnx", "weights.bin"]
    for entry in listed:
        head = s3.head_object(Bucket=bucket, Key=entry["Key"])
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"] == stores["model_key_arn"]


def test_after_a_rotation_old_versions_keep_their_signature_and_new_ones_use_the_new_key(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    old = push(stores, model, adds(1.0))
    new = push(rotated(stores), model, adds(2.0))
    assert old.signature is not None
    assert new.signature is not None
    assert (old.signature.key, new.signature.key) == ("a", "b")
    assert push(rotated(stores), model, adds(1.0), version=1).signature == old.signature


def test_threads_that_push_the_same_content_make_one_version(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    path = adds(1.0)
    results: list[Pushed] = at_once([lambda: push(stores, model, path)] * THREADS)
    assert {result.manifest.version for result in results} == {1}
    assert len({result.signature for result in results}) == 1
    assert Counter(result.created for result in results)[True] == 1
    require_ready(stores, model, 1)


def test_threads_that_push_other_content_get_a_number_each(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    paths = [adds(float(number)) for number in range(THREADS)]
    results: list[Pushed] = at_once([lambda p=path: push(stores, model, p) for path in paths])
    versions = sorted(result.manifest.version for result in results)
    assert versions == list(range(1, THREADS + 1))
    for result in results:
        assert require_ready(stores, model, result.manifest.version) == result.manifest


def test_threads_that_push_other_content_under_one_number_make_one_version(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    paths = [adds(float(number)) for number in range(THREADS)]
    results = at_once([lambda p=path: push(stores, model, p, version=5) for path in paths])
    [winner] = [result for result in results if isinstance(result, Pushed)]
    assert sum(isinstance(result, VersionExists) for result in results) == THREADS - 1
    assert require_ready(stores, model, 5) == winner.manifest


@pytest.mark.parametrize("changed", ["weights.bin", "model.onnx"])
def test_a_stored_file_that_was_changed_before_the_push_went_on_is_never_made_ready(
    stores: Outputs, model: str, adds: Callable[[float], Path], changed: str
) -> None:
    path = adds(1.0)
    expected = push(stores, new_model(), path).manifest.file(changed)
    key = object_key(model, 1, changed)
    stores.clients("s3").put_object(
        Bucket=stores["model_bucket"], Key=key, Body=b"!" * expected.size_bytes
    )
    with pytest.raises(VersionExists, match="holds other bytes"):
        push(stores, model, path, version=1)
    assert Registry.of(stores).version(model, 1) is None


def routed(stores: Outputs, model: str, adds: Callable[[float], Path], versions: int) -> Registry:
    for version in range(1, versions + 1):
        push(stores, model, adds(float(version)))
    registry = Registry.of(stores)
    change_route(registry, edited(model, None, {1: 10_000}), expect=0)
    return registry


def test_of_many_changes_at_one_revision_one_wins_and_the_others_learn_the_present_one(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    registry = routed(stores, model, adds, versions=2)
    present = registry.route(model)

    def change(weight: int) -> Callable[[], Any]:
        wanted = edited(model, present, {1: 10_000 - weight, 2: weight})
        return lambda: change_route(Registry.of(stores), wanted, expect=1)

    results = at_once([change(weight) for weight in range(1, THREADS + 1)])
    conflicts = [result for result in results if isinstance(result, Conflict)]
    [winner] = [result for result in results if not isinstance(result, Failure)]
    assert len(conflicts) == THREADS - 1
    assert {conflict.revision for conflict in conflicts} == {2}
    assert registry.route(model) == winner.after
    history = list(registry.history(model))
    assert [entry.route.revision for entry in history] == [2, 1]
    assert history[0].route == winner.after
    assert history[0].actor.startswith("arn:aws:")


def test_a_route_never_mentions_a_version_that_was_retired_at_the_same_moment(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    registry = routed(stores, model, adds, versions=9)
    outcomes: Counter[str] = Counter()
    for version in range(2, 10):
        wanted = edited(model, registry.route(model), {version: 10_000})
        change, retire = at_once(
            [
                lambda wanted=wanted: change_route(Registry.of(stores), wanted),
                lambda version=version: Registry.of(stores).retire(model, version),
            ]
        )
        state = registry.require_version(model, version).state
        route = registry.route(model)
        assert route is not None
        if version in route.versions:
            assert state is VersionState.READY
            assert isinstance(retire, Failure)
            outcomes["routed"] += 1
        else:
            assert state is VersionState.RETIRED
            assert isinstance(change, Failure)
            outcomes["retired"] += 1
    assert outcomes.total() == 8


def test_a_rollback_to_a_standby_version_and_back_to_what_was_before(
    stores: Outputs, model: str, adds: Callable[[float], Path]
) -> None:
    registry = routed(stores, model, adds, versions=3)
    wanted = edited(model, registry.route(model), {2: 9_000, 3: 1_000}, standby=[1])
    change_route(registry, wanted, expect=1)
    assert rollback(registry, model).after.weights == ((1, 10_000),)
    assert not rollback(registry, model).changed
    change_route(registry, edited(model, registry.route(model), {3: 10_000}, standby=[2]))
    after = rollback(registry, model, to=2).after
    assert (after.weights, after.standby, after.revision) == (((2, 10_000),), (), 5)
    assert [entry.action for entry in registry.history(model)] == [
        "rollback",
        "route",
        "rollback",
        "route",
        "route",
    ]


def test_the_demo_model_is_registered_from_the_installed_package(stores: Outputs) -> None:
    assert demo.ensure(stores, lambda _text: None) == "magika version 1 registered"
    manifest = require_ready(stores, demo.MODEL, 1)
    assert manifest.size_bytes > 1_000_000
    assert demo.ensure(stores, lambda _text: None) == "magika is there, version 1 answers"
