import json
from typing import Any

import numpy as np
import pytest

from contracts.registry import VersionState
from functions.predict import codec, shadow
from functions.predict.app import serve
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelUnavailable
from tests.unit.predict.fakes import GOOD, Bench, adder, manifest, registered, request, tensor

pytestmark = pytest.mark.unit


def same(inputs: Any, _: Any) -> Any:
    """All versions agree."""
    return {"y": inputs["x"] + 1}


def shadowed(compute: Any = None, *bodies: Any) -> tuple[Bench, dict[str, Any]]:
    """An application that answered `bodies`, and the SQS event with their copies."""
    bench = adder(shadow=2)
    if compute is not None:
        bench.models.compute = compute
    for body in bodies or (GOOD,):
        assert serve(request(body), bench.ports).status == 200
    records = [
        {"messageId": f"m{number}", "body": message.decode()}
        for number, message in enumerate(bench.queue.messages)
    ]
    bench.lines.clear()
    return bench, {"Records": records}


def consume(bench: Bench, event: dict[str, Any], seconds: float = 10) -> list[str]:
    answer = shadow.consume(event, bench.ports, Deadline.after(seconds))
    assert list(answer) == ["batchItemFailures"]
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def counts(bench: Bench) -> dict[str, int]:
    lines = [json.loads(line) for line in bench.lines]
    return {
        name: sum(line.get(name, 0) for line in lines)
        for name in ("shadow_agreed", "shadow_differed", "requests")
    }


def test_a_shadow_that_computes_the_same_agrees() -> None:
    bench, event = shadowed(same)
    assert consume(bench, event) == []
    assert counts(bench) == {"shadow_agreed": 1, "shadow_differed": 0, "requests": 0}
    assert bench.log["version"] == 2
    assert bench.log["answered_by"] == 1
    assert bench.log["request_id"] == "request-1"


def test_a_shadow_that_computes_something_else_differs() -> None:
    bench, event = shadowed()
    assert consume(bench, event) == []
    assert counts(bench) == {"shadow_agreed": 0, "shadow_differed": 1, "requests": 0}


def test_a_binary_request_is_compared_as_well() -> None:
    bench = adder(shadow=2)
    bench.models.compute = same
    entry = tensor(parameters={"binary_data_size": 16})
    header = json.dumps({"inputs": [entry]}).encode()
    headers = {"inference-header-content-length": str(len(header))}
    body = header + np.arange(4, dtype="<f4").tobytes()
    assert serve(request(body, headers=headers), bench.ports).status == 200
    event = {"Records": [{"messageId": "m", "body": bench.queue.messages[0].decode()}]}
    assert consume(bench, event) == []
    assert counts(bench)["shadow_agreed"] == 1


def test_a_shadow_that_refuses_the_input_differs_and_is_not_delivered_again() -> None:
    bench, event = shadowed(same)
    bench.registry.register(manifest(version=2, inputs=[("x", "INT32", (-1, 4))]))
    assert consume(bench, event) == []
    assert counts(bench)["shadow_differed"] == 1
    assert bench.log["problem"] == "invalid-tensor"


def test_a_shadow_version_that_is_gone_differs_and_is_not_delivered_again() -> None:
    bench, event = shadowed(same)
    bench.registry.versions["adder", 2] = registered(manifest(version=2), VersionState.RETIRED)
    assert consume(bench, event) == []
    assert counts(bench)["shadow_differed"] == 1


def test_only_the_bad_message_of_a_batch_is_delivered_again() -> None:
    bench, event = shadowed(same, GOOD, GOOD, GOOD)
    event["Records"][1]["body"] = '{"model": "adder"'
    assert consume(bench, event) == ["m1"]
    assert counts(bench)["shadow_agreed"] == 2


def test_a_message_without_a_body_is_reported_by_its_own_id() -> None:
    bench, event = shadowed(same, GOOD, GOOD)
    del event["Records"][0]["body"]
    assert consume(bench, event) == ["m0"]


def test_an_empty_batch_has_no_failures() -> None:
    assert consume(adder(), {"Records": []}) == []


@pytest.mark.parametrize("error", [ModelUnavailable("away"), DeadlineExceeded("late")])
def test_a_shadow_that_cannot_run_now_is_delivered_again(error: Exception) -> None:
    bench, event = shadowed(same)
    bench.models.memory.clear()
    bench.models.broken["adder", 2] = error  # type: ignore[assignment]
    assert consume(bench, event) == ["m0"]
    assert counts(bench) == {"shadow_agreed": 0, "shadow_differed": 0, "requests": 0}


