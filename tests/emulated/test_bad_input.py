"""Bad input gets a problem document that names the field, and harms nothing after it."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from contracts.protocol import BINARY_HEADER, MAX_BODY_BYTES
from tests.emulated.calls import Answer, Api, binary_input, binary_output, json_input, json_output

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

GOOD = np.arange(8, dtype=np.float32).reshape(2, 4)


def good_input(**changes: Any) -> dict[str, Any]:
    return json_input("x", GOOD, "FP32") | changes


def send(document: Any) -> Callable[[Api, str], Answer]:
    return lambda api, model: api.infer(model, document)


def send_binary(
    document: dict[str, Any], payload: bytes, header_length: str | None = None
) -> Callable[[Api, str], Answer]:
    return lambda api, model: api.infer_binary(
        model, document, payload, header_length=header_length
    )


BINARY = {"inputs": [binary_input("x", GOOD, "FP32")]}
SHORT = {"inputs": [{**binary_input("x", GOOD, "FP32"), "parameters": {"binary_data_size": 28}}]}

CASES: dict[str, tuple[Callable[[Api, str], Answer], int, str]] = {
    "a wrong rank": (send({"inputs": [good_input(shape=[8])]}), 400, "inputs[0].shape"),
    "a wrong fixed axis": (send({"inputs": [good_input(shape=[4, 2])]}), 400, "inputs[0].shape"),
    "a shape that is no list": (
        send({"inputs": [good_input(shape="2,4")]}),
        400,
        "inputs[0].shape",
    ),
    "a fractional axis": (send({"inputs": [good_input(shape=[2.5, 4])]}), 400, "inputs[0].shape"),
    "too few elements": (send({"inputs": [good_input(data=[1.0, 2.0])]}), 400, "inputs[0].data"),
    "text among numbers": (
        send({"inputs": [good_input(data=["a"] * 8)]}),
        400,
        "inputs[0].data",
    ),
    "a wrong datatype": (
        send({"inputs": [good_input(datatype="INT64")]}),
        400,
        "inputs[0].datatype",
    ),
    "an unknown datatype": (
        send({"inputs": [good_input(datatype="FLOAT")]}),
        400,
        "inputs[0].datatype",
    ),
    "BYTES where FP32 is due": (
        send({"inputs": [good_input(datatype="BYTES", data=["a"] * 8)]}),
        400,
        "inputs[0].datatype",
    ),
    "an unknown input": (send({"inputs": [good_input(name="z")]}), 400, "inputs[0].name"),
    "a duplicate input": (send({"inputs": [good_input(), good_input()]}), 400, "inputs[1].name"),
    "a missing input": (send({"inputs": []}), 400, "inputs"),
    "no inputs member": (send({"id": "1"}), 400, "inputs"),
    "an unknown output": (
        send({"inputs": [good_input()], "outputs": [{"name": "nope"}]}),
        400,
        "outputs[0].name",
    ),
    "a batch above the maximum": (
        send({"inputs": [json_input("x", np.zeros((65, 4), np.float32), "FP32")]}),
        400,
        "inputs[0].shape",
    ),
    "a zero-size tensor": (
        send({"inputs": [good_input(shape=[0, 4], data=[])]}),
        400,
        "inputs[0].shape",
    ),
    "a negative axis": (
        send({"inputs": [good_input(shape=[-1, 4])]}),
        400,
        "inputs[0].shape",
    ),
    "truncated JSON": (send(json.dumps({"inputs": [good_input()]}).encode()[:-9]), 400, "body"),
    "deep nesting": (send(b"[" * 100_000 + b"]" * 100_000), 400, "JSON"),
    "deep nesting in data": (
        send(
            b'{"inputs":[{"name":"x","shape":[2,4],"datatype":"FP32","data":'
            + b"[" * 50_000
            + b"]" * 50_000
            + b"}]}"
        ),
        400,
        "JSON",
    ),
    "a body that is no object": (send(b"[1, 2]"), 400, "body"),
    "an empty body": (send(b""), 400, "body"),
    "bytes that are no UTF-8": (send(b"\xff\xfe{}"), 400, "JSON"),
    "a header length beyond the body": (
        send_binary(BINARY, GOOD.tobytes(), "999999"),
        400,
        BINARY_HEADER,
    ),
    "a negative header length": (send_binary(BINARY, GOOD.tobytes(), "-1"), 400, BINARY_HEADER),
    "a header length that is no number": (
        send_binary(BINARY, GOOD.tobytes(), "ten"),
        400,
        BINARY_HEADER,
    ),
    "a wrong binary byte length": (
        send_binary(SHORT, GOOD.tobytes()[:28]),
        400,
        "inputs[0].parameters.binary_data_size",
    ),
    "fewer bytes than announced": (
        send_binary(BINARY, GOOD.tobytes()[:-4]),
        400,
        "inputs[0].parameters.binary_data_size",
    ),
    "more bytes than announced": (send_binary(BINARY, GOOD.tobytes() + b"1234"), 400, "body"),
    "an unknown version": (
        lambda api, model: api.infer(model, {"inputs": [good_input()]}, version=99),
        404,
        "99",
    ),
    "a version that is no number": (
        lambda api, model: api.call("POST", f"/v2/models/{model}/versions/latest/infer", b"{}", {}),
        404,
        "version",
    ),
    "a body above our own limit": (
        send_binary({"inputs": [binary_input("x", GOOD, "FP32")]}, bytes(MAX_BODY_BYTES + 1)),
        413,
        "4400105 bytes; at most",
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_bad_input_is_a_problem_that_names_the_field_and_the_next_request_works(
    case: str, api: Api, linear_model: str
) -> None:
    request, status, named = CASES[case]
    answer = request(api, linear_model)
    assert answer.status == status, answer.body[:500]
    problem = answer.problem()
    assert named.lower() in problem["detail"].lower()
    after = api.infer(linear_model, {"inputs": [good_input()]})
    np.testing.assert_allclose(json_output(after, "y"), GOOD + 1)


def test_a_binary_body_of_4_megabytes_passes(api: Api, wide_model: str) -> None:
    tensor = np.arange(1_000_000, dtype=np.float32).reshape(1, -1)
    answer = api.infer_binary(
        wide_model,
        {
            "inputs": [binary_input("x", tensor, "FP32")],
            "outputs": [{"name": "total", "parameters": {"binary_data": True}}],
        },
        tensor.tobytes(),
    )
    np.testing.assert_allclose(binary_output(answer, "total", "float32"), [tensor.sum()], rtol=1e-3)
