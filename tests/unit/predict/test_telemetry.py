import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.metrics import NAMESPACE, Metric, Tier
from functions.predict.app import Environment, serve
from functions.shared import trace
from functions.shared.errors import ServingError
from functions.shared.telemetry import NO_MODEL, RequestRecord
from tests.unit.model_cache.whole_cache import Cache, signed, version
from tests.unit.predict.fakes import GOOD, JWT, TENANT, Bench, adder, explode, request, tensor
from tests.unit.predict.test_problems import KINDS

pytestmark = pytest.mark.unit


def check_emf(line: str) -> dict[str, Any]:
    """What CloudWatch's specification of the embedded metric format asks of a document."""
    assert "\n" not in line
    assert len(line.encode()) < 256_000
    document = json.loads(line)
    metadata = document["_aws"]
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    assert isinstance(metadata["Timestamp"], int)
    assert metadata["Timestamp"] > 1_700_000_000_000
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert directive["Namespace"] == NAMESPACE
        assert 1 <= len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert 1 <= len(dimensions) <= 30
            for name in dimensions:
                assert isinstance(document[name], str)
                assert document[name]
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"}
            assert metric["Unit"] in ("Count", "Milliseconds")
            assert isinstance(document[metric["Name"]], int | float)
            assert math.isfinite(document[metric["Name"]])
    return document


