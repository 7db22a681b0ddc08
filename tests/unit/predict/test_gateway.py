import base64
import copy
import json
from typing import Any

import numpy as np
import pytest

from functions.predict import gateway
from functions.shared.answers import Answer, response_of
from functions.shared.deadline import Deadline
from functions.shared.errors import BadRequest
from tests.unit.predict.fakes import GOOD, JWT, adder, tensor

pytestmark = pytest.mark.unit

EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "POST /v2/models/{model}/infer",
    "rawPath": "/v2/models/adder/infer",
    "rawQueryString": "",
    "headers": {"content-type": "application/json", "x-forwarded-for": "192.0.2.1, 192.0.2.2"},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "api",
        "authorizer": {"jwt": JWT},
        "http": {"method": "POST", "path": "/v2/models/adder/infer", "protocol": "HTTP/1.1"},
        "requestId": "JKJaXmPLvHcESHA=",
        "stage": "$default",
        "timeEpoch": 1_583_348_638_390,
    },
    "pathParameters": {"model": "adder"},
    "body": json.dumps(GOOD),
    "isBase64Encoded": False,
}


def event(**changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(EVENT) | changes
    return {key: value for key, value in changed.items() if value is not None}


def handle(given: dict[str, Any]) -> dict[str, Any]:
    return gateway.handle(given, Deadline.after(10), adder().ports)


def test_a_json_request_is_answered_as_text() -> None:
    response = handle(event())
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert response["headers"] == {"Content-Type": "application/json"}
    assert json.loads(response["body"])["outputs"][0]["data"] == [2, 3, 4, 5]


def test_a_binary_request_in_base64_is_answered_in_base64() -> None:
    header = json.dumps(
        {
            "inputs": [tensor(parameters={"binary_data_size": 16})],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    body = header + np.arange(4, dtype="<f4").tobytes()
    response = handle(
        event(
            headers={"Inference-Header-Content-Length": str(len(header))},
            body=base64.b64encode(body).decode(),
            isBase64Encoded=True,
        )
    )
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, True)
    raw = base64.b64decode(response["body"])
    length = int(response["headers"]["Inference-Header-Content-Length"])
    assert json.loads(raw[:length])["outputs"][0]["parameters"] == {"binary_data_size": 16}
    assert np.frombuffer(raw[length:], "<f4").tolist() == [1, 2, 3, 4]
    assert response["headers"]["Content-Type"] == "application/octet-stream"


def test_a_json_body_may_come_in_base64_as_with_curls_default_content_type() -> None:
    body = base64.b64encode(json.dumps(GOOD).encode()).decode()
    assert handle(event(body=body, isBase64Encoded=True))["statusCode"] == 200


@pytest.mark.parametrize("size", [0, 1, 2, 3, 65_535, 65_536, 200_000])
def test_base64_of_any_length_is_decoded_piece_by_piece(size: int) -> None:
    raw = bytes(number % 251 for number in range(size))
    made = gateway.request_of(
        event(body=base64.b64encode(raw).decode(), isBase64Encoded=True), Deadline.after(1)
    )
    assert made.body == bytearray(raw)


@pytest.mark.parametrize("text", ["abc", "a", "====x", "AA==AAAA", "A!AA"])
def test_a_body_that_is_not_the_base64_it_claims_to_be_is_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequest, match="base64"):
        gateway.request_of(event(body=text, isBase64Encoded=True), Deadline.after(1))
    response = handle(event(body=text, isBase64Encoded=True))
    assert response["statusCode"] == 400
    assert json.loads(response["body"])["instance"] == "JKJaXmPLvHcESHA="


def test_header_names_are_met_in_any_case_and_several_values_arrive_joined() -> None:
    made = gateway.request_of(event(headers={"X-User": "a,b"}), Deadline.after(1))
    assert made.headers == {"x-user": "a,b"}


def test_a_request_without_body_headers_or_authorizer_is_understood() -> None:
    context = {key: value for key, value in EVENT["requestContext"].items() if key != "authorizer"}
    made = gateway.request_of(
        event(body=None, headers=None, requestContext=context), Deadline.after(1)
    )
    assert (made.body, made.headers, made.jwt) == ("", {}, {})


@pytest.mark.parametrize(
    ("stage", "raw_path"),
    [
        ("$default", "/v2/models/adder/infer"),
        ("prod", "/prod/v2/models/adder/infer"),
        ("prod", "/v2/models/adder/infer"),
    ],
    ids=["default stage", "named stage on AWS", "named stage on the emulator"],
)
def test_the_stage_is_no_part_of_the_path(stage: str, raw_path: str) -> None:
    context = EVENT["requestContext"] | {"stage": stage}
    made = gateway.request_of(event(rawPath=raw_path, requestContext=context), Deadline.after(1))
    assert made.path == "/v2/models/adder/infer"


@pytest.mark.parametrize("broken", [{}, {"requestContext": {}}, {"requestContext": None}])
def test_an_event_of_an_unknown_shape_is_answered_and_not_raised(broken: dict[str, Any]) -> None:
    bench = adder()
    response = gateway.handle(broken, Deadline.after(1), bench.ports)
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["instance"] == "unknown"
    assert len(bench.lines) == 1


def test_an_answer_of_bytes_is_sent_in_base64_and_text_as_it_is() -> None:
    assert response_of(Answer(200, b"\x00\xff", {"A": "b"})) == {
        "statusCode": 200,
        "headers": {"A": "b"},
        "isBase64Encoded": True,
        "body": "AP8=",
    }
    assert response_of(Answer(200, "{}", {}))["body"] == "{}"


def test_the_deadline_lies_before_the_moment_when_lambda_stops_the_function() -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 3_000

    assert 2.5 < gateway.deadline_of(Context()).remaining() <= 2.6


def rest_event(**changes: Any) -> dict[str, Any]:
    """As a REST API sends it behind a pool's authorizer."""
    context = {
        "stage": "live",
        "requestId": "c6af9ac6",
        "path": "/live/v2/models/adder/infer",
        "authorizer": {"claims": JWT["claims"]},
    }
    body = base64.b64encode(json.dumps(GOOD).encode()).decode()
    return {
        "resource": "/v2/models/{model}/infer",
        "path": "/v2/models/adder/infer",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "requestContext": context,
        "body": body,
        "isBase64Encoded": True,
    } | changes


def test_an_event_of_a_rest_api_has_the_same_answer() -> None:
    assert handle(rest_event()) == handle(event())


def test_a_header_that_was_sent_twice_has_both_values_whatever_its_case() -> None:
    several = {
        "Inference-Header-Content-Length": ["5", "7"],
        "inference-header-content-length": ["9"],
    }
    made = gateway.request_of(rest_event(multiValueHeaders=several), Deadline.after(1))
    assert made.headers == {"inference-header-content-length": "5,7,9"}


def test_the_authorizer_function_says_tenant_and_scope_itself() -> None:
    said = {"principalId": "p", "tenant": "risk-app", "scope": "models/infer"}
    context = rest_event()["requestContext"] | {"authorizer": said}
    made = gateway.request_of(rest_event(requestContext=context), Deadline.after(1))
    assert made.jwt == {"claims": {"scope": "models/infer"}, "tenant": "risk-app"}


def test_a_request_of_a_rest_api_without_body_and_headers_is_understood() -> None:
    bare = rest_event(body=None, multiValueHeaders=None, isBase64Encoded=False)
    made = gateway.request_of(bare, Deadline.after(1))
    assert (made.body, made.headers) == ("", {})
