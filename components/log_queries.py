"""Queries on the log lines, saved where the console of CloudWatch Logs Insights lists them.

They are texts over the names of `contracts.log_line` and `contracts.metrics`, and over the members
of the API's access log; a test holds every name to what is really written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from contracts.log_line import AUTHORIZER, AuthorizerField, Field
from contracts.metrics import Metric


class Source(StrEnum):
    """Whose log lines a query reads."""

    GROUPS = "groups"
    """The serving groups' functions."""
    ACCESS = "access"
    """The API's access log."""
    AUTHORIZER = "authorizer"
    """The authorizer function."""


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    name: str
    source: Source
    text: str


def _lines(*parts: str) -> str:
    return "\n| ".join(parts)


def _fields(*names: str) -> str:
    return f"fields @timestamp, {', '.join(names)}"


_WHICH = (Field.MODEL, Field.VERSION, Field.TENANT, Field.REQUEST_ID, Field.TRACE_ID)
_COUNT = "count(*) as number"

ERRORS_BY_TYPE = _lines(
    f"filter ispresent({Field.PROBLEM})",
    f"stats {_COUNT} by {Field.PROBLEM}, {Field.STATUS}, {Field.MODEL}",
    "sort number desc",
)


def _of_authorizer(field: AuthorizerField) -> str:
    return f"{AUTHORIZER}.{field}"


_DECISION = _of_authorizer(AuthorizerField.DECISION)

