"""After an answer nothing of the request is reachable, and our own buffers are overwritten."""

import gc
import json
from types import FrameType
from typing import Any

import numpy as np
import pytest

from functions.predict.app import serve
from functions.shared.errors import InferenceFailed
from tests.unit.predict.fakes import Bench, add_version, adder, request, tensor

pytestmark = pytest.mark.unit

MARKER = "marker-of-a-request-5a1d"
NUMBER = np.float32(8_675_309.5)


def reachable() -> list[str]:
    """Kinds of objects that hold the marker's text or number, in anything that is alive."""
    raw = NUMBER.tobytes()
    found: list[str] = []
    pending: list[Any] = [each for each in gc.get_objects() if not isinstance(each, FrameType)]
    while pending:
        for each in gc.get_referents(pending.pop()):
            if each is raw or each is MARKER:
                continue
            if isinstance(each, str):
                held = MARKER in each
            elif isinstance(each, bytes | bytearray):
                held = MARKER.encode() in each or raw in each
            elif isinstance(each, np.ndarray):
                held = each.dtype.kind == "f" and bool((each == NUMBER).any())
            elif isinstance(each, float):
                held = each == float(NUMBER)
            else:
                # Containers of plain values are not in the collector's list.
                if isinstance(each, tuple | dict) and not gc.is_tracked(each):
                    pending.append(each)
                continue
            if held:
                found.append(type(each).__name__)
    return found


def body(binary: bool, good: bool) -> tuple[bytes | str, dict[str, str]]:
    row = [float(NUMBER), 2, 3, 4][: 4 if good else 3]
    if not binary:
        return json.dumps({"id": MARKER + "!", "inputs": [tensor(data=row)]}), {}
    entry = tensor(parameters={"binary_data_size": 4 * len(row)})
    header = json.dumps({"id": MARKER + "!", "inputs": [entry]}).encode()
    raw = np.array(row, "<f4").tobytes()
    return header + raw, {"inference-header-content-length": str(len(header))}


def fail(*_: Any) -> Any:
    raise InferenceFailed("no")


def crash(inputs: Any, _: Any) -> Any:
    raise RuntimeError(str(inputs))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("outcome", ["answer", "bad input", "model fails", "model crashes"])
def test_nothing_of_a_request_is_reachable_after_its_answer(binary: bool, outcome: str) -> None:
    bench = adder(standby=(2,))
    compute = {"model fails": fail, "model crashes": crash}.get(outcome, add_version)
    bench.models.compute = compute
    gc.collect()
    gc.disable()  # what only a collection would find is still there for whoever reads memory
    try:
        status = ask(bench, binary, good=outcome != "bad input")
        left = reachable()
    finally:
        gc.enable()
    assert status == {"answer": 200, "bad input": 400}.get(outcome, 500)
    assert left == []
    assert MARKER not in "".join(bench.lines)
    assert "8675309" not in "".join(bench.lines)


def ask(bench: Bench, binary: bool, *, good: bool) -> int:
    data, headers = body(binary, good)
    headers["authorization"] = MARKER + "!"
    return serve(request(data, headers=headers), bench.ports).status


def test_the_walk_finds_each_way_in_which_a_request_could_be_kept() -> None:
    bench = adder()
    remembered: dict[str, Any] = bench.ports.environment.preloaded
    remembered["text"] = MARKER + "?"
    remembered["array"] = np.array([1, NUMBER])
    remembered["number in a list"] = [float(NUMBER)]
    remembered["raw numbers"] = bytearray(NUMBER.tobytes())
    remembered["bytes in tuples"] = (1, ((MARKER + "?").encode(),))
    assert set(reachable()) == {"str", "ndarray", "float", "bytearray", "bytes"}
    remembered.clear()
    assert reachable() == []


def test_the_body_that_was_decoded_for_us_is_overwritten() -> None:
    data, headers = body(binary=True, good=True)
    assert isinstance(data, bytes)
    made = request(data, headers=headers)
    buffer = made.body
    assert isinstance(buffer, bytearray)
    assert NUMBER.tobytes() in buffer
    assert serve(made, adder().ports).status == 200
    assert set(buffer) == {0}
    assert made.body == ""
