"""The engine's property values, to Python and back."""

import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from emulation import wire
from emulation.wire import UNKNOWN, Asset, Secret

pytestmark = pytest.mark.unit

SCALARS = st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.none()
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(st.dictionaries(st.text(), TREES))
def test_plain_values_survive_the_way_there_and_back(properties: dict[str, object]) -> None:
    given_ones = {key: value for key, value in properties.items() if value is not None}
    assert wire.load(wire.dump(properties)) == given_ones


def test_a_whole_number_comes_back_as_an_integer_and_a_fraction_as_it_was() -> None:
    loaded = wire.load(wire.dump({"whole": 3, "part": 2.5, "yes": True}))
    assert [type(loaded[key]) for key in ("whole", "part", "yes")] == [int, float, bool]


@pytest.mark.parametrize("value", [UNKNOWN, Secret("x"), Asset(hash="1", path="a"), [UNKNOWN]])
def test_what_has_a_form_of_its_own_keeps_it(value: object) -> None:
    assert wire.load(wire.dump({"it": value})) == {"it": value}


def test_the_forms_are_those_of_the_sdk() -> None:
    """The SDK is the judge: its own reader understands what is written here."""
    struct = wire.dump({"secret": Secret("s"), "asset": Asset(path="a.zip"), "later": UNKNOWN})
    read = rpc.deserialize_properties(struct, keep_unknowns=True)
    assert rpc.is_rpc_secret(read["secret"])
    assert isinstance(read["asset"], pulumi.FileAsset)
    assert read["asset"].path == "a.zip"
    assert type(read["later"]).__name__ == "Unknown"


def test_assets_are_equal_when_their_content_is() -> None:
    assert Asset(hash="1", path="old/place") == Asset(hash="1", path="new/place")
    assert Asset(hash="1", path="a") != Asset(hash="2", path="a")


def test_an_unknown_is_found_however_deep_it_lies() -> None:
    assert wire.has_unknown({"a": [{"b": UNKNOWN}]})
    assert not wire.has_unknown({"a": [{"b": "known"}]})


def test_a_form_that_is_not_understood_is_refused_and_not_passed_on() -> None:
    struct = Struct()
    struct.update({"code": {rpc._special_sig_key: rpc._special_archive_sig, "path": "x"}})
    with pytest.raises(ValueError, match="not one of secret, asset"):
        wire.load(struct)
