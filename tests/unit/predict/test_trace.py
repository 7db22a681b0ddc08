"""Where a request stands in a trace: what is taken of headers, and what goes on."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.predict import gateway, shadow
from functions.predict.app import refuse, serve
from functions.shared.deadline import Deadline
from functions.shared.errors import BadRequest
from functions.shared.trace import MAX_CHARACTERS, Trace, read
from tests.unit.predict.fakes import GOOD, JWT, LAMBDA_TRACE, adder, explode, request

pytestmark = pytest.mark.unit

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
XRAY = "1-5759e988-bd862e3fe1be46a994272793"
XRAY_AS_W3C = "5759e988bd862e3fe1be46a994272793"
AMAZON = LAMBDA_TRACE


def with_parent(value: object) -> Trace:
    return read({"traceparent": value})


def follows(trace: Trace) -> bool:
    return (trace.trace_id, trace.parent_id) == (TRACE, SPAN)


def begins(trace: Trace) -> bool:
    """A new trace: nothing of what the caller sent."""
    return trace.parent_id is None and trace.state == "" and trace.trace_id not in (TRACE, "0" * 32)


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (PARENT, 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-03", 3),
        (f"00-{TRACE}-{SPAN}-ff", 3),
        (f"00-{TRACE}-{SPAN}-08", 0),
        (f"01-{TRACE}-{SPAN}-01", 1),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", 1),
        (f"fe-{TRACE}-{SPAN}-09-", 1),
    ],
)
def test_a_traceparent_is_followed_and_only_the_flags_that_are_defined_count(
    value: str, flags: int
) -> None:
    trace = with_parent(value)
    assert follows(trace)
    assert trace.flags == flags
    assert trace.sampled is bool(flags & 1)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        PARENT.upper(),
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0A",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-011",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN[1:]}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE[:-1]}\u0660-{SPAN}-01",
        f"00.{TRACE}.{SPAN}.01",
        f"0-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01.more",
        f"01-{TRACE}-{SPAN}-0",
        f" {PARENT}",
        f"{PARENT}\n",
        f"{PARENT},{PARENT}",
        f"01-{TRACE}-{SPAN}-01-{'x' * MAX_CHARACTERS}",
        None,
        7,
        [PARENT],
    ],
)
def test_a_traceparent_that_is_malformed_is_as_if_none_were_sent(value: object) -> None:
    assert begins(with_parent(value))
    assert begins(read({"traceparent": value, "tracestate": "a=1"}))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("a=1 ,\t0b@c=x y, ,", "a=1,0b@c=x y"),
        (",".join(f"k{n}=1" for n in range(32)), ",".join(f"k{n}=1" for n in range(32))),
        (f"{'k' * 256}=1", f"{'k' * 256}=1"),
        ("", ""),
        (",".join(f"k{n}=1" for n in range(33)), ""),
        (f"{'k' * 257}=1", ""),
        ("a=1,a=2", ""),
        ("a=1,b", ""),
        ("a=1,B=2", ""),
        ("a=1,b=c=d", ""),
        ("a=", ""),
        ("a=1,b=\x00", ""),
        ("a=1\r\nx-evil: 1", ""),
        ("a=\u00e9", ""),
        (f"a={'x' * MAX_CHARACTERS}", ""),
        (None, ""),
        ({"a": "1"}, ""),
    ],
)
def test_a_tracestate_goes_on_whole_or_not_at_all_and_never_costs_the_trace(
    value: object, kept: str
) -> None:
    trace = read({"traceparent": PARENT, "tracestate": value})
    assert follows(trace)
    expected = {"traceparent": f"00-{TRACE}-{trace.span_id}-01"}
    assert trace.outgoing() == (expected | {"tracestate": kept} if kept else expected)


@pytest.mark.parametrize(
    ("value", "parent", "sampled"),
    [
        (AMAZON, "53995c3f42cd8ad8", True),
        (f"Root={XRAY};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=a:1", "53995c3f42cd8ad8", False),
        (f"Self=1-2-3;Root={XRAY};Sampled=?", None, False),
        (f"Sampled=1; Parent=53995c3f42cd8ad8; Root={XRAY}", "53995c3f42cd8ad8", True),
        (f"Root={XRAY}", None, False),
        (f"Root={XRAY};Parent={'0' * 16};Sampled=1", None, True),
    ],
)
def test_without_a_traceparent_the_trace_is_lambdas_in_w3c_form(
    value: str, parent: str | None, sampled: bool
) -> None:
    trace = read({}, value)
    assert (trace.trace_id, trace.parent_id, trace.sampled) == (XRAY_AS_W3C, parent, sampled)
    assert trace.xray_id == XRAY


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Root=",
        "Root=1-2-3",
        f"Root={XRAY.upper()}",
        f"Root=2{XRAY[1:]}",
        f"Root=1-{'0' * 8}-{'0' * 24}",
        f"Root={XRAY}x",
        f"root={XRAY}",
        XRAY,
        f"{AMAZON};Custom={'x' * MAX_CHARACTERS}",
    ],
)
def test_what_is_not_x_rays_header_begins_a_trace_that_x_ray_does_not_know(value: str) -> None:
    for trace in (read({}, value), read({"x-amzn-trace-id": value})):
        assert begins(trace)
        assert trace.xray_id is None
        assert not trace.sampled


def test_the_callers_trace_wins_then_lambdas_then_the_gateways_header() -> None:
    other = "1-00000001-bd862e3fe1be46a994272793"
    headers = {"traceparent": PARENT, "x-amzn-trace-id": f"Root={other}"}
    trace = read(headers, AMAZON)
    assert follows(trace)
    assert trace.xray_id == XRAY
    del headers["traceparent"]
    assert read(headers, AMAZON).trace_id == XRAY_AS_W3C
    assert read(headers).xray_id == other


def test_each_request_has_a_span_and_where_none_was_told_a_trace_of_its_own() -> None:
    followed = [with_parent(PARENT) for _ in range(50)]
    new = [read({}) for _ in range(50)]
    assert len({trace.span_id for trace in followed + new} | {SPAN}) == 101
    assert len({trace.trace_id for trace in new}) == 50
    for trace in new:
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-02", trace.outgoing()["traceparent"])
        assert follows_on(trace)


def follows_on(trace: Trace) -> bool:
    """Whatever is called finds this request as its parent."""
    called = read(trace.outgoing())
    return (called.trace_id, called.parent_id) == (trace.trace_id, trace.span_id)


HEADERS = ("traceparent", "tracestate", "x-amzn-trace-id")
NEAR = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{30,34}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", fullmatch=True),
    st.from_regex(r"(Root|Parent|Sampled|Self)=[0-9a-f-]{0,40};?", fullmatch=True),
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(HEADERS, NEAR)), NEAR)
def test_whatever_headers_hold_a_trace_is_well_formed(headers: dict[str, str], told: str) -> None:
    trace = read(headers, told)
    sent = trace.outgoing()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", sent["traceparent"])
    assert follows_on(trace)
    assert re.fullmatch(r"[ -~]*", sent.get("tracestate", ""))
    assert trace.xray_id is None or re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", trace.xray_id)


@given(st.fixed_dictionaries(dict.fromkeys(HEADERS, NEAR)))
def test_no_trace_header_breaks_a_request_or_shows_in_its_log(headers: dict[str, str]) -> None:
    bench = adder()
    marked = {name: value + "<marker" for name, value in headers.items()}
    assert serve(request(GOOD, headers=marked), bench.ports).status == 200
    assert "marker" not in bench.lines[0]
    assert "traceparent" not in bench.lines[0]


def test_the_line_tells_the_callers_trace_and_the_one_that_x_ray_has() -> None:
    bench = adder()
    serve(request(GOOD, headers={"traceparent": PARENT, "tracestate": "a=secret"}), bench.ports)
    line = bench.log
    assert (line["trace_id"], line["parent_span_id"]) == (TRACE, SPAN)
    assert re.fullmatch("[0-9a-f]{16}", line["span_id"])
    assert line["xray_trace_id"] == XRAY
    assert "secret" not in bench.lines[0]
    bench = adder(lambda_trace="")
    serve(request(GOOD), bench.ports)
    assert not {"parent_span_id", "xray_trace_id"} & bench.log.keys()


@pytest.mark.parametrize("fails", [False, True])
def test_a_problem_names_the_trace_under_which_the_log_has_it(fails: bool) -> None:
    bench = adder()
    if fails:
        bench.models.compute = explode
    body = GOOD if fails else "nonsense"
    answer = serve(request(body, headers={"traceparent": PARENT}), bench.ports)
    document = json.loads(answer.body)
    assert document["trace_id"] == bench.log["trace_id"] == TRACE
    assert document["instance"] == bench.log["request_id"] == "request-1"


def test_an_event_that_cannot_be_read_is_logged_under_lambdas_trace() -> None:
    bench = adder()
    answer = refuse(BadRequest("no base64"), "request-1", bench.ports)
    assert json.loads(answer.body)["trace_id"] == bench.log["trace_id"] == XRAY_AS_W3C
    assert gateway.handle({}, Deadline.after(1), bench.ports)["statusCode"] == 500
    assert bench.log["xray_trace_id"] == XRAY


def test_the_model_is_called_as_a_child_of_the_request() -> None:
    bench = adder()
    serve(request(GOOD, headers={"traceparent": PARENT, "tracestate": "a=1"}), bench.ports)
    [trace] = bench.models.traces
    assert trace.outgoing() == {
        "traceparent": f"00-{TRACE}-{bench.log['span_id']}-01",
        "tracestate": "a=1",
    }


def copied(headers: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """An application that answered a request with these headers, and the copy of it."""
    bench = adder(shadow=2)
    assert serve(request(GOOD, headers=headers, jwt=JWT), bench.ports).status == 200
    return bench, json.loads(bench.queue.messages[0])


def consume(bench: Any, message: object) -> dict[str, Any]:
    record = {"messageId": "m", "body": json.dumps(message)}
    shadow.consume({"Records": [record]}, bench.ports, Deadline.after(10))
    return bench.log


def test_the_shadows_line_and_its_model_have_the_trace_of_the_request() -> None:
    bench, message = copied({"traceparent": PARENT, "tracestate": "a=1"})
    answered = bench.log
    line = consume(bench, message)
    assert line["operation"] == "shadow"
    assert line["trace_id"] == answered["trace_id"] == TRACE
    assert line["parent_span_id"] == answered["span_id"] != line["span_id"]
    assert bench.models.traces[-1].outgoing() == {
        "traceparent": f"00-{TRACE}-{line['span_id']}-01",
        "tracestate": "a=1",
    }


@pytest.mark.parametrize(
    "told", [None, 7, [], "x", {"traceparent": 7}, {"traceparent": "<marker"}, {"other": PARENT}]
)
def test_a_message_that_tells_of_no_trace_is_compared_all_the_same(told: object) -> None:
    bench, message = copied({})
    line = consume(bench, message | {"trace": told})
    assert line["shadow_differed"] == 1
    assert line["trace_id"] == XRAY_AS_W3C
    assert "marker" not in bench.lines[-1]
    del message["trace"]
    assert consume(bench, message)["shadow_differed"] == 1