def test_the_line_of_a_shadow_run_holds_no_data_of_the_request() -> None:
    bench, event = shadowed(same, {"inputs": [tensor(data=[8675309, 2, 3, 4])]})
    event["Records"].append({"messageId": "bad", "body": '{"8675309": '})
    assert consume(bench, event) == ["bad"]
    assert "8675309" not in "".join(bench.lines)


@pytest.mark.parametrize(
    ("given", "result", "agrees"),
    [
        ([1.0, 2.0], [1.0005, 2.0], True),
        ([1.0, 2.0], [1.002, 2.0], False),
        ([1.0, np.nan], [1.0, np.nan], True),
        ([1.0, 2.0], [[1.0, 2.0]], False),
        ([1.0, 2.0], None, False),
    ],
)
def test_floats_agree_within_a_thousandth(given: list[float], result: Any, agrees: bool) -> None:
    array = np.array(given, np.float32)
    said = shadow.describe(array)
    other = None if result is None else np.array(result, np.float32)
    assert shadow.agree(said, other) is agrees


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, object])
def test_everything_else_agrees_only_exactly(dtype: Any) -> None:
    one = np.array([b"a", b"b"] if dtype is object else [0, 1], dtype)
    other = np.array([b"a", b"c"] if dtype is object else [1, 1], dtype)
    assert shadow.agree(shadow.describe(one), one.copy())
    assert not shadow.agree(shadow.describe(one), other)
    assert not shadow.agree(shadow.describe(one), np.zeros(2, np.float64))


def test_a_queue_that_fails_costs_no_answer() -> None:
    class Broken:
        def send_message(self, *_: object) -> None:
            raise OSError("away")

    assert shadow.QueueSender(Broken(), "http://queue").send(b"{}") is False


def test_a_copy_is_sent_with_a_short_deadline() -> None:
    seen: list[float] = []

    class Client:
        def send_message(self, url: str, body: str, deadline: Deadline) -> None:
            seen.append(deadline.remaining())

    assert shadow.QueueSender(Client(), "http://queue").send(b"{}")
    assert 0 < seen[0] <= 0.25


def test_the_largest_copy_stays_below_what_a_queue_takes() -> None:
    bench = adder(shadow=2)
    for filler in (60_000, 90_000):
        bench.queue.messages.clear()
        assert serve(request(json.dumps(GOOD) + " " * filler), bench.ports).status == 200
        assert all(len(message) <= 256_000 for message in bench.queue.messages)
        assert len(bench.queue.messages) == 1


FORGED = {"model": "adder", "version": 2, "header_length": None, "answered_by": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"},
        {"version": True, "model": ["adder"]},
        {"version": 10**30},
        {"model": "../../tenants"},
        {"model": "adder\n"},
        {"body": "not base64!"},
        {"body": "e30="},
        {"header_length": 3},
        {"answer": {"z": {}}},
        {"answer": {"y": {"datatype": "float32", "shape": [1, 4], "data": "AAAA"}}},
        {"answered_by": "x"},
        {"request_id": "\n{}" * 100},
    ],
    ids=str,
)
def test_a_forged_message_harms_nothing_and_never_shows_in_the_log(change: dict[str, Any]) -> None:
    bench, event = shadowed(same)
    message = json.loads(event["Records"][0]["body"]) | FORGED | change
    good = dict(event["Records"][0], messageId="good")
    event["Records"] = [{"messageId": "forged", "body": json.dumps(message)}, good]
    assert "good" not in consume(bench, event)
    assert all("\n" not in line and len(line) < 2_000 for line in bench.lines)
    assert serve(request(GOOD), bench.ports).status == 200


def test_a_message_for_a_version_that_is_not_the_routes_shadow_is_dropped() -> None:
    bench, event = shadowed(same)
    bench.registry.register(manifest(version=3), manifest("texts"))
    for change in ({"version": 1}, {"version": 3}, {"model": "texts", "version": 1}):
        message = json.loads(event["Records"][0]["body"]) | change
        bench.models.loads.clear()
        assert consume(bench, {"Records": [{"messageId": "m", "body": json.dumps(message)}]}) == []
        assert bench.models.loads == []
        assert bench.log["shadow_dropped"] == 1


def test_the_copy_is_overwritten_also_when_the_shadow_cannot_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, event = shadowed(same)
    bench.models.memory.clear()
    bench.models.broken["adder", 2] = ModelUnavailable("away")
    seen: list[Any] = []
    decode = codec.decode
    monkeypatch.setattr(
        codec, "decode", lambda body, *more: seen.append(body) or decode(body, *more)
    )
    assert consume(bench, event) == ["m0"]
    assert seen
    assert not any(seen[0])
