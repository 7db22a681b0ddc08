"""A caller's trace goes through either front door, to the model server and along with copies."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
import urllib3

from functions.predict.app import serve
from functions.shared.deadline import Deadline
from functions.shared.trace import Trace
from tests.emulated.calls import Api, json_input
from tests.stack import LocalStack
from tests.unit.predict.fakes import GOOD, FakeModel, adder, manifest, request

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"}
REQUEST = {"inputs": [json_input("x", np.zeros((1, 4), np.float32), "FP32")]}


@pytest.fixture(scope="module")
def shadowed(push_linear: Callable[..., int], set_route: Callable[..., int]) -> str:
    first, second = (push_linear("traced", added=added) for added in (1.0, 2.0))
    set_route("traced", {first: 10_000}, shadow=second)
    return "traced"


def test_a_request_and_the_copy_of_it_are_logged_under_the_callers_trace(
    api: Api, shadowed: str, local_stack: LocalStack
) -> None:
    since = time.time()
    assert api.infer(shadowed, REQUEST, headers=PARENT).status == 200
    [copy] = local_stack.wait_for_log(
        lambda line: line.get("trace_id") == TRACE and line["operation"] == "shadow", since=since
    )
    [line] = local_stack.wait_for_log(
        lambda line: line.get("trace_id") == TRACE and line["operation"] == "infer", since=since
    )
    assert line["parent_span_id"] == SPAN
    assert copy["parent_span_id"] == line["span_id"] != copy["span_id"]
    assert copy["shadow_differed"] == 1


def test_a_problem_names_the_trace_that_its_log_line_has(
    api: Api, shadowed: str, local_stack: LocalStack
) -> None:
    since = time.time()
    for headers in ({}, {"traceparent": f"00-{TRACE}-{SPAN}-01-<script>"}):
        problem = api.infer(shadowed, {"inputs": []}, headers=headers).problem()
        assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"])
        assert problem["trace_id"] != TRACE
        [line] = local_stack.wait_for_log(
            lambda line, told=problem["trace_id"]: line.get("trace_id") == told, since=since
        )
        assert line["request_id"] == problem["instance"]
        assert line["problem"] == problem["type"].rpartition(":")[2]


@pytest.fixture
def model_server() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server in the place of Triton, and the headers of each call."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v2/models/adder/infer", seen
    server.shutdown()
    thread.join()
    server.server_close()


class RemoteModel(FakeModel):
    """A target outside the process: it answers what it is sent."""

    url: str

    def run(
        self,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: Deadline,
        trace: Trace,
    ) -> dict[str, np.ndarray]:
        x = inputs["x"]
        with urllib3.PoolManager(timeout=deadline.remaining()) as http:
            answer = http.request("POST", self.url, body=x.tobytes(), headers=trace.outgoing())
        return {"y": np.frombuffer(answer.data, np.float32).reshape(x.shape).copy()}


def test_a_model_server_is_called_as_a_child_of_the_request(
    model_server: tuple[str, list[dict[str, str]]],
) -> None:
    url, seen = model_server
    bench = adder()
    remote = RemoteModel(manifest(), bench.models.compute)
    remote.url = url
    bench.models.memory["adder", 1] = remote
    assert serve(request(GOOD, headers=PARENT), bench.ports).status == 200
    [headers] = seen
    assert headers["traceparent"] == f"00-{TRACE}-{bench.log['span_id']}-01"
    assert headers["tracestate"] == "vendor=1"
    assert bench.log["parent_span_id"] == SPAN
