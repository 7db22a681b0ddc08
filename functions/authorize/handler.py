"""Entry point of the authorizer function."""

import os
from functools import partial
from typing import Any

from functions.authorize import app
from functions.authorize.config import Config
from functions.authorize.issuer import fetch_keys
from functions.authorize.keys import IssuerKeys
from functions.shared.trace import LAMBDA_VARIABLE

CONFIG = Config.from_environ(os.environ)
PORTS = app.Ports(
    config=CONFIG,
    keys=IssuerKeys(partial(fetch_keys, CONFIG.issuer, CONFIG.jwks_url)),
    lambda_trace=lambda: os.environ.get(LAMBDA_VARIABLE, ""),
)
# While the environment initialises it has a whole processor for the handshake with the issuer.
PORTS.keys.ask()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return app.handle(event, PORTS)