QUERIES: Sequence[SavedQuery] = (
    SavedQuery(
        name="Slowest requests",
        source=Source.GROUPS,
        text=_lines(
            _fields(
                Metric.LATENCY,
                *(Field.ROUTE_MS, Field.LOAD_MS, Field.CACHE_TIER, Metric.INFERENCE),
                *(Metric.COLD_INIT, Field.BYTES_IN, *_WHICH),
            ),
            f"sort {Metric.LATENCY} desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        name="Latency by model and version",
        source=Source.GROUPS,
        text=_lines(
            f"filter ispresent({Metric.LATENCY})",
            f"stats {_COUNT}, "
            + ", ".join(f"pct({Metric.LATENCY}, {rank}) as p{rank}" for rank in (50, 95, 99))
            + f" by {Field.MODEL}, {Field.VERSION}",
            "sort p99 desc",
        ),
    ),
    SavedQuery(name="Errors by type", source=Source.GROUPS, text=ERRORS_BY_TYPE),
    SavedQuery(
        name="Causes of failures",
        source=Source.GROUPS,
        text=_lines(
            _fields(Field.PROBLEM, Field.FAILURE, Field.PRELOAD_PROBLEM, *_WHICH),
            f"filter ispresent({Field.FAILURE}) or ispresent({Field.PRELOAD_PROBLEM})",
            "sort @timestamp desc",
            "limit 100",
        ),
    ),
    SavedQuery(
        name="Calls that were killed",
        source=Source.GROUPS,
        text=_lines(
            "fields @timestamp, @requestId, @message",
            "filter @message like /Task timed out|Runtime exited|signal: killed/",
            "sort @timestamp desc",
            "limit 100",
        ),
    ),
    SavedQuery(
        name="Memory used",
        source=Source.GROUPS,
        text=_lines(
            'filter @type = "REPORT"',
            "stats max(@maxMemoryUsed / 1000000) as used_mb, max(@memorySize / 1000000) as of_mb"
            " by @log, bin(1h)",
        ),
    ),
    SavedQuery(
        name="Cold starts by cause",
        source=Source.GROUPS,
        text=_lines(
            f"filter ispresent({Metric.COLD_INIT})",
            f"stats {_COUNT}, "
            + ", ".join(
                f"avg({metric}) as mean_{metric.value.removeprefix('cold_')}"
                for metric in (
                    *(Metric.COLD_INIT, Metric.COLD_ROUTE, Metric.COLD_LOAD),
                    Metric.COLD_FIRST_INFERENCE,
                )
            )
            + f" by {Field.INIT_TYPE}, {Field.CACHE_TIER}, bin(1h)",
            "sort number desc",
        ),
    ),
    SavedQuery(
        name="Where models came from",
        source=Source.GROUPS,
        text=_lines(
            f"filter ispresent({Field.CACHE_TIER})",
            f"stats {_COUNT}, avg({Field.LOAD_MS}) as mean_ms, pct({Field.LOAD_MS}, 99) as p99_ms,"
            f" sum({Metric.CACHE_EVICTIONS}) as evicted"
            f" by {Field.CACHE_TIER}, {Field.MODEL}, {Field.VERSION}",
            "sort number desc",
        ),
    ),
    SavedQuery(
        name="One request or trace",
        source=Source.GROUPS,
        text=_lines(
            "fields @timestamp, @message",
            " or ".join(
                [
                    f'filter {Field.REQUEST_ID} = "ID"',
                    *(
                        f'{field} = "ID"'
                        for field in (Field.TRACE_ID, Field.XRAY_TRACE_ID, Field.MESSAGE_ID)
                    ),
                ]
            ),
            "sort @timestamp asc",
        ),
    ),
    SavedQuery(
        name="Requests by tenant",
        source=Source.GROUPS,
        text=_lines(
            f"filter ispresent({Field.TENANT})",
            f"stats {_COUNT}, sum({Metric.ERRORS}) as failed, avg({Field.BYTES_IN}) as bytes_each"
            f" by {Field.TENANT}, {Field.MODEL}",
            "sort number desc",
        ),
    ),
    SavedQuery(
        name="Integrity failures",
        source=Source.GROUPS,
        text=_lines(
            _fields(Field.PROBLEM, Field.FAILURE, Metric.CACHE_CORRUPT, *_WHICH),
            f"filter {Metric.INTEGRITY_FAILURES} > 0 or {Metric.CACHE_CORRUPT} > 0",
            "sort @timestamp desc",
            "limit 100",
        ),
    ),
    SavedQuery(
        name="Shadow versions compared",
        source=Source.GROUPS,
        text=_lines(
            f'filter {Field.OPERATION} = "shadow"',
            f"stats {_COUNT}, sum({Metric.SHADOW_AGREED}) as agreed,"
            f" sum({Metric.SHADOW_DIFFERED}) as differed, avg({Field.SHADOW_MS}) as run_ms"
            f" by {Field.MODEL}, {Field.VERSION}, {Field.ANSWERED_BY}",
        ),
    ),
    SavedQuery(
        name="Clients over their limits",
        source=Source.ACCESS,
        text=_lines(
            'filter status = "429"',
            f"stats {_COUNT} by client, route, bin(5m)",
            "sort number desc",
        ),
    ),
    SavedQuery(
        name="What the gateway failed at",
        source=Source.ACCESS,
        text=_lines(
            "filter status like /^5/",
            f"stats {_COUNT}, max(integration_ms) as slowest_ms"
            " by status, integration_error, authorizer_error, route",
            "sort number desc",
        ),
    ),
    SavedQuery(
        name="Refused tokens",
        source=Source.AUTHORIZER,
        text=_lines(
            f'filter ispresent({_DECISION}) and {_DECISION} != "allowed"',
            f"stats {_COUNT} by {_DECISION}, {_of_authorizer(AuthorizerField.REASON)}, "
            f"{_of_authorizer(AuthorizerField.ISSUER)}, bin(5m)",
            "sort number desc",
        ),
    ),
)


def save(
    name: str,
    folder: str,
    log_groups: Mapping[Source, Sequence[pulumi.Input[str]]],
    parent: pulumi.Resource,
) -> None:
    """Saves every query whose source has log groups, in a folder of the console's list."""
    for query in QUERIES:
        if read := log_groups.get(query.source):
            aws.cloudwatch.QueryDefinition(
                f"{name}-{query.name.lower().replace(' ', '-')}",
                name=f"{folder}/{query.name}",
                log_group_names=list(read),
                query_string=query.text,
                opts=pulumi.ResourceOptions(parent=parent),
            )
