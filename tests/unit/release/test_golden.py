"""Golden requests: what counts as the same answer, and what is told of another."""

import json
from typing import Any

import pytest

from automation.errors import Failure
from automation.release.golden import LABEL, MAX_CASES, Case, difference, event_of
from contracts.protocol import SCOPE_INFER, SCOPE_READ
from functions.predict.authorise import jwt_of, scopes_of
from functions.predict.gateway import request_of
from functions.shared.deadline import Deadline
from tests.unit.release.fake_lambda import FakeCloud

pytestmark = pytest.mark.unit


def tensor(*data: Any, shape: list[int] | None = None, datatype: str = "FP32") -> dict[str, Any]:
    return {"name": "y", "datatype": datatype, "shape": shape or [len(data)], "data": list(data)}


def compared(wanted: dict[str, Any], found: dict[str, Any], **how: Any) -> str:
    return difference(Case(request={}, outputs=[wanted], **how), [found])


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (tensor(1.0, 2.0), ""),
        (tensor(1.00009, 2.0), ""),
        (tensor(1.0, 2.001), "output y: element 1 is 2.001, not 2.0 (tolerance 0.0001)"),
        (tensor(1.0, float("nan")), "output y: element 1 is nan, not 2.0 (tolerance 0.0001)"),
        (tensor(1.0), "output y has shape [1], not [2]"),
        (tensor(1.0, 2.0, datatype="FP64"), "output y has datatype FP64, not FP32"),
        (tensor(1.0, 2.0) | {"name": "z"}, "output y is missing"),
    ],
)
def test_numbers_are_the_same_within_the_tolerance(found: dict[str, Any], told: str) -> None:
    assert compared(tensor(1.0, 2.0), found) == told


def test_text_is_the_same_only_letter_by_letter() -> None:
    wanted = tensor("cat", datatype="BYTES")
    assert compared(wanted, wanted) == ""
    assert "is dog, not cat" in compared(wanted, tensor("dog", datatype="BYTES"))


def test_an_answer_with_fewer_numbers_than_its_shape_says_is_another_answer() -> None:
    told = compared(tensor(1.0, 2.0), tensor(1.0, shape=[2]))
    assert told == "output y has 1 elements, not 2"


def test_labels_are_the_same_when_each_rows_largest_stands_at_the_same_place() -> None:
    wanted = tensor(0.9, 0.1, 0.2, 0.8, shape=[2, 2])
    assert compared(wanted, tensor(0.6, 0.4, 0.4, 0.6, shape=[2, 2]), compare=LABEL) == ""
    told = compared(wanted, tensor(0.6, 0.4, 0.6, 0.4, shape=[2, 2]), compare=LABEL)
    assert told == "output y: the label of row 1 is 0, not 1"


def test_the_inference_function_reads_the_event_as_one_of_its_gateway() -> None:
    event = event_of("POST", "/v2/models/m/versions/1/infer", '{"inputs": []}', {"client_id": "c"})
    request = request_of(event, Deadline.after(5))
    assert (request.method, request.path) == ("POST", "/v2/models/m/versions/1/infer")
    jwt = jwt_of(event["requestContext"])
    assert jwt["claims"]["client_id"] == "c"
    assert scopes_of(jwt) == {SCOPE_INFER, SCOPE_READ}


def test_recording_the_same_request_again_replaces_its_answer() -> None:
    cloud = FakeCloud()
    golden = cloud.release().golden
    cloud.answers["live"] = 3.0
    assert golden.record("m", 1, {"inputs": []}, qualifier="live") == 1
    assert golden.record("m", 1, {"inputs": [], "id": "2"}, qualifier="live", compare=LABEL) == 2
    first, second = golden.cases("m", 1)
    assert (first.outputs[0]["data"], first.compare) == ([3.0], "values")
    assert (second.request["id"], second.compare) == ("2", LABEL)


def test_more_golden_requests_than_a_release_can_send_are_refused() -> None:
    cloud = FakeCloud()
    cases = [{"request": {"id": str(n)}, "outputs": []} for n in range(MAX_CASES)]
    cloud.objects["golden/m/1.json"] = json.dumps({"cases": cases}).encode()
    with pytest.raises(Failure, match=f"has {MAX_CASES} golden requests; at most {MAX_CASES}"):
        cloud.release().golden.record("m", 1, {"inputs": []}, qualifier="live")


def test_a_file_that_holds_no_golden_requests_is_named() -> None:
    cloud = FakeCloud()
    cloud.objects["golden/m/1.json"] = b"[]"
    with pytest.raises(Failure, match=r"golden/m/1\.json holds no golden requests"):
        cloud.release().golden.cases("m", 1)


def test_model_versions_without_golden_requests_are_named() -> None:
    cloud = FakeCloud()
    assert cloud.release().golden.unrecorded() == []
    del cloud.objects["golden/m/1.json"]
    assert cloud.release().golden.unrecorded() == ["m 1"]


def test_only_a_tenant_that_may_use_the_model_is_asked_for() -> None:
    cloud = FakeCloud()
    item = cloud.items["TENANT#client", "TENANT"]
    item["models"] = {"L": [{"S": "another"}]}
    with pytest.raises(Failure, match="no tenant of the stack may use m"):
        cloud.release().golden.check("1")


def test_isolated_tenants_are_named_in_the_call() -> None:
    cloud = FakeCloud()
    cloud.values["serving_groups"]["default"]["tenancy"] = "isolated"
    assert cloud.release().golden.check("1") == ""
    assert cloud.tenants == ["client"] * 3
