"""What a stack file says of alarms and dashboards: when someone is told, and what they see."""

from collections.abc import Iterator

from pydantic import Field

from settings import burn_rates
from settings.section import Section, rule


class Objectives(Section):
    """What each serving group promises over 30 days; alarms tell when it will not be kept."""

    availability_percent: float = Field(gt=0, lt=100)
    """Percent of requests that are not failed by us: an answer below 500, no crash, no throttle."""
    latency_ms: int = Field(ge=1)
    """Milliseconds of `latency_percent`, from the function's start on a request to its answer."""
    latency_percent: float = Field(gt=0, lt=100)
    """Percent of requests that are answered within `latency_ms`."""
    minimum_bad_requests: int = Field(ge=1)
    """Requests that must have missed an objective within an alarm's long window (1 hour, 6 hours,
    3 days) before it goes off, so that a single one at night wakes nobody."""

    @rule
    def _can_burn_fast_enough(self) -> Iterator[str]:
        lowest = 100 - 100 / burn_rates.FASTEST_RATE
        for key in ("availability_percent", "latency_percent"):
            percent = getattr(self, key)
            if percent <= lowest:
                yield (
                    f"{key} is {percent:g}; it must be more than {lowest:.2f}, because the fastest "
                    f"alarm waits for {burn_rates.FASTEST_RATE:g} times what the objective lets "
                    "fail, and not even a total outage is that much (a lower objective needs no "
                    "pager: objectives: null)"
                )


class Observability(Section):
    """When someone is told. Counts are those at which an alarm goes off."""

    function_errors_per_5_minutes: int = Field(ge=1)
    """Calls of a function that failed or were killed."""
    function_throttles_per_5_minutes: int = Field(ge=1)
    """Calls of a function that met a concurrency limit."""
    duration_percent_of_timeout: int = Field(ge=10, le=100)
    """Percent of a function's timeout that its slowest calls (99th percentile) may take."""
    api_server_errors_per_5_minutes: int = Field(ge=1)
    """Answers of the gateway with a status of 500 or more."""
    api_latency_p99_ms: int = Field(ge=1)
    """Milliseconds that the slowest requests (99th percentile) may take."""
    stale_reads_per_5_minutes: int = Field(ge=1)
    """Requests routed from memory because the registry could not be read."""
    objectives: Objectives | None
    """What serving groups promise; null = nothing, and then nobody is paged."""
    dashboard_per_group: bool
    """A dashboard for each serving group; false = a section for each in the stack's one. An account
    has three dashboards for nothing."""
