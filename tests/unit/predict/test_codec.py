import json
import math
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from contracts.manifest import Manifest
from contracts.protocol import DATATYPES, LAMBDA_PAYLOAD_BYTES
from functions.predict import codec
from functions.shared.errors import (
    AnswerNotJson,
    AnswerTooLarge,
    InferenceFailed,
    InvalidTensor,
    ServingError,
)
from tests.unit.predict.fakes import manifest, tensor

pytestmark = pytest.mark.unit

FIXED = sorted(set(DATATYPES) - {"BYTES"})


def identity(datatype: str, shape: tuple[int, ...], max_batch_size: int = 0) -> Manifest:
    """A model that gives back what it got, of any size along each axis."""
    open_shape = (-1,) * len(shape)
    return manifest(
        inputs=[("x", datatype, open_shape)],
        outputs=[("y", datatype, open_shape)],
        max_batch_size=max_batch_size,
    )


@st.composite
def tensors(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    datatype = draw(st.sampled_from(sorted(DATATYPES)))
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    if datatype == "BYTES":
        values = draw(st.lists(st.text(max_size=8), min_size=0, max_size=math.prod(shape)))
        array = np.empty(math.prod(shape), object)
        array[:] = [v.encode() for v in values] + [b""] * (array.size - len(values))
        return datatype, array.reshape(shape)
    dtype = np.dtype(DATATYPES[datatype][0])
    elements: dict[str, Any] = {}
    if dtype.kind == "f":
        elements = {"allow_nan": False, "allow_infinity": False}
    return datatype, draw(arrays.arrays(dtype, shape, elements=elements))


def answered(
    encoded: codec.Encoded, length: str | None = None
) -> tuple[dict[str, Any], triton.InferResult]:
    """The answer as its JSON and as Triton's own client reads it."""
    body = encoded.body.encode() if isinstance(encoded.body, str) else encoded.body
    length = encoded.headers.get(codec.HEADER_NAME)
    result = triton.InferenceServerClient.parse_response_body(
        body, header_length=None if length is None else int(length)
    )
    return result.get_response(), result


@given(case=tensors(), binary_in=st.booleans(), binary_out=st.booleans(), name=st.text(max_size=9))
def test_what_tritons_client_sends_comes_back_unchanged(
    case: tuple[str, np.ndarray], binary_in: bool, binary_out: bool, name: str
) -> None:
    datatype, array = case
    if datatype == "FP16":
        binary_in = binary_out = True
    said = triton.InferInput("x", list(array.shape), datatype)
    said.set_data_from_numpy(array, binary_data=binary_in)
    body, length = triton.InferenceServerClient.generate_request_body(
        [said],
        outputs=[triton.InferRequestedOutput("y", binary_data=binary_out)],
        request_id=name,
    )
    model = identity(datatype, array.shape)
    inference = codec.decode(bytearray(body), None if length is None else str(length), model)
    assert inference.inputs["x"].dtype == array.dtype
    np.testing.assert_array_equal(inference.inputs["x"], array)
    assert inference.id == (name or None)
    document, result = answered(codec.encode(inference, model, {"y": inference.inputs["x"]}))
    assert document["model_name"] == "adder"
    assert document["model_version"] == "1"
    assert document.get("id", "") == name
    assert ("data" in document["outputs"][0]) is not binary_out
    back = result.as_numpy("y")
    assert back is not None
    if datatype == "BYTES":
        back = np.array([v.encode() if isinstance(v, str) else v for v in back.flat], object)
        back = back.reshape(array.shape)
    np.testing.assert_array_equal(back, array)


@given(raw=st.binary(max_size=64), length=st.integers(0, 70), datatype=st.sampled_from(FIXED))
def test_no_bytes_at_all_make_the_decoder_fail_otherwise_than_by_refusing(
    raw: bytes, length: int, datatype: str
) -> None:
    entry = tensor("x", datatype, [2], parameters={"binary_data_size": len(raw)})
    header = json.dumps({"inputs": [entry]}).encode()
    for body, said in ((raw, str(length)), (raw, None), (header + raw, str(len(header)))):
        try:
            codec.decode(bytearray(body), said, identity(datatype, (2,)))
        except ServingError as error:
            assert error.status < 500  # noqa: PT017 - an answer is right as well


def test_a_binary_tensor_at_an_odd_offset_reaches_the_model_aligned() -> None:
    array = np.arange(4, dtype=np.float32)
    entry = tensor("x", "FP32", [4], parameters={"binary_data_size": 16})
    for pad in range(8):
        header = json.dumps({"inputs": [entry]}).encode() + b" " * pad
        inference = codec.decode(
            bytearray(header + array.tobytes()), str(len(header)), identity("FP32", (4,))
        )
        assert inference.inputs["x"].flags.aligned
        np.testing.assert_array_equal(inference.inputs["x"], array)


def test_json_and_binary_tensors_mix_in_one_request() -> None:
    model = manifest(
        inputs=[("a", "FP32", (2,)), ("b", "INT64", (2,)), ("c", "FP32", (1,))],
        outputs=[("y", "FP32", (2,)), ("z", "INT64", (2,))],
    )
    header = json.dumps(
        {
            "inputs": [
                tensor("a", "FP32", [2], parameters={"binary_data_size": 8}),
                tensor("b", "INT64", [2], data=[5, 6]),
                tensor("c", "FP32", [1], parameters={"binary_data_size": 4}),
            ],
            "outputs": [{"name": "z"}, {"name": "y", "parameters": {"binary_data": True}}],
        }
    ).encode()
    raw = np.array([1, 2, 3], "<f4").tobytes()
    inference = codec.decode(bytearray(header + raw), str(len(header)), model)
    assert {name: value.tolist() for name, value in inference.inputs.items()} == {
        "a": [1, 2],
        "b": [5, 6],
        "c": [3],
    }
    results = {"y": inference.inputs["a"], "z": inference.inputs["b"]}
    document, result = answered(codec.encode(inference, model, results))
    assert [output["name"] for output in document["outputs"]] == ["z", "y"]
    assert document["outputs"][0]["data"] == [5, 6]
    assert result.as_numpy("y").tolist() == [1, 2]  # type: ignore[union-attr]


def test_only_the_outputs_that_were_asked_for_are_computed_and_answered() -> None:
    model = manifest(outputs=[("y", "FP32", (-1, 4)), ("z", "FP32", (-1, 4))])
    body = json.dumps({"inputs": [tensor(data=[1, 2, 3, 4])], "outputs": [{"name": "z"}]})
    inference = codec.decode(body, None, model)
    assert inference.output_names == ["z"]
    document, _ = answered(codec.encode(inference, model, {"z": inference.inputs["x"]}))
    assert [output["name"] for output in document["outputs"]] == ["z"]


def test_one_flag_makes_every_output_binary_and_an_output_can_say_otherwise() -> None:
    model = manifest(outputs=[("y", "FP32", (-1, 4)), ("z", "FP32", (-1, 4))])
    body = {"inputs": [tensor(data=[1, 2, 3, 4])], "parameters": {"binary_data_output": True}}
    assert codec.decode(json.dumps(body), None, model).outputs == [("y", True), ("z", True)]
    body["outputs"] = [{"name": "y"}, {"name": "z", "parameters": {"binary_data": False}}]  # type: ignore[assignment]
    assert codec.decode(json.dumps(body), None, model).outputs == [("y", True), ("z", False)]


@pytest.mark.parametrize(
    ("datatype", "lowest", "highest"),
    [
        (name, int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
        for name, (dtype, _) in DATATYPES.items()
        if np.dtype(dtype).kind in "iu"
    ],
)
def test_whole_numbers_are_taken_to_the_edge_of_their_type_and_not_beyond(
    datatype: str, lowest: int, highest: int
) -> None:
    model = identity(datatype, (2,))

    def decoded(*data: float) -> list[int]:
        body = json.dumps({"inputs": [tensor("x", datatype, [2], data=list(data))]})
        return codec.decode(body, None, model).inputs["x"].tolist()

    assert decoded(lowest, highest) == [lowest, highest]
    for beyond in (lowest - 1, highest + 1, 10**30):
        with pytest.raises(InvalidTensor, match=rf"inputs\[0\].data .*range of {datatype}"):
            decoded(0, beyond)
    for other in (1.0, True):
        with pytest.raises(InvalidTensor, match=r"inputs\[0\].data must hold whole numbers only"):
            decoded(0, other)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\x01\x00\x00", "end before 2 elements"),
        (b"\x01\x00\x00\x00a", "end before 2 elements"),
        (b"\x01\x00\x00\x00a\xff\xff\xff\xffb", "goes past the end"),
        (b"\x01\x00\x00\x00a\x01\x00\x00\x00bc", "1 bytes are left"),
        (b"\x01\x00\x00\x00a\x01\x00\x00\x00\xff", "UTF-8"),
    ],
)
def test_binary_texts_with_wrong_lengths_are_refused(raw: bytes, said: str) -> None:
    entry = tensor("x", "BYTES", [2], parameters={"binary_data_size": len(raw)})
    header = json.dumps({"inputs": [entry]}).encode()
    with pytest.raises(InvalidTensor, match=said):
        codec.decode(bytearray(header + raw), str(len(header)), identity("BYTES", (2,)))


