"""Names of the environment variables that a component sets and a function reads.

A contract test compares the environment of each deployed function with the names its `config.py`
reads, so a name missing on either side fails before deployment.
"""

from enum import StrEnum


class PredictEnv(StrEnum):
    """Environment of the inference function."""

    SERVING_GROUP = "WARMLINE_SERVING_GROUP"
    """Name of the serving group; a metric dimension."""
    REGISTRY_TABLE = "WARMLINE_REGISTRY_TABLE"
    """DynamoDB table with routes, model versions and tenants (`contracts.registry`)."""
    MODEL_BUCKET = "WARMLINE_MODEL_BUCKET"
    """S3 bucket that holds the files of every model version."""
    KEYRING = "WARMLINE_KEYRING"
    """Pinned public keys: JSON object, key name -> base64 of the DER SubjectPublicKeyInfo."""
    SHADOW_QUEUE_URL = "WARMLINE_SHADOW_QUEUE_URL"
    """SQS queue that takes copies of requests for shadow versions; empty = shadowing is off."""
    TENANT_CLAIM = "WARMLINE_TENANT_CLAIM"
    """Token claim whose value identifies the caller in the registry's tenant items."""
    ROUTE_TTL_SECONDS = "WARMLINE_ROUTE_TTL_SECONDS"
    """How long a route, version or tenant item is used before it is read again."""
    MEMORY_CACHE_MB = "WARMLINE_MEMORY_CACHE_MB"
    """Upper bound for loaded models in memory, MiB."""
    DISK_CACHE_MB = "WARMLINE_DISK_CACHE_MB"
    """Upper bound for model files in the function's temporary folder, MiB."""
    EFS_FOLDER = "WARMLINE_EFS_FOLDER"
    """Folder on a file system that other hosts share, for model files; absent = no such tier."""
    EFS_CACHE_MB = "WARMLINE_EFS_CACHE_MB"
    """Upper bound for model files in that folder, MiB; with it only."""
    MAX_BODY_BYTES = "WARMLINE_MAX_BODY_BYTES"
    """Largest decoded request body that is accepted, bytes."""


OPTIONAL = frozenset({PredictEnv.EFS_FOLDER, PredictEnv.EFS_CACHE_MB})
"""Names that are there only where their tier is."""


class HealthEnv(StrEnum):
    """Environment of the health function."""

    REGISTRY_TABLE = "WARMLINE_REGISTRY_TABLE"


class AuthorizeEnv(StrEnum):
    """Environment of the function that judges tokens for a REST API."""

    ISSUER = "WARMLINE_ISSUER"
    """Compared byte for byte with the token's `iss`."""
    JWKS_URL = "WARMLINE_JWKS_URL"
    """Where the issuer's keys are; empty = as its discovery document says."""
    AUDIENCE = "WARMLINE_AUDIENCE"
    """JSON list of the audiences that are accepted, at least one."""
    TENANT_CLAIM = "WARMLINE_TENANT_CLAIM"
    """Token claim whose value identifies the caller in the registry's tenant items."""
    USAGE_PLANS_OF = "WARMLINE_USAGE_PLANS_OF"
    """Name under which the tenants' usage plans have their keys (`contracts.authorizer.usage_key`);
    empty = there are none."""
