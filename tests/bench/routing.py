"""Routing and telemetry of one warm request (P10, P11), beside aws-lambda-powertools.

Routing: path, claims, tenant, sticky weighted version, shadow flag, all from warm caches. The
router call goes from the gateway's event to the checked tensors of a body of 16 floats.
"""

import io
import json
import logging
import os
from collections.abc import Callable
from typing import Any

from contracts import registry as items
from contracts.log_line import Field
from contracts.manifest import Manifest
from contracts.metrics import Metric
from contracts.registry import Tenant
from contracts.route import Route
from functions.predict import authorise, codec, gateway, paths, routing
from functions.predict.app import Ports, serve
from functions.predict.registry import CachedRegistry
from functions.shared import trace
from functions.shared.deadline import Deadline
from functions.shared.telemetry import RequestRecord
from tests.bench.report import Figure, interleaved, p50, p99
from tests.unit.predict.fakes import (
    CLAIM,
    GROUP,
    LAMBDA_TRACE,
    FakeModels,
    manifest,
    registered,
    tensor,
)

ROUNDS, CALLS = 20, 1_000

HEADERS = {
    "authorization": "Bearer x",
    "content-type": "application/json",
    "host": "api.example",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "user-agent": "bench",
    "x-user": "anna",
}
EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "POST /v2/models/{model}/infer",
    "rawPath": "/v2/models/adder/infer",
    "rawQueryString": "",
    "headers": HEADERS,
    "requestContext": {
        "authorizer": {
            "jwt": {
                "claims": {CLAIM: "client-a", "scope": "models/infer models/read"},
                "scopes": ["models/infer"],
            }
        },
        "http": {"method": "POST", "path": "/v2/models/adder/infer", "protocol": "HTTP/1.1"},
        "requestId": "JKJaXmPLvHcESHA=",
        "stage": "$default",
    },
    "body": json.dumps({"inputs": [tensor(shape=[1, 16], data=[i / 7 for i in range(16)])]}),
    "isBase64Encoded": False,
}


class MemoryTable:
    """The registry's items, in memory: the real cache stands before it."""

    def __init__(self, *stored: items.Item) -> None:
        self._items = {(i["pk"]["S"], i["sk"]["S"]): i for i in stored}

    def get(self, key: items.Item, deadline: Deadline) -> items.Item | None:
        return self._items.get((key["pk"]["S"], key["sk"]["S"]))


def wired() -> tuple[Ports, Manifest]:
    model = manifest(inputs=[("x", "FP32", (-1, 16))], outputs=[("y", "FP32", (-1, 16))])
    other = manifest(version=2, inputs=[("x", "FP32", (-1, 16))], outputs=[("y", "FP32", (-1, 16))])
    route = Route(
        model="adder",
        revision=1,
        weights=((1, 9_000), (2, 1_000)),
        sticky_header="x-user",
        shadow=3,
    )
    table = MemoryTable(
        items.encode_tenant(Tenant(claim="client-a", name="acme", models=frozenset({"adder"}))),
        items.encode_route(route),
        items.encode_version(registered(model)),
        items.encode_version(registered(other)),
    )
    models = FakeModels()
    parsed = {1: model, 2: other}
    models.manifest = lambda record, observer: parsed[record.version]  # type: ignore[method-assign]
    ports = Ports(
        serving_group=GROUP,
        version="1",
        tenant_claim=CLAIM,
        max_body_bytes=4_400_000,
        registry=CachedRegistry(table, ttl_seconds=600),
        models=models,
        write=lambda line: None,
    )
    return ports, model


def route_once(ports: Ports, record: RequestRecord) -> tuple[int, bool]:
    """The decision alone: which version answers, and whether a shadow gets a copy."""
    context = EVENT["requestContext"]
    asked = paths.parse(context["http"]["method"], EVENT["rawPath"])
    tenant = authorise.authorise(
        authorise.jwt_of(context), "models/infer", ports.tenant_claim, ports.registry, record
    )
    assert asked.model is not None
    authorise.require_model(tenant, asked.model)
    route = ports.registry.route(asked.model, record)
    assert route is not None
    version = routing.choose(route, HEADERS, context["requestId"])
    return version, route.shadow is not None


def router_call(ports: Ports, record: RequestRecord, model: Manifest) -> codec.Inference:
    deadline = Deadline.after(10)
    request = gateway.request_of(EVENT, deadline)
    route_once(ports, record)
    return codec.decode(request.body, None, model)


