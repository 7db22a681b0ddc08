"""Plain HTTP calls to the deployed API, and the tensors the tests send."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import urllib3

from contracts.protocol import BINARY_HEADER

_http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=40))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self) -> dict[str, Any]:
        """The body as a problem document; fails where it is none."""
        assert self.headers["content-type"] == "application/problem+json", self.body[:300]
        document = self.json()
        assert document["status"] == self.status
        assert {"type", "title", "detail", "error"} <= document.keys()
        return document


@dataclass(frozen=True)
class Api:
    """The API of a deployed stack, as one caller sees it."""

    url: str
    token: str | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = self.headers | (headers or {})
        if self.token is not None:
            sent = sent | {"Authorization": f"Bearer {self.token}"}
        got = _http.request(method, self.url.rstrip("/") + path, body=body, headers=sent)
        return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, got.data)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def infer(
        self,
        model: str,
        document: dict[str, Any] | bytes,
        *,
        version: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """POST a JSON request; `bytes` are sent as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        sent = {"Content-Type": "application/json"} | (headers or {})
        return self.call("POST", infer_path(model, version), body, sent)

    def infer_binary(
        self,
        model: str,
        document: dict[str, Any],
        payload: bytes,
        *,
        version: int | None = None,
        header_length: str | None = None,
    ) -> Answer:
        """POST a JSON part and raw tensor bytes; `header_length` overrides the true length."""
        head = json.dumps(document).encode()
        sent = {
            "Content-Type": "application/octet-stream",
            BINARY_HEADER: header_length if header_length is not None else str(len(head)),
        }
        return self.call("POST", infer_path(model, version), head + payload, sent)


def infer_path(model: str, version: int | None = None) -> str:
    return f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"


def json_input(name: str, array: np.ndarray, datatype: str) -> dict[str, Any]:
    return {
        "name": name,
        "shape": list(array.shape),
        "datatype": datatype,
        "data": array.ravel().tolist(),
    }


def binary_input(name: str, array: np.ndarray, datatype: str) -> dict[str, Any]:
    return {
        "name": name,
        "shape": list(array.shape),
        "datatype": datatype,
        "parameters": {"binary_data_size": array.nbytes},
    }


def json_output(answer: Answer, name: str) -> np.ndarray:
    """An output tensor of a JSON answer."""
    assert answer.status == 200, answer.body[:500]
    [found] = [output for output in answer.json()["outputs"] if output["name"] == name]
    return np.array(found["data"]).reshape(found["shape"])


def binary_output(answer: Answer, name: str, dtype: str) -> np.ndarray:
    """An output tensor of a binary answer."""
    assert answer.status == 200, answer.body[:500]
    head = int(answer.headers[BINARY_HEADER])
    offset = head
    for output in json.loads(answer.body[:head])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        if output["name"] == name:
            raw = answer.body[offset : offset + size]
            return np.frombuffer(raw, dtype=dtype).reshape(output["shape"])
        offset += size
    raise AssertionError(f"no output {name}")
