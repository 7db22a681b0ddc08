"""What a caller with a valid token can try: none of it costs the service more than a refusal."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest

from functions.predict import codec
from functions.predict.app import serve
from functions.shared.errors import AnswerTooLarge, ModelUnavailable, StoreMisconfigured
from tests.unit.predict.fakes import GOOD, JWT, Bench, adder, manifest, request, tensor

pytestmark = pytest.mark.unit

OPEN = (-1, -1)


@pytest.mark.parametrize("datatype", ["FP32", "BOOL", "BYTES"])
@pytest.mark.parametrize(
    "shape", [[2**63, 1], [2**31, 2**31, 2**31], [10**4200, 10**4200]], ids=["63", "93", "digits"]
)
@pytest.mark.parametrize("binary", [True, False])
def test_a_shape_beyond_any_body_is_the_callers_mistake_and_never_the_services(
    datatype: str, shape: list[int], binary: bool
) -> None:
    bench = adder()
    bench.registry.register(
        manifest(inputs=[("x", datatype, (-1,) * len(shape))], max_batch_size=0)
    )
    value: Any = {"FP32": 1.5, "BOOL": True, "BYTES": "a"}[datatype]
    more = {"parameters": {"binary_data_size": 4}} if binary else {"data": [value]}
    header = json.dumps({"inputs": [tensor("x", datatype, shape, **more)]}).encode()
    headers = {"inference-header-content-length": str(len(header))} if binary else {}
    answer = serve(request(header + (b"\0\0\0\0" if binary else b""), headers=headers), bench.ports)
    problem = json.loads(answer.body)
    assert (answer.status, bench.log["errors"]) == (400, 0), problem
    assert "inputs[0].shape" in problem["detail"]
    assert len(problem["detail"]) < 200


@pytest.mark.parametrize("binary", [True, False])
def test_an_answer_that_cannot_fit_is_refused_before_it_is_written_out(binary: bool) -> None:
    results = {"y": np.zeros(4_000_000, np.float32)}
    inference = codec.Inference(None, {}, [codec.OutputChoice("y", binary)])
    described = manifest(outputs=[("y", "FP32", (-1,))])
    tracemalloc.start()
    try:
        with pytest.raises(AnswerTooLarge, match="at least"):
            codec.encode(inference, described, results)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < results["y"].nbytes / 4


@pytest.mark.parametrize(
    ("datatype", "binary"), [("BYTES", True), ("BYTES", False), ("UINT8", False)]
)
def test_an_answer_of_many_short_elements_that_fits_is_given(datatype: str, binary: bool) -> None:
    texts = datatype == "BYTES"
    results = {"y": np.full(600_000, "") if texts else np.zeros(3_000_000, np.uint8)}
    inference = codec.Inference(None, {}, [codec.OutputChoice("y", binary)])
    described = manifest(outputs=[("y", datatype, (-1,))])
    if texts:
        results = {"y": results["y"].astype(object)}
        if not binary:  # each quote is escaped once more on its way
            results = {"y": results["y"][:200_000]}
    assert len(codec.encode(inference, described, results).body) > 500_000


REFUSED = StoreMisconfigured(
    "s3 GetObject was refused: HTTP 403 AccessDenied", action="Check the function's role"
)


def test_what_the_store_refused_is_for_the_operators_log_and_not_for_callers() -> None:
    bench = adder()
    bench.models.broken["adder", 1] = REFUSED
    answer = serve(request(GOOD), bench.ports)
    assert answer.status == 500
    assert isinstance(answer.body, str)
    for inside in ("s3", "AccessDenied", "role"):
        assert inside not in answer.body
    assert bench.log["problem"] == "store-misconfigured"
    assert bench.log["failure"] == f"{REFUSED.detail}. {REFUSED.action}"


def _hidden_and_absent(path: str, method: str) -> tuple[Bench, str, str]:
    bench = adder()
    bench.registry.routes["hidden"] = bench.registry.routes["adder"]
    bench.registry.register(manifest("hidden"))
    return bench, path.format(model="hidden"), path.format(model="absent")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/v2/models/{model}", "GET"),
        ("/v2/models/{model}/ready", "GET"),
        ("/v2/models/{model}/versions/1", "GET"),
        ("/v2/models/{model}/versions/1/ready", "GET"),
        ("/v2/models/{model}/versions/0", "GET"),
        ("/v2/models/{model}/infer", "POST"),
        ("/v2/models/{model}/versions/1/infer", "POST"),
        ("/v2/models/{model}/versions/99/infer", "POST"),
        ("/v2/models/{model}/", "GET"),
    ],
)
@pytest.mark.parametrize("body", ["", GOOD, "x" * 200_000, {"inputs": []}])
def test_a_hidden_model_cannot_be_told_from_an_absent_one(
    path: str, method: str, body: Any
) -> None:
    bench, hidden, absent = _hidden_and_absent(path, method)
    reads: list[str] = []
    bench.registry.route = lambda model, _observer: reads.append(model)  # type: ignore[method-assign]  # records
    bench.registry.version = lambda model, *_: reads.append(model)  # type: ignore[method-assign]  # records
    one, other = (
        serve(request(body, path=p, method=method), bench.ports) for p in (hidden, absent)
    )
    assert one == other
    assert one.status == 404
    assert reads == []  # the same work, hence the same time
    assert bench.models.loads == []
    assert [json.loads(line)["model"] for line in bench.lines] == ["none", "none"]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/HIDDEN/infer",
        "/v2/models/hidden%2finfer",
        "/v2/models/hidden%2Fversions%2F1/infer",
        "/v2/models//hidden/infer",
        "/v2//models/hidden/infer",
        "/v2/models/adder/../hidden/infer",
        "/v2/models/adder%00hidden/infer",
        "/v2/models/hidden\n/infer",
        "/v2/models/adder/versions/1/../../../hidden/infer",
        "/v2/models/adder/versions/+1/infer",
        "/v2/models/adder/versions/01/infer",
        "/v2/models/adder/versions/\u0661/infer",
        "/v2/models/adder/versions/1.0/infer",
        "/v2/models/adder/versions/4294967297/infer",
        "/v2/models/hidden/infer?model=adder",
        "\\v2\\models\\hidden\\infer",
        "/v2/models/\uff48idden/infer",
    ],
)
def test_no_spelling_of_a_path_reaches_a_model_of_others(path: str) -> None:
    bench, _, _ = _hidden_and_absent("", "")
    answer = serve(request(GOOD, path=path), bench.ports)
    assert answer.status == 404
    assert bench.models.loads == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-prefix": "/v2/models/hidden"},
        {"x-original-url": "/v2/models/hidden/infer"},
        {"x-rewrite-url": "/v2/models/hidden/infer"},
        {"x-http-method-override": "GET"},
        {"x-amzn-oidc-data": "client-b"},
        {"client_id": "client-b"},
        {"content-length": "0"},
        {"transfer-encoding": "chunked"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_headers_change_neither_model_nor_tenant(headers: dict[str, str]) -> None:
    bench = adder()
    answer = serve(request(GOOD, headers=headers), bench.ports)
    assert json.loads(answer.body)["model_name"] == "adder"
    assert (answer.status, bench.log["tenant"]) == (200, "acme")


@pytest.mark.parametrize(
    "said",
    [
        "+5",
        " 5",
        "5 ",
        "0x5",
        "\u0665",
        "5\n",
        "-0",
        "-1",
        "1e1",
        "5,5",
        "5;q=1",
        "9" * 11,
        "",
        "null",
    ],
)
def test_only_plain_digits_state_the_length_of_the_header(said: str) -> None:
    bench = adder()
    headers = {"inference-header-content-length": said}
    answer = serve(request(json.dumps(GOOD).encode(), headers=headers), bench.ports)
    assert answer.status == 400
    assert said.strip() == "" or said not in json.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "client-b", "scope": "models/infer"},
        {"client_id": "CLIENT-A", "scope": "models/infer"},
        {"client_id": "client-a ", "scope": "models/infer"},
        {"client_id": ["client-a"], "scope": "models/infer"},
        {"client_id": {"S": "client-a"}, "scope": "models/infer"},
        {"sub": "client-a", "scope": "models/infer"},
        {"client_id": "client-a", "scope": "models/infer2"},
        {"client_id": "client-a", "scope": "xmodels/infer"},
        {"client_id": "client-a", "scope": "MODELS/INFER"},
        {"client_id": "client-a", "scope": "models/infer,models/read"},
        {"client_id": "client-a", "scope": ""},
        {"client_id": "client-a"},
        {},
    ],
    ids=str,
)
def test_claims_that_are_not_exactly_a_tenants_with_its_scope_are_refused(claims: Any) -> None:
    bench = adder()
    answer = serve(request(GOOD, jwt={"claims": claims, "scopes": None}), bench.ports)
    assert answer.status == 403
    assert bench.models.loads == []
    assert "client-a" not in answer.body  # type: ignore[operator]  # text, as a problem is


def test_a_line_break_in_what_a_caller_wrote_starts_no_line_of_the_log() -> None:
    bench = adder()
    forged = '\n{"_aws":{"CloudWatchMetrics":[]},"tenant":"forged"}'
    jwt = {"claims": JWT["claims"] | {"username": forged}}  # type: ignore[operator]  # claims are a dict
    headers = {"traceparent": forged, "x-amzn-trace-id": forged, "user-agent": forged}
    body = {**GOOD, "id": forged, "parameters": {"note": forged}}
    assert serve(request(body, jwt=jwt, headers=headers), bench.ports).status == 200
    serve(request(GOOD, path=f"/v2/models/{forged}/infer", headers=headers), bench.ports)
    for line in bench.lines:
        assert "\n" not in line
        assert "forged" not in line


def test_a_problem_of_loading_is_still_told_to_callers() -> None:
    bench = adder()
    bench.models.broken["adder", 1] = ModelUnavailable("needs more memory than there is")
    answer = serve(request(GOOD), bench.ports)
    assert json.loads(answer.body)["detail"] == "needs more memory than there is"
