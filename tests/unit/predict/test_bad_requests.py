"""Every wrong input is refused with the name of its field, and the next good request works."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from functions.predict.app import serve
from tests.unit.predict.fakes import GOOD, Bench, adder, manifest, request, tensor

pytestmark = pytest.mark.unit

MARKER = 7_355_608.5
"""A value that stands in the bad tensors below and may not come back in an answer or a log."""


def refused(bench: Bench, body: Any, status: int, slug: str, *words: str, **more: Any) -> None:
    answer = serve(request(body, **more), bench.ports)
    assert isinstance(answer.body, str)
    problem = json.loads(answer.body)
    assert (answer.status, problem["status"], problem["type"]) == (
        status,
        status,
        f"urn:warmline:problem:{slug}",
    ), problem
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["title"]
    assert problem["action"]
    assert problem["instance"] == "request-1"
    for word in words:
        assert word in problem["detail"], problem["detail"]
        assert word in problem["error"]
    assert "7355608" not in answer.body
    assert "7355608" not in bench.lines[-1]
    assert bench.log["problem"] == slug
    assert bench.log["errors"] == 0
    good = serve(request(GOOD), bench.ports)
    assert good.status == 200
    assert json.loads(good.body)["outputs"][0]["data"] == [2.0, 3.0, 4.0, 5.0]


def inputs(*entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputs": list(entries)}


def binary(
    header: dict[str, Any] | bytes, raw: bytes = b"", length: int | str | None = None
) -> tuple[bytes, dict[str, str]]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    said = str(len(text) if length is None else length)
    return text + raw, {"inference-header-content-length": said}


FOUR = [MARKER, 2, 3, 4]
ROW = np.array(FOUR, "<f4").tobytes()
BINARY = tensor(parameters={"binary_data_size": 16})


@pytest.mark.parametrize(
    ("body", "slug", "words"),
    [
        pytest.param("", "bad-request", ["body is empty"], id="no body"),
        pytest.param(
            '{"inputs": [{"na', "bad-request", ["character 13 of 16"], id="truncated JSON"
        ),
        pytest.param("[" * 200_000, "body-too-large", ["100000"], id="a body above the limit"),
        pytest.param("[" * 90_000, "bad-request", ["nested"], id="deep nesting"),
        pytest.param("[1, 2]", "bad-request", ["JSON object"], id="a list for a body"),
        pytest.param("7355608", "bad-request", ["JSON object"], id="a number for a body"),
        pytest.param({}, "bad-request", ["inputs"], id="no inputs"),
        pytest.param(inputs(), "bad-request", ["inputs"], id="empty inputs"),
        pytest.param({"inputs": [7355608]}, "bad-request", ["inputs[0]"], id="input no object"),
        pytest.param(
            inputs(tensor("z", data=FOUR)), "invalid-tensor", ["inputs[0].name", "'x'"],
            id="unknown input",
        ),
        pytest.param(
            inputs(tensor(data=FOUR), tensor(data=FOUR)), "invalid-tensor",
            ["inputs[1].name", "repeats"], id="duplicate inputs",
        ),
        pytest.param(
            inputs(tensor(shape=[1, 5], data=[*FOUR, 5])), "invalid-tensor",
            ["inputs[0].shape[1] is 5", "4"], id="wrong shape",
        ),
        pytest.param(
            inputs(tensor(shape=[4], data=FOUR)), "invalid-tensor",
            ["inputs[0].shape", "1 dimensions", "[-1, 4]"], id="wrong rank",
        ),
        pytest.param(
            inputs(tensor(shape=[0, 4], data=[])), "invalid-tensor",
            ["inputs[0].shape[0]", "below 1"], id="zero-size tensor",
        ),
        pytest.param(
            inputs(tensor(shape=[-1, 4], data=FOUR)), "invalid-tensor",
            ["inputs[0].shape[0]", "below 1"], id="negative dimension",
        ),
        pytest.param(
            inputs(tensor(shape=[True, 4], data=FOUR)), "bad-request",
            ["inputs[0].shape"], id="a shape of booleans",
        ),
        pytest.param(
            inputs({"name": "x", "datatype": "FP32", "data": FOUR}), "bad-request",
            ["inputs[0].shape"], id="no shape",
        ),
        pytest.param(
            inputs(tensor(shape=[9, 4], data=FOUR * 9)), "invalid-tensor",
            ["inputs[0].shape[0] is 9", "largest batch is 8"], id="batch above the maximum",
        ),
        pytest.param(
            inputs(tensor(shape=[10**400, 4], data=FOUR)), "invalid-tensor",
            ["inputs[0].shape[0]", "above 2**63"], id="a dimension of 400 digits",
        ),
        pytest.param(
            inputs(tensor(datatype="INT64", data=[1, 2, 3, 4])), "invalid-tensor",
            ["inputs[0].datatype is 'INT64'", "'FP32'"], id="wrong dtype",
        ),
        pytest.param(
            inputs(tensor(datatype="BYTES", data=["a", "b", "c", "7355608"])), "invalid-tensor",
            ["inputs[0].datatype is 'BYTES'", "'FP32'"], id="BYTES where FP32 is due",
        ),
        pytest.param(
            inputs(tensor(datatype="7355608", data=FOUR)), "invalid-tensor",
            ["inputs[0].datatype is unknown"], id="a dtype that does not exist",
        ),
        pytest.param(
            inputs(tensor(datatype="BF16", data=FOUR)), "invalid-tensor",
            ["inputs[0].datatype"], id="BF16, which the protocol does not have",
        ),
        pytest.param(
            inputs(tensor(data=["7355608", "b", "c", "d"])), "invalid-tensor",
            ["inputs[0].data", "numbers"], id="text where numbers are due",
        ),
        pytest.param(
            inputs(tensor(data=[MARKER, True, 3, 4])), "invalid-tensor",
            ["inputs[0].data", "numbers"], id="a boolean among numbers",
        ),
        pytest.param(
            inputs(tensor(data=[MARKER, None, 3, 4])), "invalid-tensor",
            ["inputs[0].data"], id="null among numbers",
        ),
        pytest.param(
            inputs(tensor(data=[MARKER, [1], 3, 4])), "invalid-tensor",
            ["inputs[0].data"], id="a list among numbers",
        ),
        pytest.param(
            inputs(tensor(data={"a": MARKER})), "invalid-tensor",
            ["inputs[0].data"], id="an object for data",
        ),
        pytest.param(
            inputs(tensor()), "bad-request", ["inputs[0].data"], id="no data",
        ),
        pytest.param(
            inputs(tensor(data=FOUR[:3])), "invalid-tensor",
            ["inputs[0].data has 3 elements", "4"], id="fewer elements than the shape says",
        ),
        pytest.param(
            inputs(tensor(shape=[2, 4], data=[FOUR, FOUR[:3]])), "invalid-tensor",
            ["inputs[0].data", "nested"], id="ragged rows",
        ),
        pytest.param(
            inputs(tensor(shape=[1, 4], data=[[[MARKER], [1], [2], [3]]])), "invalid-tensor",
            ["inputs[0].data"], id="nested too deeply for its shape",
        ),
        pytest.param(
            inputs(tensor(data=[MARKER, 1e39, 3, 4])), "invalid-tensor",
            ["inputs[0].data", "range of FP32"], id="a number above FP32",
        ),
        pytest.param(
            inputs(tensor(data=[MARKER, 10**400, 3, 4])), "invalid-tensor",
            ["inputs[0].data", "range of FP32"], id="an integer above every float",
        ),
        pytest.param(
            '{"inputs": [' + "7" * 5_000 + "]}", "bad-request", ["digits"],
            id="a number of 5,000 digits",
        ),
        pytest.param(
            '{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32",'
            ' "data": [7355608, NaN, 1, 2]}]}',
            "bad-request", ["NaN"], id="NaN in JSON",
        ),
        pytest.param(
            '{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32",'
            ' "data": [7355608, -Infinity, 1, 2]}]}',
            "bad-request", ["Infinity"], id="an infinity in JSON",
        ),
        pytest.param(
            inputs(BINARY), "bad-request",
            ["inputs[0].parameters.binary_data_size", "Inference-Header-Content-Length"],
            id="binary data without the header",
        ),
        pytest.param(
            inputs(tensor(parameters={"shared_memory_region": "r"})), "bad-request",
            ["inputs[0].parameters.shared_memory_region"], id="shared memory",
        ),
        pytest.param(
            GOOD | {"outputs": [{"name": "y", "parameters": {"shared_memory_region": "r"}}]},
            "bad-request", ["outputs[0].parameters.shared_memory_region"],
            id="shared memory for an output",
        ),
        pytest.param(
            inputs(tensor(parameters=3, data=FOUR)), "bad-request", ["inputs[0].parameters"],
            id="parameters that are no object",
        ),
        pytest.param(
            GOOD | {"id": 7355608}, "bad-request", ["id must be text"], id="a number as id"
        ),
        pytest.param(
            GOOD | {"outputs": 3}, "bad-request", ["outputs"], id="outputs that are no list"
        ),
        pytest.param(
            GOOD | {"outputs": [{"name": "z"}]}, "invalid-tensor", ["outputs[0].name", "'y'"],
            id="unknown output",
        ),
        pytest.param(
            GOOD | {"outputs": [{"name": "y"}, {"name": "y"}]}, "invalid-tensor",
            ["outputs[1].name"], id="duplicate outputs",
        ),
        pytest.param(
            GOOD | {"parameters": {"binary_data_output": "yes"}}, "bad-request",
            ["parameters.binary_data_output"], id="a flag that is no boolean",
        ),
    ],
)  # fmt: skip
def test_a_bad_json_body_is_refused(body: Any, slug: str, words: list[str]) -> None:
    status = 413 if slug == "body-too-large" else 400
    refused(adder(), body, status, slug, *words)


LENGTH = "Inference-Header-Content-Length"


@pytest.mark.parametrize(
    ("packed", "slug", "words"),
    [
        pytest.param(
            binary(inputs(BINARY), ROW, 10_000), "bad-request", [f"{LENGTH} is 10000", "bytes"],
            id="header length beyond the body",
        ),
        pytest.param(
            binary(inputs(BINARY), ROW, -1), "bad-request", [LENGTH, "0 or more"],
            id="negative header length",
        ),
        pytest.param(
            binary(inputs(BINARY), ROW, "7355608x"), "bad-request", [LENGTH, "whole number"],
            id="header length no number",
        ),
        pytest.param(
            binary(inputs(BINARY), ROW, "1" * 5_000), "bad-request", [LENGTH],
            id="header length of 5,000 digits",
        ),
        pytest.param(
            binary(inputs(BINARY), ROW, ""), "bad-request", [LENGTH], id="empty header length"
        ),
        pytest.param(
            binary(inputs(BINARY), ROW, 3), "bad-request", ["JSON"], id="header length too short"
        ),
        pytest.param(binary(inputs(BINARY), ROW, 0), "bad-request", [], id="header length zero"),
        pytest.param(
            binary(inputs(BINARY), ROW[:12]), "bad-request",
            ["inputs[0].parameters.binary_data_size is 16", "12 bytes left"], id="body cut short",
        ),
        pytest.param(
            binary(inputs(BINARY), ROW + b"1"), "bad-request", ["1 bytes after the last tensor"],
            id="bytes after the last tensor",
        ),
        pytest.param(
            binary(inputs(tensor(parameters={"binary_data_size": 12})), ROW[:12]),
            "invalid-tensor", ["binary_data_size is 12", "16 bytes"], id="wrong byte length",
        ),
        pytest.param(
            binary(inputs(tensor(parameters={"binary_data_size": -16})), ROW),
            "bad-request", ["binary_data_size", "0 or more"], id="negative byte length",
        ),
        pytest.param(
            binary(inputs(tensor(parameters={"binary_data_size": "16"})), ROW),
            "bad-request", ["binary_data_size"], id="byte length no number",
        ),
        pytest.param(
            binary(inputs(BINARY | {"data": FOUR}), ROW), "bad-request",
            ["both data and parameters.binary_data_size"], id="both kinds of data",
        ),
        pytest.param(
            binary(b'{"inputs": "\xff\xfe"}', ROW), "bad-request", ["UTF-8"], id="no UTF-8"
        ),
    ],
)  # fmt: skip
def test_a_bad_binary_body_is_refused(
    packed: tuple[bytes, dict[str, str]], slug: str, words: list[str]
) -> None:
    body, headers = packed
    refused(adder(), body, 400, slug, *words, headers=headers)


def test_a_binary_body_that_the_gateway_took_for_text_is_refused() -> None:
    body, headers = binary(inputs(BINARY), bytes(range(128, 144)))
    garbled = body.decode(errors="replace")
    refused(adder(), garbled, 400, "bad-request", "bytes", headers=headers)


def test_a_compressed_body_is_refused() -> None:
    refused(
        adder(), GOOD, 400, "bad-request", "Content-Encoding", headers={"content-encoding": "gzip"}
    )


@pytest.mark.parametrize("version", ["2", "2147483647"])
def test_an_unknown_version_is_not_found(version: str) -> None:
    path = f"/v2/models/adder/versions/{version}/infer"
    refused(adder(), GOOD, 404, "model-not-found", f"version {version}", path=path)


@pytest.mark.parametrize("version", ["0", "-1", "x", "2147483648", "9" * 400, "\uff11"])
def test_a_version_that_cannot_exist_is_not_found(version: str) -> None:
    path = f"/v2/models/adder/versions/{version}/infer"
    refused(adder(), GOOD, 404, "model-not-found", "version", "2147483647", path=path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/models/adder/infer"),
        ("POST", "/v2/models/adder"),
        ("POST", "/v2/models/adder/ready"),
        ("GET", "/v1/models/adder"),
        ("GET", "/"),
        ("GET", "/v2/models"),
        ("GET", "/v2/models/adder/versions"),
        ("GET", "/v2/models/adder/versions/1/2/3"),
    ],
)
def test_a_path_that_does_not_exist_is_told_so(method: str, path: str) -> None:
    refused(adder(), GOOD, 404, "no-such-route", method=method, path=path)


def test_inputs_with_different_batch_sizes_are_refused() -> None:
    bench = adder()
    bench.registry.register(
        manifest(inputs=(("x", "FP32", (-1, 4)), ("w", "FP32", (-1,))), version=1)
    )
    body = inputs(tensor(data=FOUR), tensor("w", shape=[2], data=[1, 2]))
    answer = serve(request(body), bench.ports)
    assert answer.status == 400
    assert (
        "inputs[1].shape[0] is 2, but inputs[0].shape[0] is 1" in json.loads(answer.body)["detail"]
    )


def test_a_missing_input_is_named() -> None:
    bench = adder()
    bench.registry.register(
        manifest(inputs=(("x", "FP32", (-1, 4)), ("w", "FP32", (-1,))), version=1)
    )
    answer = serve(request(GOOD), bench.ports)
    assert answer.status == 400
    assert "inputs lacks 'w'" in json.loads(answer.body)["detail"]


def test_a_body_of_just_the_limit_passes() -> None:
    bench = adder()
    body = json.dumps(GOOD)
    body += " " * (bench.ports.max_body_bytes - len(body))
    assert serve(request(body), bench.ports).status == 200
    assert serve(request(body + " "), bench.ports).status == 413


def test_the_limit_counts_bytes_and_not_characters() -> None:
    bench = adder()
    body = json.dumps(GOOD | {"id": "€" * 40_000}, ensure_ascii=False)
    assert len(body) < bench.ports.max_body_bytes
    assert serve(request(body), bench.ports).status == 413
