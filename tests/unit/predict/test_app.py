"""What a caller sees of the whole request path."""

import dataclasses
import json
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import numpy as np
import pytest

from contracts.registry import VersionState
from contracts.route import Route
from functions.predict.app import serve
from functions.shared.errors import (
    InferenceFailed,
    ModelIntegrity,
    ModelUnavailable,
    RegistryUnavailable,
)
from tests.unit.predict.fakes import (
    GOOD,
    Bench,
    add_version,
    adder,
    explode,
    manifest,
    registered,
    request,
    tensor,
)

pytestmark = pytest.mark.unit


def get(bench: Bench, path: str) -> tuple[int, dict[str, Any]]:
    answer = serve(request(method="GET", path=path), bench.ports)
    return answer.status, json.loads(answer.body)


def infer(bench: Bench, request_id: str = "request-1", **more: Any) -> tuple[int, Any]:
    """Status, and the version that answered (each adds its number) or the kind of problem."""
    answer = serve(request(GOOD, request_id=request_id, **more), bench.ports)
    body = json.loads(answer.body)
    if answer.status != 200:
        return answer.status, body["type"].rpartition(":")[2]
    assert body["outputs"][0]["data"][0] - 1 == int(body["model_version"])
    return 200, int(body["model_version"])


def test_the_server_says_its_name_version_and_extensions() -> None:
    assert get(adder(), "/v2") == (
        200,
        {"name": "warmline", "version": "1.2.3", "extensions": ["binary_tensor_data"]},
    )
    assert get(adder(), "/v2/")[0] == 200


def test_a_models_metadata_are_its_signature_and_the_versions_that_can_be_asked() -> None:
    bench = adder(weights=[(1, 9_000), (2, 1_000)], standby=(3,))
    assert get(bench, "/v2/models/adder") == (
        200,
        {
            "name": "adder",
            "versions": ["1", "2", "3"],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
            "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 4]}],
        },
    )
    assert get(bench, "/v2/models/adder/versions/3")[1]["versions"] == ["3"]
    assert bench.models.loads == []


def test_a_model_is_ready_when_each_version_that_may_answer_is_registered() -> None:
    bench = adder(weights=[(1, 9_000), (2, 1_000)])
    assert get(bench, "/v2/models/adder/ready") == (200, {"name": "adder", "ready": True})
    bench.registry.versions["adder", 2] = registered(manifest(version=2), VersionState.RETIRED)
    assert get(bench, "/v2/models/adder/ready")[0] == 404
    assert get(bench, "/v2/models/adder/versions/1/ready")[0] == 200
    assert get(bench, "/v2/models/adder/versions/2/ready")[0] == 404


def test_a_version_named_in_the_path_answers_whatever_the_route_says() -> None:
    bench = adder(weights=[(1, 10_000)], standby=(2,))
    assert infer(bench, path="/v2/models/adder/versions/2/infer") == (200, 2)


def test_a_retired_version_does_not_answer() -> None:
    bench = adder()
    bench.registry.versions["adder", 1] = registered(manifest(), VersionState.RETIRED)
    assert infer(bench) == (404, "model-not-found")


def test_requests_reach_both_versions_of_a_canary_and_a_sticky_caller_one() -> None:
    bench = adder(weights=[(1, 9_000), (2, 1_000)], sticky_header="x-user")
    answers = Counter(infer(bench, str(number))[1] for number in range(300))
    assert set(answers) == {1, 2}
    assert (
        len({infer(bench, str(number), headers={"x-user": "anna"})[1] for number in range(20)}) == 1
    )


def test_after_a_rollback_to_a_standby_version_the_first_request_loads_nothing() -> None:
    bench = adder(weights=[(2, 10_000)], standby=(1,))
    assert infer(bench) == (200, 2)
    assert sorted(bench.models.loads) == [("adder", 1), ("adder", 2)]
    assert bench.log["preload_ms"] >= 0
    bench.registry.routes["adder"] = Route(
        model="adder", revision=2, weights=((1, 10_000),), standby=(2,)
    )
    assert infer(bench) == (200, 1)
    assert len(bench.models.loads) == 2
    assert bench.log["cache_tier"] == "memory"
    assert bench.models.kept["adder"] == (1, 2)


def test_a_canarys_first_request_loads_nothing_either() -> None:
    bench = adder(weights=[(1, 10_000)])
    assert infer(bench) == (200, 1)
    bench.registry.register(manifest(version=2))
    bench.registry.routes["adder"] = Route(model="adder", revision=2, weights=((1, 9_999), (2, 1)))
    assert infer(bench) == (200, 1)
    assert bench.models.loaded("adder", 2)


def test_a_version_that_does_not_fit_is_not_loaded_again_with_every_request() -> None:
    bench = adder(weights=[(1, 10_000)], standby=(2,))
    for _ in range(3):
        assert infer(bench)[0] == 200
        bench.models.memory.pop(("adder", 2), None)
    assert bench.models.loads.count(("adder", 2)) == 1


def test_a_standby_version_that_cannot_be_loaded_costs_no_answer_and_is_not_tried_at_once() -> None:
    bench = adder(weights=[(1, 10_000)], standby=(2,))
    bench.models.broken["adder", 2] = ModelUnavailable("not now")
    assert infer(bench) == (200, 1)
    assert bench.log["preload_problem"] == "model-unavailable"
    assert infer(bench) == (200, 1)
    assert "preload_problem" not in bench.log


def test_a_fault_nobody_foresaw_while_a_standby_version_loads_costs_no_answer() -> None:
    bench = adder(weights=[(1, 10_000)], standby=(2,))
    bench.models.broken["adder", 2] = OSError("secret-marker")
    assert infer(bench) == (200, 1)
    assert bench.log["preload_problem"].startswith("OSError at ")
    assert "secret-marker" not in str(bench.log)


