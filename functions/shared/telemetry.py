"""One JSON line per request. It is the log record and, through its `_aws` member, the metrics:
CloudWatch's embedded metric format takes them from the line, so nothing has to be flushed later.

Values that a caller wrote never enter the line, but for ids that were parsed as a trace's. Names of
models do only once the registry knows them, which also bounds the dimensions; until then the model
is `NO_MODEL`.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache

from contracts.log_line import Field
from contracts.metrics import GROUP_DIMENSION, MODEL_DIMENSION, NAMESPACE, Metric
from functions.shared.trace import Trace

NO_MODEL = "none"
"""Model dimension of a request that met no model: bad path, no access, unknown name."""

Value = str | int | float | bool | None


def write_line(line: str) -> None:
    """Put the line out now: the environment may be frozen as soon as the handler returns."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class RequestRecord:
    """Collects what is known about one request; implements `functions.predict.ports.Observer`."""

    __slots__ = ("_fields", "_metrics", "_started", "model", "trace")

    def __init__(self, serving_group: str, trace: Trace) -> None:
        self._started = time.perf_counter()
        self._fields: dict[Field, Value] = {Field.SERVING_GROUP: serving_group}
        self._metrics: dict[Metric, float] = {}
        self.model = NO_MODEL
        self.follow(trace)

    def follow(self, trace: Trace) -> None:
        """Belong to this trace from now on."""
        self.trace = trace
        fields = self._fields
        fields[Field.TRACE_ID] = trace.trace_id
        fields[Field.SPAN_ID] = trace.span_id
        if trace.parent_id is not None:
            fields[Field.PARENT_SPAN_ID] = trace.parent_id
        if trace.xray_id is not None:
            fields[Field.XRAY_TRACE_ID] = trace.xray_id

    def count(self, metric: Metric, value: float = 1) -> None:
        self._metrics[metric] = self._metrics.get(metric, 0) + value

    def milliseconds(self, metric: Metric, value: float) -> None:
        self._metrics[metric] = round(self._metrics.get(metric, 0) + value, 3)

    def seen(self, metric: Metric) -> bool:
        return metric in self._metrics

    def put(self, fields: Mapping[Field, Value]) -> None:
        """Properties of the line: searchable, and never dimensions."""
        self._fields.update(fields)

    def elapsed_ms(self) -> float:
        return round((time.perf_counter() - self._started) * 1000, 3)

    def line(self) -> str:
        fields = self._fields
        fields[Field.MODEL] = self.model
        directives = _directives(tuple(self._metrics))
        text = _encode({**fields, **self._metrics})
        return f'{{"_aws":{{"Timestamp":{int(time.time() * 1000)},{directives}}},{text[1:]}'

    def emit(self, write: Callable[[str], None] = write_line) -> None:
        """Never raises: a broken log must not cost an answer."""
        with suppress(Exception):
            write(self.line())


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


@lru_cache(maxsize=256)
def _directives(metrics: tuple[Metric, ...]) -> str:
    """The `CloudWatchMetrics` member; there are few sets of metrics, so the text is kept."""
    sets = {
        (True, True): [[GROUP_DIMENSION, MODEL_DIMENSION], [GROUP_DIMENSION]],
        (True, False): [[GROUP_DIMENSION, MODEL_DIMENSION]],
        (False, True): [[GROUP_DIMENSION]],
    }
    directives = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": dimensions,
            "Metrics": [{"Name": metric, "Unit": metric.unit} for metric in members],
        }
        for kind, dimensions in sets.items()
        if (members := [m for m in metrics if (m.per_model, m.of_group) == kind])
    ]
    return f'"CloudWatchMetrics":{_encode(directives)}'
