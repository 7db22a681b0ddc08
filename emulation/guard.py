"""Starts MiniStack for this machine's own programs; run by the emulator's interpreter, not by ours.

MiniStack asks nobody who they are and lets every web page read its answers. A page in the user's
browser could make a function here, and so run code as the user: by a request that needs no
preflight, or under a name of its own that leads to 127.0.0.1. Browsers say where a request comes
from, so those are refused. Other users of the machine are not: docs/threat-model.md.
"""

import asyncio.constants
import importlib
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Fetch = Callable[[Any, float], Any]
Context = Callable[[bytes], dict[str, Any]]
Application = Callable[[Mapping[str, Any], Any, Send], Awaitable[None]]

FORBIDDEN = 403
_HERE = re.compile(
    r"(?:https?://)?(?:127\.0\.0\.1|\[::1\]|(?:[A-Za-z0-9_.$-]+\.)?localhost)(?::\d+)?"
)
TLS_GOODBYE_SECONDS = 0.5
"""How long a closing connection waits for its other end's goodbye, which one that is idle, and does
not listen, never says: with Python's own 30 s the emulator would not end when it is told to."""
_TEXT = b"The emulator answers programs of this machine, not web pages of others.\n"


def is_local(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a program of this machine asks, or a page that it serves itself."""
    sent = {name.lower(): value.decode("latin-1") for name, value in headers}
    return (
        _HERE.fullmatch(sent.get(b"host", "")) is not None
        and (b"origin" not in sent or _HERE.fullmatch(sent[b"origin"]) is not None)
        and sent.get(b"sec-fetch-site") != "cross-site"
    )


def guarded(application: Application) -> Application:
    """`application` for those who may ask; 403 for the others."""

    async def guard(scope: Mapping[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan" or is_local(scope["headers"]):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [
                (b"content-type", b"text/plain"),
                (b"content-length", str(len(_TEXT)).encode()),
            ]
            await send({"type": "http.response.start", "status": FORBIDDEN, "headers": headers})
            await send({"type": "http.response.body", "body": _TEXT})

    return guard


def over_tls(fetch: Fetch, own: str) -> Fetch:
    """`fetch` that reaches the emulator itself over TLS; `own` is its address in plain HTTP.

    Its JWT authorizers ask for the keys of its user pools in plain HTTP, which it refuses itself
    while it speaks TLS, so that no token would ever be accepted.
    """

    def reach(asked: Any, seconds: float) -> Any:
        if isinstance(asked, str) and asked.startswith(own):
            asked = f"https{asked.removeprefix('http')}"
        return fetch(asked, seconds)

    return reach


def of_any_type(matches: Callable[..., bool]) -> Callable[..., bool]:
    """`matches` for which `*/*` also takes what says no type.

    API Gateway takes a request without Content-Type or Accept for one of JSON, which `*/*`
    includes; the emulator would hand such a body on as text, and destroy a binary tensor.
    """

    def any_type(media_type: str | None, binary_media_types: Iterable[str] | None) -> bool:
        return "*/*" in (binary_media_types or ()) or matches(media_type, binary_media_types)

    return any_type


def with_leading_keys(context_of: Context, tables: Mapping[str, Any]) -> Context:
    """`context_of` a request of DynamoDB, with the key of the item that it names.

    The emulator knows no `dynamodb:LeadingKeys`, and takes a condition that `ForAllValues` of
    them are certain ones for met.
    """

    def context(body: bytes) -> dict[str, Any]:
        found = context_of(body)
        try:
            asked = json.loads(body)
            named = asked["Key"][tables[asked["TableName"]]["pk_name"]]
        except (ValueError, KeyError, TypeError):
            return found  # names no item, or none of a table that is there
        return found | {"dynamodb:LeadingKeys": list(named.values())}

    return context


def of_whole_function(reserved: Callable[..., Any], functions: Mapping[str, Any]) -> Any:
    """`reserved` executions of a function, which are those of its published versions too.

    The emulator notes the number with the function, and looks for it with what runs: a version
    that an alias leads to would have no limit.
    """

    def of(record: Any, config: Mapping[str, Any]) -> Any:
        return reserved(functions.get(str(config.get("FunctionName"))) or record, config)

    return of


if __name__ == "__main__":
    # By name: beside this file lies another `ministack`.
    ministack: Any = importlib.import_module("ministack.app")
    rest: Any = importlib.import_module("ministack.services.apigateway_v1")
    rest._media_type_matches = of_any_type(rest._media_type_matches)
    lambdas: Any = importlib.import_module("ministack.services.lambda_svc")
    lambdas._reserved_concurrency = of_whole_function(
        lambdas._reserved_concurrency, lambdas._functions
    )
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    tables: Any = importlib.import_module("ministack.services.dynamodb")._tables
    actions.dynamodb_service_context = with_leading_keys(actions.dynamodb_service_context, tables)
    if "USE_SSL" in os.environ:
        asyncio.constants.SSL_SHUTDOWN_TIMEOUT = TLS_GOODBYE_SECONDS
        gateway: Any = importlib.import_module("ministack.services.apigateway")
        gateway._urlopen_sync = over_tls(
            gateway._urlopen_sync, f"http://{gateway._HOST}:{gateway._PORT}/"
        )
    ministack.app = guarded(ministack.app)
    ministack.main()