def powertools_resolver(routes: int) -> Callable[[], object]:
    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

    app = APIGatewayHttpResolver()
    for number in range(routes - 1):
        app.get(f"/v2/other{number}/<name>")(lambda name: {"name": name})
    app.post("/v2/models/<model>/infer")(lambda model: {"model": model})
    return lambda: app.resolve(EVENT, object())  # type: ignore[arg-type]


def powertools_telemetry() -> Callable[[], object]:
    """A log line with context and an EMF document with three metrics, written to memory."""
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    sink = io.StringIO()
    logger = Logger(service="bench", stream=sink, level=logging.INFO)
    metrics = Metrics(namespace="bench", service="bench")

    def once() -> None:
        logger.append_keys(tenant="acme", model="adder", version=1, request_id="r")
        logger.info("request", extra={"status": 200, "bytes_in": 100, "bytes_out": 90})
        metrics.add_metric("requests", MetricUnit.Count, 1)
        metrics.add_metric("errors", MetricUnit.Count, 0)
        metrics.add_metric("latency_ms", MetricUnit.Milliseconds, 1.2)
        sink.write(json.dumps(metrics.serialize_metric_set()))
        metrics.clear_metrics()
        sink.seek(0)
        sink.truncate()

    return once


def own_telemetry() -> Callable[[], object]:
    sink = io.StringIO()

    def write(line: str) -> None:
        sink.write(line)
        sink.seek(0)
        sink.truncate()

    def once() -> None:
        traced = trace.read(HEADERS, os.environ.get(trace.LAMBDA_VARIABLE, ""))
        traced.outgoing()
        record = RequestRecord(GROUP, traced)
        record.model = "adder"
        record.put(
            {
                Field.TENANT: "acme",
                Field.OPERATION: "infer",
                Field.VERSION: 1,
                Field.CACHE_TIER: "memory",
            }
        )
        record.put(
            {Field.ROUTE_MS: 0.1, Field.LOAD_MS: 0.1, Field.REQUEST_ID: "r", Field.STATUS: 200}
        )
        record.put({Field.BYTES_IN: 100, Field.BYTES_OUT: 90})
        record.count(Metric.REQUESTS)
        record.count(Metric.ERRORS, 0)
        record.milliseconds(Metric.INFERENCE, 1.1)
        record.milliseconds(Metric.LATENCY, record.elapsed_ms())
        record.count(Metric.CACHE_HIT_MEMORY)
        record.emit(write)

    return once


def run() -> list[Figure]:
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "bench")
    os.environ[trace.LAMBDA_VARIABLE] = LAMBDA_TRACE
    ports, model = wired()
    record = RequestRecord(GROUP, trace.read(HEADERS))
    answer = serve(gateway.request_of(EVENT, Deadline.after(10)), ports)
    assert answer.status == 200, answer.body
    taken = interleaved(
        {
            "route": lambda: route_once(ports, record),
            "resolver 1": powertools_resolver(1),
            "router call": lambda: router_call(ports, record, model),
            "resolver 10": powertools_resolver(10),
            "telemetry": own_telemetry(),
            "powertools telemetry": powertools_telemetry(),
            "whole": lambda: gateway.handle(EVENT, Deadline.after(10), ports),
        },
        rounds=ROUNDS,
        calls=CALLS,
    )
    route, call = taken["route"], taken["router call"]
    own, theirs = taken["telemetry"], taken["powertools telemetry"]

    def against(name: str, samples: list[float]) -> str:
        return f"{p50(taken[name]) / p50(samples):.1f}x quicker than Powertools ({name})"

    return [
        Figure(goal="P10", what="routing, p50", value=p50(route), unit="us", at_most=5,
               note=against("resolver 1", route)),
        Figure(goal="P10", what="routing, p99", value=p99(route), unit="us", at_most=15),
        Figure(goal="P10", what="router call with a JSON body of 16 floats, p50", value=p50(call),
               unit="us", at_most=15, note="event to checked tensors"),
        Figure(goal="P11", what="log, metrics and trace of a request, p50", value=p50(own),
               unit="us", at_most=25, note=against("powertools telemetry", own)),
        Figure(goal="", what="log, metrics and trace, p99", value=p99(own), unit="us"),
        Figure(goal="", what="Powertools resolver, 1 route, p50", value=p50(taken["resolver 1"]),
               unit="us"),
        Figure(goal="", what="Powertools resolver, 10 routes, p50", value=p50(taken["resolver 10"]),
               unit="us"),
        Figure(goal="", what="Powertools Logger and Metrics, without Tracer, p50",
               value=p50(theirs), unit="us"),
        Figure(goal="", what="event to answer with log, model excluded, p50",
               value=p50(taken["whole"]), unit="us"),
    ]  # fmt: skip
