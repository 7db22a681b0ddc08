"""`warmline predict`: one request through the API, as any client would send it."""

import json
import sys
import urllib.error
from http import HTTPStatus
from pathlib import Path
from typing import Any

from automation import access
from automation.errors import Failure
from automation.outputs import Outputs

TIMEOUT_SECONDS = 35
"""Just above what API Gateway waits for an integration."""

DEMO = "magika"
EXAMPLE = (
    'A request looks like {"inputs": [{"name": ..., "datatype": ..., "shape": ..., "data": ...}]}; '
    "`warmline models show MODEL --version N` names the inputs."
)


def predict(
    result: Outputs, model: str, file: Path | None, *, tenant: str | None = None
) -> dict[str, Any]:
    """For the demo model, what kind of file `file` is; for others, the answer to the request."""
    if model == DEMO and file is not None:
        from automation.models import demo  # imports the model's own package

        return demo.classify(result, [file], tenant=tenant)[0]
    return infer(result, model, request_body(file, model), tenant=tenant)


def infer(result: Outputs, model: str, body: bytes, *, tenant: str | None = None) -> dict[str, Any]:
    """POST an Open Inference Protocol request in JSON; returns the answer's JSON.

    Raises `Failure` with the problem's title and detail when the API refuses.
    """
    token = access.obtain(result, tenant=tenant)
    url = f"{result['api_url'].rstrip('/')}/v2/models/{model}/infer"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        return access.post(result, url, body, headers, seconds=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        raise Failure(*_problem(error, model)) from error


def request_body(path: Path | None, model: str) -> bytes:
    """A request in JSON for `model`, from a file or standard input (`-` or None).

    Raises `Failure` when it is no JSON object with inputs.
    """
    name = "standard input" if path in (None, Path("-")) else str(path)
    try:
        content = sys.stdin.buffer.read() if path in (None, Path("-")) else path.read_bytes()
    except OSError as error:
        raise Failure(
            f"{name} cannot be read: {error.strerror}", "Name a readable file."
        ) from error
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise Failure(
            f"{name} is not JSON ({error}); {model} takes a request in JSON, and only {DEMO} takes "
            "any file",
            f"Check the model's name: warmline models list\n{EXAMPLE}",
        ) from error
    if not isinstance(parsed, dict) or "inputs" not in parsed:
        raise Failure(f"{name} has no `inputs`", EXAMPLE)
    return content


def _problem(error: urllib.error.HTTPError, model: str) -> tuple[str, str]:
    text = error.read().decode("utf-8", "replace")
    action = ""
    try:
        problem = json.loads(text)
        detail = problem.get("detail") or problem.get("title") or problem.get("message") or text
        action = problem.get("action") or ""
    except (ValueError, AttributeError):
        detail = text
    if error.code == HTTPStatus.NOT_FOUND:
        action = (
            "A caller is not told why. Either the name is misspelt, or the model has no route "
            "(`warmline models list` shows both), or the tenant's `models` in the stack file do "
            "not name it."
        )
    return f"{model} answered {error.code}: {detail}", action or "See what runs: warmline status"