def test_a_count_that_the_body_does_not_hold_allocates_nothing() -> None:
    shape = [2_000, 2_200]
    entry = tensor("x", "BYTES", shape, parameters={"binary_data_size": 4})
    header = json.dumps({"inputs": [entry]}).encode()
    with pytest.raises(InvalidTensor, match="end before"):
        codec.decode(bytearray(header + bytes(4)), str(len(header)), identity("BYTES", (1, 1)))


def test_a_boolean_byte_other_than_0_and_1_is_refused() -> None:
    entry = tensor("x", "BOOL", [2], parameters={"binary_data_size": 2})
    header = json.dumps({"inputs": [entry]}).encode()
    with pytest.raises(InvalidTensor, match="0 or 1"):
        codec.decode(bytearray(header + b"\x01\x02"), str(len(header)), identity("BOOL", (2,)))


def test_half_precision_has_no_json_form_in_either_direction() -> None:
    model = identity("FP16", (2,))
    with pytest.raises(InvalidTensor, match=r"inputs\[0\].data: FP16 has no JSON form"):
        codec.decode(json.dumps({"inputs": [tensor("x", "FP16", [2], data=[1, 2])]}), None, model)
    entry = tensor("x", "FP16", [2], parameters={"binary_data_size": 4})
    header = json.dumps({"inputs": [entry]}).encode()
    with pytest.raises(AnswerNotJson, match="'y' is FP16"):
        codec.decode(bytearray(header + bytes(4)), str(len(header)), model)


