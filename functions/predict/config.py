"""The inference function's environment, read once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.env import PredictEnv
from contracts.manifest import MODEL_NAME
from contracts.protocol import MAX_BODY_BYTES
from functions.predict.keyring import Keyring
from functions.shared.environ import Reader

_ABSOLUTE = re.compile(r"/.+")


@dataclass(frozen=True, kw_only=True)
class Config:
    """See `contracts.env.PredictEnv` for what each name means."""

    serving_group: str
    registry_table: str
    model_bucket: str
    keyring: Keyring
    shadow_queue_url: str
    tenant_claim: str
    route_ttl_seconds: float
    memory_cache_mb: int
    disk_cache_mb: int
    efs_folder: str
    """Empty = there is none."""
    efs_cache_mb: int
    max_body_bytes: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Raises one `ConfigError` that lists everything missing or out of range."""
        read = Reader(environ)
        has_efs = read.has(PredictEnv.EFS_FOLDER)
        config: dict[str, Any] = {
            "serving_group": read.text(PredictEnv.SERVING_GROUP, pattern=MODEL_NAME),
            "registry_table": read.text(PredictEnv.REGISTRY_TABLE),
            "model_bucket": read.text(PredictEnv.MODEL_BUCKET),
            "keyring": read.parsed(PredictEnv.KEYRING, Keyring.parse),
            "shadow_queue_url": read.text(PredictEnv.SHADOW_QUEUE_URL, may_be_empty=True),
            "tenant_claim": read.text(PredictEnv.TENANT_CLAIM),
            "route_ttl_seconds": read.number(PredictEnv.ROUTE_TTL_SECONDS, 0, 300),
            "memory_cache_mb": read.whole(PredictEnv.MEMORY_CACHE_MB, 1, 10_240),
            "disk_cache_mb": read.whole(PredictEnv.DISK_CACHE_MB, 0, 10_240),
            "efs_folder": read.text(PredictEnv.EFS_FOLDER, pattern=_ABSOLUTE) if has_efs else "",
            "efs_cache_mb": read.whole(PredictEnv.EFS_CACHE_MB, 1, 1_048_576) if has_efs else 0,
            "max_body_bytes": read.whole(PredictEnv.MAX_BODY_BYTES, 1, MAX_BODY_BYTES),
        }
        read.finish()
        return cls(**config)
