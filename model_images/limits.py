"""How large a model version may be, and where each number comes from."""

from dataclasses import dataclass

MIB = 1024 * 1024

ONNX_FILE_BYTES = 2 * 1024 * MIB - 1
"""A protocol buffers message has at most 2 GiB; larger weights lie in external data files."""
OBJECT_BYTES = 5 * 1024 * MIB
"""Largest object of one S3 PutObject request (service quota, checked 2026-11)."""
FUNCTION_MEMORY_MB = 10_240
"""Largest memory, and largest /tmp, of a Lambda function (service quotas, checked 2026-11)."""
FILES = 64
"""Files of one version; each is one request of a cold load."""
MAX_BATCH_SIZE = 4096
DEFAULT_BATCH_SIZE = 32


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a version may take up in the stack that it is pushed to."""

    version_bytes: int = FUNCTION_MEMORY_MB * MIB
    """All files together."""
    memory_mb: int = FUNCTION_MEMORY_MB
    """Planned memory of the loaded model."""
    source: str = "a Lambda function has at most 10,240 MB of memory and of /tmp"
    """Why, for the message."""