def plain(datatype: str = "FP32") -> tuple[codec.Inference, Manifest]:
    return codec.Inference(None, {}, [codec.OutputChoice("y", False)]), identity(datatype, (1,))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_answer_with_a_number_that_json_lacks_points_to_binary(value: float) -> None:
    with pytest.raises(AnswerNotJson, match="'y' holds NaN or an infinity") as caught:
        codec.encode(*plain(), {"y": np.array([value], np.float32)})
    assert "binary_data_output" in caught.value.action


def test_an_answer_with_bytes_that_are_no_text_points_to_binary() -> None:
    with pytest.raises(AnswerNotJson, match="'y' holds bytes that are no text"):
        codec.encode(*plain("BYTES"), {"y": np.array([b"\xff"], object)})


@pytest.mark.parametrize(
    "results",
    [{}, {"y": np.zeros(1, np.float64)}, {"y": np.zeros((1, 1), np.float32)}],
    ids=["missing", "another dtype", "another rank"],
)
def test_an_output_that_is_not_what_the_manifest_says_is_the_models_fault(
    results: dict[str, np.ndarray],
) -> None:
    with pytest.raises(InferenceFailed, match="'y'"):
        codec.encode(*plain(), results)


@pytest.mark.parametrize("binary", [False, True])
def test_an_answer_above_lambdas_limit_is_refused_and_the_largest_below_it_passes(
    binary: bool,
) -> None:
    inference = codec.Inference(None, {}, [codec.OutputChoice("y", binary)])
    model = identity("UINT8", (1,))
    limit = LAMBDA_PAYLOAD_BYTES - codec.ANSWER_ROOM_BYTES
    count = (limit * 3 // 4 if binary else limit // 2) - 300
    encoded = codec.encode(inference, model, {"y": np.zeros(count, np.uint8)})
    assert len(encoded.body) > count
    with pytest.raises(AnswerTooLarge, match=str(limit)):
        codec.encode(inference, model, {"y": np.zeros(count + 600, np.uint8)})


def test_wiping_overwrites_the_body_itself_where_tensors_are_views_of_it() -> None:
    array = np.full(4, 7.5, np.float32)
    entry = tensor("x", "FP32", [4], parameters={"binary_data_size": 16})
    header = json.dumps({"inputs": [entry]}).encode()
    header += b" " * (-len(header) % 16)
    body = bytearray(header + array.tobytes())
    inference = codec.decode(body, str(len(header)), identity("FP32", (4,)))
    inference.wipe()
    assert array.tobytes() not in body
    assert inference.inputs["x"].tolist() == [0, 0, 0, 0]
