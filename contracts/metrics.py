"""Metrics that functions emit and that alarms and dashboards read.

Dimensions are bounded: CloudWatch bills each combination. A model's name is a dimension only of the
four request metrics; all but the time of inference carry the serving group alone, too, because an
alarm cannot sum over models. The rest of the detail is a property of the log line
(`contracts.log_line`), where queries find it at no extra price.
"""

from enum import StrEnum

from contracts.log_line import Field

NAMESPACE = "warmline"
GROUP_DIMENSION = Field.SERVING_GROUP.value
MODEL_DIMENSION = Field.MODEL.value


class Tier(StrEnum):
    """Where a loaded model came from: the log's `cache_tier`."""

    MEMORY = "memory"
    DISK = "disk"
    EFS = "efs"
    STORE = "s3"


class Metric(StrEnum):
    """Metric name; the properties say how it is emitted."""

    # Names are looked up on every request; an enum's own hash is a Python call.
    __hash__ = str.__hash__

    REQUESTS = "requests"
    """Calls of the API that reached the function, whatever became of them; no shadow copies."""
    ERRORS = "errors"
    """Requests that failed through the service's fault: answered with a status of 500 or above. 0
    for each other request, so that the average is the share.

    These are all the kinds of 5xx in `functions.shared.errors`: time that ran out, a model that is
    not what was signed or cannot be loaded, a store that refuses or does not answer, a model that
    fails on its input, and the unforeseen. Time and the model count although an input may be what
    they failed on: the caller cannot tell, and it had passed the model's signature. A refusal (4xx)
    is the caller's and never counts; nor does a failure of a shadow or of loading ahead, which no
    caller meets. What never reached the function or killed it is not here: the gateway's 5xx counts
    that as well."""
    LATENCY = "latency_ms"
    INFERENCE = "inference_ms"
    COLD_STARTS = "cold_starts"
    COLD_INIT = "cold_init_ms"
    COLD_ROUTE = "cold_route_ms"
    COLD_LOAD = "cold_load_ms"
    COLD_FIRST_INFERENCE = "cold_first_inference_ms"
    CACHE_HIT_MEMORY = "cache_hit_memory"
    CACHE_HIT_DISK = "cache_hit_disk"
    CACHE_HIT_EFS = "cache_hit_efs"
    CACHE_MISS = "cache_miss"
    LOAD_DISK = "load_disk_ms"
    LOAD_EFS = "load_efs_ms"
    LOAD_S3 = "load_s3_ms"
    CACHE_EVICTIONS = "cache_evictions"
    CACHE_DISK_REFUSED = "cache_disk_refused"
    CACHE_EFS_REFUSED = "cache_efs_refused"
    CACHE_CORRUPT = "cache_corrupt"
    STALE_READS = "registry_stale_reads"
    INTEGRITY_FAILURES = "model_integrity_failures"
    SHADOW_SENT = "shadow_sent"
    SHADOW_DROPPED = "shadow_dropped"
    SHADOW_AGREED = "shadow_agreed"
    SHADOW_DIFFERED = "shadow_differed"

    @property
    def unit(self) -> str:
        """CloudWatch unit."""
        return "Milliseconds" if self.value.endswith("_ms") else "Count"

    @property
    def per_model(self) -> bool:
        """Emitted by serving group and model."""
        return self in (Metric.REQUESTS, Metric.ERRORS, Metric.LATENCY, Metric.INFERENCE)

    @property
    def of_group(self) -> bool:
        """Emitted by serving group alone."""
        return self is not Metric.INFERENCE
