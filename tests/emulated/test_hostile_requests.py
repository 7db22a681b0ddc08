"""What a caller with a good token, or who can write to the queue, tries through the real front."""

import http.client
import json
import time
import urllib.parse
from collections.abc import Sequence

import numpy as np
import pytest

from contracts.protocol import BINARY_HEADER
from tests.emulated.calls import Api, json_input
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

REQUEST = {"inputs": [json_input("x", np.zeros((1, 4), np.float32), "FP32")]}
BODY = json.dumps(REQUEST).encode()


def raw(api: Api, path: str, headers: Sequence[tuple[str, str]], body: bytes = BODY) -> bytes:
    """A request exactly as written here, repeated headers and odd paths included; its answer."""
    url = urllib.parse.urlsplit(api.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=40)
    try:
        connection.putrequest("POST", url.path + path, skip_accept_encoding=True)
        connection.putheader("Authorization", f"Bearer {api.token}")
        for name, value in headers:
            connection.putheader(name, value)
        if "Content-Length" not in dict(headers):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return b"%d %s" % (answer.status, answer.read())
    finally:
        connection.close()


@pytest.fixture
def stranger(api: Api, local_stack: LocalStack, restricted_tenant: str) -> Api:
    return Api(api.url, local_stack.token(tenant=restricted_tenant))


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/{model}/infer",
        "/v2/models/{model}%2Finfer",
        "/v2/models/{encoded}/infer",
        "/v2/models/{upper}/infer",
        "/v2/models//{model}/infer",
        "/v2//models/{model}/infer",
        "/v2/models/magika/../{model}/infer",
        "/v2/models/magika%2F..%2F{model}/infer",
        "/v2/models/magika%00{model}/infer",
        "/v2/models/{model}/versions/1/infer",
        "/v2/models/{model}%2Fversions%2F1/infer",
        "/v2/models/{model}/versions/%31/infer",
        "/v2/models/{model}/infer?model=magika",
        "/v2/models/{model};x=magika/infer",
    ],
)
@pytest.mark.parametrize(
    "headers", [[], [("X-Original-URL", "/v2/models/magika/infer"), ("X-Forwarded-Prefix", "/x")]]
)
def test_no_spelling_of_a_request_reaches_a_model_of_another_tenant(
    api: Api, stranger: Api, linear_model: str, path: str, headers: list[tuple[str, str]]
) -> None:
    assert raw(api, f"/v2/models/{linear_model}/infer", []).startswith(b"200 ")
    encoded = "".join(f"%{ord(letter):02x}" for letter in linear_model)
    asked = path.format(model=linear_model, encoded=encoded, upper=linear_model.upper())
    answer = raw(stranger, asked, headers)
    assert answer.startswith(b"404 "), answer[:300]
    assert b"outputs" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        [(BINARY_HEADER, "5"), (BINARY_HEADER, str(len(BODY)))],
        [(BINARY_HEADER, f"+{len(BODY)}")],
        [(BINARY_HEADER, f"0x{len(BODY):x}")],
        [("Content-Length", "10")],
        [("Content-Encoding", "gzip")],
    ],
    ids=str,
)
def test_headers_that_lie_about_the_body_are_refused_and_the_next_request_works(
    api: Api, linear_model: str, headers: list[tuple[str, str]]
) -> None:
    path = f"/v2/models/{linear_model}/infer"
    assert raw(api, path, headers).startswith(b"400 ")
    assert raw(api, path, []).startswith(b"200 ")


def test_who_writes_to_the_shadow_queue_runs_no_version_that_no_route_shadows(
    api: Api, linear_model: str, local_stack: LocalStack
) -> None:
    sqs = local_stack.client("sqs")
    [queue] = [
        url for url in sqs.list_queues()["QueueUrls"] if "shadow" in url and "dlq" not in url
    ]
    forged = {"model": linear_model, "version": 1, "request_id": "forged", "answered_by": 1}
    since = time.time() - 1
    message = forged | {"header_length": None, "body": "", "answer": {}}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(message))
    [line] = local_stack.wait_for_log(lambda line: line.get("operation") == "shadow", since=since)
    assert line["shadow_dropped"] == 1
    assert "forged" not in str(line)
    assert api.infer(linear_model, REQUEST).status == 200
