"""Entry point of the health function. It needs no token, so it tells nothing but live and ready."""

import os
from typing import Any

from contracts import registry
from functions.health import app
from functions.health.config import Config
from functions.shared.aws import AwsClient
from functions.shared.deadline import Deadline

CONFIG = Config.from_environ(os.environ)
CLIENT = AwsClient.from_environ(os.environ)
PROBE_KEY = registry.key("HEALTH", "HEALTH")
"""No item has it: an answer of "no such item" is what readiness asks for."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    def probe(deadline: Deadline) -> object:
        return CLIENT.get_item(CONFIG.registry_table, PROBE_KEY, deadline)

    return app.handle(event, probe)