def dimensions_of(document: dict[str, Any]) -> dict[str, list[list[str]]]:
    return {
        metric["Name"]: directive["Dimensions"]
        for directive in document["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


@given(st.lists(st.tuples(st.sampled_from(list(Metric)), st.floats(0, 1e6)), max_size=30))
def test_any_set_of_metrics_makes_a_valid_document_with_bounded_dimensions(
    measured: list[tuple[Metric, float]],
) -> None:
    record = RequestRecord("default", trace.read({}))
    record.model = "adder"
    for metric, value in measured:
        record.milliseconds(metric, value)
    document = check_emf(record.line())
    told = dimensions_of(document)
    assert set(told) == {metric.value for metric, _ in measured}
    for name, dimensions in told.items():
        expected = [["serving_group"]]
        if name in ("requests", "errors", "latency_ms"):
            expected = [["serving_group", "model"], ["serving_group"]]
        if name == "inference_ms":
            expected = [["serving_group", "model"]]
        assert dimensions == expected
    for metric in {metric for metric, _ in measured}:
        total = sum(value for name, value in measured if name is metric)
        assert document[metric] == pytest.approx(total, abs=0.02)


def test_the_line_of_a_request_says_who_what_and_how_long() -> None:
    bench = adder(weights=[(1, 10_000)])
    bench.ports.environment.init_ms = 123.4
    body = json.dumps(GOOD)
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    answer = serve(request(body, headers=headers), bench.ports)
    line = check_emf(bench.lines[0])
    told = {
        "serving_group": "default",
        "model": "adder",
        "version": 1,
        "tenant": "acme",
        "operation": "infer",
        "request_id": "request-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "parent_span_id": "b7ad6b7169203331",
        "status": 200,
        "cache_tier": "s3",
        "bytes_in": len(body),
        "bytes_out": len(answer.body),
        "requests": 1,
        "errors": 0,
        "cold_starts": 1,
        "cold_init_ms": 123.4,
    }
    assert {name: line[name] for name in told} == told
    assert "problem" not in line
    parts = line["cold_route_ms"] + line["cold_load_ms"] + line["cold_first_inference_ms"]
    assert 0 < parts <= line["latency_ms"]
    for name in ("route_ms", "load_ms", "inference_ms"):
        assert 0 <= line[name] <= line["latency_ms"]


@pytest.mark.parametrize("tier", Tier)
def test_a_cold_line_tells_init_route_load_by_its_tier_and_first_inference(
    tier: Tier, tmp_path: Path
) -> None:
    """The cache is the real one: an environment before this one left the files where they are."""
    mount = tmp_path / "mnt"
    mount.mkdir()
    model = version(1)
    if tier is not Tier.STORE:
        before = tmp_path / ("other" if tier is Tier.EFS else "disk")
        Cache(before, mounted=mount).load(model)
    cache = Cache(tmp_path / "disk", mounted=mount)
    cache.put(model)
    if tier is Tier.MEMORY:
        cache.load(model)
    bench = adder()
    bench.registry.tenants["client-a"] = replace(TENANT, models=frozenset({"demo"}))
    bench.registry.versions["demo", 1] = signed(model)
    environment = Environment(init_ms=123.4, init_type="snap-start")
    ports = replace(
        bench.ports, serving_group="group", models=cache.models, environment=environment
    )
    path = "/v2/models/demo/versions/1/infer"
    body = {"inputs": [tensor(shape=[1, 2], data=[1, 2])]}
    assert serve(request(body, path=path), ports).status == 200
    cold = check_emf(bench.lines[0])
    assert cold["cache_tier"] == tier
    assert (cold["cold_starts"], cold["cold_init_ms"]) == (1, 123.4)
    assert cold["init_type"] == "snap-start"
    timed = {Tier.DISK: "load_disk_ms", Tier.EFS: "load_efs_ms", Tier.STORE: "load_s3_ms"}
    for other, name in timed.items():
        assert (name in cold) is (other is tier)
    assert cold.get(timed.get(tier, ""), 0) <= cold["cold_load_ms"]
    parts = cold["cold_route_ms"] + cold["cold_load_ms"] + cold["cold_first_inference_ms"]
    assert parts <= cold["latency_ms"]
    assert serve(request(body, path=path), ports).status == 200
    assert bench.log["cache_tier"] == "memory"
    assert not {name for name in bench.log if name.startswith(("cold_", "init_"))}


def test_only_the_first_inference_of_an_environment_tells_the_parts_of_a_cold_start() -> None:
    bench = adder()
    bench.ports.environment.init_ms = 5.0
    serve(request(method="GET", path="/v2/models/adder"), bench.ports)
    assert "cold_starts" not in bench.log
    serve(request(GOOD), bench.ports)
    assert bench.log["cold_starts"] == 1
    serve(request(GOOD), bench.ports)
    assert "cold_starts" not in bench.log


@pytest.mark.parametrize("outcome", ["answer", "bad input", "no access", "model crashes"])
def test_one_line_is_written_before_the_answer_and_holds_nothing_that_the_caller_wrote(
    outcome: str,
) -> None:
    marker = "marker-9e1f"
    bench = adder()
    if outcome == "model crashes":
        bench.models.compute = explode
    jwt = JWT if outcome != "no access" else {"claims": {"scope": marker, "client_id": marker}}
    shape = [1, 4] if outcome != "bad input" else [1, 5]
    body = {"id": marker, "inputs": [tensor(shape=shape, data=[8675309, 2, 3, 4])]}
    headers = {
        "authorization": f"Bearer {marker}",
        "x-amzn-trace-id": f"Root={marker}",
        "traceparent": marker,
        "user-agent": marker,
    }
    serve(request(body, headers=headers, jwt=jwt), bench.ports)
    assert len(bench.lines) == 1
    assert marker not in bench.lines[0]
    assert "8675309" not in bench.lines[0]
    assert check_emf(bench.lines[0])["requests"] == 1


def test_names_that_callers_make_up_become_no_dimensions() -> None:
    bench = adder()
    for number in range(50):
        for path in (f"/v2/models/made-up-{number}/infer", f"/made-up-{number}"):
            serve(request(GOOD, path=path), bench.ports)
    assert {json.loads(line)["model"] for line in bench.lines} == {NO_MODEL}
    assert "made-up" not in "".join(bench.lines)


def test_server_errors_count_as_errors_and_callers_mistakes_do_not() -> None:
    bench = adder()
    serve(request("nonsense"), bench.ports)
    assert (bench.log["status"], bench.log["errors"]) == (400, 0)
    bench.models.compute = explode
    serve(request(GOOD), bench.ports)
    assert (bench.log["status"], bench.log["errors"]) == (500, 1)


SERVICES_FAULTS = {
    "deadline-exceeded",
    "inference-failed",
    "internal",
    "model-integrity",
    "model-unavailable",
    "registry-unavailable",
    "store-misconfigured",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_an_objective_counts_what_the_service_failed_at_and_the_line_names_every_kind(
    kind: type[ServingError],
) -> None:
    bench = adder()
    bench.models.broken["adder", 1] = kind("the detail")
    answer = serve(request(GOOD), bench.ports)
    assert answer.status == kind.status
    assert bench.log["problem"] == kind.slug
    assert bench.log["requests"] == 1
    assert bench.log["errors"] == int(kind.slug in SERVICES_FAULTS)
    assert "errors" in dimensions_of(bench.log)


def test_metrics_are_on_standard_output_when_the_answer_returns_also_when_the_model_raises(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench: Bench = adder()
    import dataclasses

    from functions.shared.telemetry import write_line

    ports = dataclasses.replace(bench.ports, write=write_line)
    serve(request(GOOD), ports)
    assert check_emf(capsys.readouterr().out.rstrip("\n"))["status"] == 200
    bench.models.memory.clear()
    bench.models.compute = explode
    serve(request(GOOD), ports)
    assert check_emf(capsys.readouterr().out.rstrip("\n"))["status"] == 500
