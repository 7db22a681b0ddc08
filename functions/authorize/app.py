"""Judges one request: a policy, an error that becomes 401, or one that becomes 500.

One line of log says how it ended and why. Whatever goes wrong, nothing is granted.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.api_routes import MODEL_ROUTES
from contracts.log_line import AUTHORIZER
from contracts.log_line import AuthorizerField as Field
from functions.authorize.answer import answer, asked
from functions.authorize.config import Config
from functions.authorize.keys import IssuerKeys
from functions.authorize.refusals import IssuerUnavailable, Refused, Unauthorized
from functions.authorize.tokens import Expected, verified
from functions.shared import trace
from functions.shared.scopes import scopes_in
from functions.shared.telemetry import write_line


@dataclass(frozen=True, kw_only=True)
class Ports:
    config: Config
    keys: IssuerKeys
    lambda_trace: Callable[[], str] = str
    """What X-Ray's header of this invocation says; empty = nothing."""
    now: Callable[[], float] = time.time
    write: Callable[[str], None] = write_line


def handle(event: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    """Raises `Unauthorized` for a token that is not good, `IssuerUnavailable` when none can be
    judged."""
    outcome: dict[str, str] = {Field.DECISION: "unauthorized"}
    found = None
    try:
        found = _judged(event, ports, outcome)
    except Refused as refused:
        outcome |= {Field.REASON: refused.reason, Field.DETAIL: refused.detail}
    except IssuerUnavailable as error:
        outcome |= {
            Field.DECISION: "unavailable",
            Field.REASON: "issuer",
            Field.DETAIL: str(error),
        }
    except Exception as error:  # noqa: BLE001 - an event or a token that nobody thought of
        outcome |= {Field.REASON: "unexpected", Field.DETAIL: type(error).__name__}
    if (xray_id := trace.read({}, ports.lambda_trace()).xray_id) is not None:
        outcome[Field.XRAY_TRACE_ID] = xray_id
    if ports.keys.problem:
        outcome[Field.ISSUER] = ports.keys.problem
    ports.write(json.dumps({AUTHORIZER: outcome}))
    if outcome[Field.DECISION] == "unavailable":
        raise IssuerUnavailable("the issuer's keys cannot be had")
    if found is None:
        raise Unauthorized
    return found


def _judged(event: Mapping[str, Any], ports: Ports, outcome: dict[str, str]) -> dict[str, Any]:
    stage_arn, route = asked(event["methodArn"])
    claims = verified(
        event["authorizationToken"],
        ports.keys,
        Expected(issuer=ports.config.issuer, audience=ports.config.audience),
        ports.now(),
    )
    needed = MODEL_ROUTES.get(route or "")
    if needed in scopes_in(claims):
        outcome[Field.DECISION] = "allowed"
    else:
        outcome |= {
            Field.DECISION: "forbidden",
            Field.REASON: "scope",
            Field.DETAIL: f"needs {needed}",
        }
    return answer(claims, stage_arn, ports.config)