def test_standby_versions_wait_when_little_time_is_left() -> None:
    bench = adder(weights=[(1, 10_000)], standby=(2,))
    assert infer(bench, seconds=0.5) == (200, 1)
    assert bench.models.loads == [("adder", 1)]
    assert infer(bench) == (200, 1)
    assert bench.models.loads == [("adder", 1), ("adder", 2)]


def test_a_version_that_fails_verification_affects_only_itself() -> None:
    bench = adder(weights=[(1, 5_000), (2, 5_000)])
    bench.models.broken["adder", 2] = ModelIntegrity("the digest of model.onnx differs")
    answers = Counter(infer(bench, str(number)) for number in range(40))
    assert set(answers) == {(200, 1), (503, "model-integrity")}
    assert bench.models.loads == [("adder", 1)]


def test_what_cannot_be_helped_by_asking_again_carries_no_retry_after() -> None:
    bench = adder()
    bench.models.broken["adder", 1] = ModelIntegrity("differs")
    assert "Retry-After" not in serve(request(GOOD), bench.ports).headers
    bench.models.broken["adder", 1] = ModelUnavailable("away")
    assert serve(request(GOOD), bench.ports).headers["Retry-After"] == "1"


def test_a_model_slower_than_the_deadline_is_answered_with_504_and_the_next_request_works() -> None:
    bench = adder()
    answer = serve(request(GOOD, seconds=0), bench.ports)
    assert (answer.status, json.loads(answer.body)["type"]) == (
        504,
        "urn:warmline:problem:deadline-exceeded",
    )
    assert answer.headers["Retry-After"]
    assert infer(bench) == (200, 1)


def test_time_used_up_by_loading_is_noticed_before_the_model_runs() -> None:
    bench = adder()
    ran: list[bool] = []
    bench.models.compute = lambda inputs, of: ran.append(True) or add_version(inputs, of)
    assert infer(bench, seconds=0) == (504, "deadline-exceeded")
    assert not ran


@pytest.mark.parametrize("where", ["model", "registry"])
def test_an_unexpected_exception_becomes_a_500_without_its_text(where: str) -> None:
    bench = adder()
    if where == "model":
        bench.models.compute = explode
    else:
        bench.registry.down = RuntimeError("secret-marker")
    answer = serve(request(GOOD), bench.ports)
    assert (answer.status, json.loads(answer.body)["title"]) == (
        500,
        "The request failed inside the service",
    )
    assert "secret-marker" not in f"{answer!r} {bench.lines}"
    assert bench.log["failure"].startswith("RuntimeError at ")
    assert bench.log["errors"] == 1
    bench.models.compute, bench.registry.down = add_version, None
    bench.models.memory.clear()
    assert infer(bench) == (200, 1)


def test_a_log_that_cannot_be_written_costs_no_answer() -> None:
    bench = adder()
    broken = dataclasses.replace(bench.ports, write=explode)
    assert serve(request(GOOD), broken).status == 200


def test_an_input_that_the_model_fails_on_is_told_apart_from_our_own_faults() -> None:
    bench = adder()

    def fail(*_: Any) -> Any:
        raise InferenceFailed("The model failed on this input.")

    bench.models.compute = fail
    assert infer(bench) == (500, "inference-failed")


def test_no_thread_is_left_after_an_answer() -> None:
    bench = adder(weights=[(1, 10_000)], standby=(2,), shadow=3)
    before = threading.enumerate()
    assert infer(bench) == (200, 1)
    bench.models.broken["adder", 1] = ModelUnavailable("away")
    assert infer(bench)[0] == 503
    assert threading.enumerate() == before


def test_a_request_of_a_shadowed_route_is_copied_and_a_dropped_copy_is_counted() -> None:
    bench = adder(shadow=2)
    assert infer(bench) == (200, 1)
    assert len(bench.queue.messages) == 1
    assert bench.log["shadow_sent"] == 1
    bench.queue.accepts = False
    assert infer(bench) == (200, 1)
    assert bench.log["shadow_dropped"] == 1


def test_a_request_that_names_its_version_is_not_copied() -> None:
    bench = adder(shadow=2)
    assert infer(bench, path="/v2/models/adder/versions/1/infer") == (200, 1)
    assert bench.queue.messages == []


def test_a_copy_above_the_queues_limit_is_dropped_and_the_answer_given() -> None:
    bench = adder(shadow=2)
    ports = dataclasses.replace(bench.ports, max_body_bytes=1_000_000)
    body = json.dumps(GOOD) + " " * 250_000
    assert serve(request(body), ports).status == 200
    assert bench.queue.messages == []
    assert bench.log["shadow_dropped"] == 1


def test_a_model_that_could_not_be_loaded_answers_once_it_can() -> None:
    bench = adder()
    bench.models.broken["adder", 1] = RegistryUnavailable("away")
    assert infer(bench)[0] == 503
    del bench.models.broken["adder", 1]
    assert infer(bench) == (200, 1)


def test_a_batch_keeps_its_rows_in_order() -> None:
    rows = np.arange(32, dtype=np.float32).reshape(8, 4)
    body = {"inputs": [tensor(shape=[8, 4], data=rows.tolist())]}
    answer = serve(request(body), adder().ports)
    output = json.loads(answer.body)["outputs"][0]
    assert output["shape"] == [8, 4]
    np.testing.assert_array_equal(np.reshape(output["data"], (8, 4)), rows + 1)


def test_the_request_path_without_inference_imports_no_numpy() -> None:
    code = (
        "import sys, functions.predict.app, functions.predict.gateway; "
        "print([m for m in ('numpy', 'boto3', 'pydantic', 'onnx', 'onnxruntime', 'aws_xray_sdk') "
        "if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
