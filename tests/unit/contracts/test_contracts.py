"""What rooms agree on survives a round trip, and refuses what it must."""

import itertools
import json
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from contracts import registry
from contracts.manifest import Manifest, ManifestError, ModelFile, Signature, object_key
from contracts.protocol import LAMBDA_PAYLOAD_BYTES, MAX_BODY_BYTES, TensorSpec
from contracts.registry import RegistryError, Tenant, VersionRecord, VersionState
from contracts.route import FULL_WEIGHT, Route, RouteError

pytestmark = pytest.mark.unit

FILE = ModelFile(name="model.onnx", sha256="ab" * 32, size_bytes=10)
INPUT = TensorSpec(name="x", datatype="FP32", shape=(-1, 4))
OUTPUT = TensorSpec(name="y", datatype="FP32", shape=(-1,))


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "model": "demo",
        "version": 3,
        "serving_group": "default",
        "target": "onnx",
        "entrypoint": "model.onnx",
        "files": (FILE,),
        "inputs": (INPUT,),
        "outputs": (OUTPUT,),
        "max_batch_size": 8,
        "memory_mb": 64,
    }
    return Manifest(**(fields | changes))


def test_a_manifest_survives_its_own_text() -> None:
    assert Manifest.parse(manifest().canonical()) == manifest()


def test_the_same_manifest_spelt_differently_is_refused() -> None:
    pretty = json.dumps(json.loads(manifest().canonical()), indent=2).encode()
    with pytest.raises(ManifestError, match="canonical"):
        Manifest.parse(pretty)


def test_an_extra_field_in_a_manifest_is_refused() -> None:
    document = json.loads(manifest().canonical()) | {"zz": 1}
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(ManifestError, match="canonical"):
        Manifest.parse(raw)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": "Demo"}, "model"),
        ({"model": "../demo"}, "model"),
        ({"model": ""}, "model"),
        ({"version": 0}, "version"),
        ({"version": 2**31}, "version"),
        ({"entrypoint": "other.onnx"}, "entrypoint"),
        ({"target": "tensorrt"}, "target"),
        ({"files": (FILE, FILE)}, "resources"),
        ({"inputs": ()}, "inputs"),
        ({"outputs": (OUTPUT, OUTPUT)}, "outputs"),
        ({"inputs": (TensorSpec(name="x", datatype="FLOAT", shape=(1,)),)}, "datatype"),
        ({"inputs": (TensorSpec(name="x", datatype="FP32", shape=(0,)),)}, "shape"),
        ({"max_batch_size": -1}, "max_batch_size"),
        ({"memory_mb": 0}, "memory_mb"),
    ],
)
def test_a_manifest_names_the_field_it_refuses(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ManifestError, match=named):
        manifest(**changes)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", ".hidden", "a//b", "a\\b", "", "a/.b"])
def test_a_file_name_that_could_leave_its_prefix_is_refused(name: str) -> None:
    with pytest.raises(ManifestError, match=r"resources\.name"):
        ModelFile(name=name, sha256="ab" * 32, size_bytes=1)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_never_a_manifest_and_never_another_error(raw: bytes) -> None:
    with pytest.raises(ManifestError):
        Manifest.parse(raw)


@pytest.mark.parametrize("key", sorted(json.loads(manifest().canonical())))
@pytest.mark.parametrize("value", [None, True, "x", -1, [], {}, [None], 1.5])
def test_a_manifest_with_one_wrong_field_is_refused_as_a_manifest_error(
    key: str, value: object
) -> None:
    document = json.loads(manifest().canonical())
    if document[key] == value:
        pytest.fail("the example value must differ")
    document[key] = value
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    if key in ("model", "serving_group") and value == "x":
        assert Manifest.parse(raw) != manifest()
        return
    with pytest.raises(ManifestError):
        Manifest.parse(raw)


def test_a_version_has_one_prefix_of_its_own() -> None:
    assert object_key("demo", 3, "model.onnx") == "models/demo/3/model.onnx"


