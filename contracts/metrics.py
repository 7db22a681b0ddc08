"""Metrics that functions emit and that alarms and dashboards read.

Dimensions are bounded: CloudWatch bills each combination. A model's name is a dimension only of the
four request metrics; everything else carries the serving group alone, and the rest of the detail is
a property of the log line, where queries find it at no extra price.
"""

from enum import StrEnum

NAMESPACE = "warmline"
GROUP_DIMENSION = "serving_group"
MODEL_DIMENSION = "model"


class Tier(StrEnum):
    """Where a loaded model came from: the log's `cache_tier`."""

    MEMORY = "memory"
    DISK = "disk"
    EFS = "efs"
    STORE = "s3"


class Metric(StrEnum):
    """Metric name; `unit` and `per_model` say how it is emitted."""

    REQUESTS = "requests"
    ERRORS = "errors"
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
        return self in (Metric.REQUESTS, Metric.ERRORS, Metric.LATENCY, Metric.INFERENCE)
