"""Entry point of the inference function: requests of the HTTP API, and shadow copies from SQS."""

import os
import time
from typing import Any

_STARTED = time.perf_counter()

from functions.predict import gateway, shadow, wiring  # noqa: E402 - the clock starts before them
from functions.predict.config import Config  # noqa: E402

PORTS = wiring.connect(Config.from_environ(os.environ), os.environ)
PORTS.environment.init_ms = (time.perf_counter() - _STARTED) * 1000


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`context` is Lambda's; only its remaining time is read."""
    deadline = gateway.deadline_of(context)
    if "Records" in event:
        return shadow.consume(event, PORTS, deadline)
    return gateway.handle(event, deadline, PORTS)