def test_the_body_limit_fits_lambdas_event_with_room_for_headers_and_claims() -> None:
    base64_bytes = -(-MAX_BODY_BYTES // 3) * 4
    assert base64_bytes + 256 * 1024 <= LAMBDA_PAYLOAD_BYTES
    assert MAX_BODY_BYTES >= 4_000_000


def route(**changes: Any) -> Route:
    fields: dict[str, Any] = {"model": "demo", "revision": 1, "weights": ((1, 9_000), (2, 1_000))}
    return Route(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"weights": ((1, 9_999),)}, "9999"),
        ({"weights": ((1, 9_000), (2, 1_001))}, "10001"),
        ({"weights": ()}, "weights"),
        ({"weights": ((2, 5_000), (1, 5_000))}, "ascending"),
        ({"weights": ((1, 5_000), (1, 5_000))}, "once"),
        ({"weights": ((1, 0), (2, 10_000))}, "weight of version 1"),
        ({"weights": tuple((v, 1_000) for v in range(1, 12))}, "11 versions"),
        ({"revision": 0}, "revision"),
        ({"shadow": 2}, "shadow"),
        ({"standby": (2,)}, "standby"),
        ({"standby": (3, 3)}, "standby"),
        ({"sticky_header": "X User"}, "sticky_header"),
    ],
)
def test_a_route_names_what_it_refuses(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(RouteError, match=named):
        route(**changes)


@given(
    cuts=st.lists(st.integers(1, FULL_WEIGHT - 1), max_size=9, unique=True),
    shadow=st.booleans(),
    standby=st.booleans(),
    sticky=st.sampled_from([None, "x-user"]),
)
def test_a_route_survives_boto3s_real_serializer(
    cuts: list[int], shadow: bool, standby: bool, sticky: str | None
) -> None:
    edges = [0, *sorted(cuts), FULL_WEIGHT]
    weights = tuple((i + 1, b - a) for i, (a, b) in enumerate(itertools.pairwise(edges)))
    before = route(
        weights=weights,
        shadow=100 if shadow else None,
        standby=(101, 102) if standby else (),
        sticky_header=sticky,
    )
    item = registry.encode_route(before)
    serializer, deserializer = TypeSerializer(), TypeDeserializer()
    plain = {name: deserializer.deserialize(value) for name, value in item.items()}
    assert {name: serializer.serialize(value) for name, value in plain.items()} == item
    assert registry.decode_route(item) == before


def test_a_version_record_and_a_tenant_survive_their_items() -> None:
    record = VersionRecord(
        model="demo",
        version=3,
        state=VersionState.READY,
        manifest=manifest().canonical().decode(),
        signature=Signature(key="2026a", value="AAAA"),
        created_at="2026-11-25T00:00:00+00:00",
    )
    unsigned = VersionRecord(**{**record.__dict__, "signature": None})
    tenant = Tenant(claim="client-1", name="acme", models=frozenset({"demo", "other"}))
    assert registry.decode_version(registry.encode_version(record)) == record
    assert registry.decode_version(registry.encode_version(unsigned)) == unsigned
    assert registry.decode_tenant(registry.encode_tenant(tenant)) == tenant


@pytest.mark.parametrize("missing", ["model", "revision", "weights", "standby"])
def test_a_route_item_with_a_missing_attribute_is_a_registry_error(missing: str) -> None:
    item = registry.encode_route(route())
    del item[missing]
    with pytest.raises(RegistryError, match="route item"):
        registry.decode_route(item)


def test_a_tenant_may_use_what_it_lists_or_everything() -> None:
    listed = Tenant(claim="c", name="acme", models=frozenset({"demo"}))
    anything = Tenant(claim="c", name="acme", models=frozenset({registry.ANY_MODEL}))
    assert listed.may_use("demo")
    assert not listed.may_use("other")
    assert anything.may_use("other")
