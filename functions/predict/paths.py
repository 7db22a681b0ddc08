"""Paths of the Open Inference Protocol v2."""

import re
from typing import NamedTuple

from contracts.manifest import MAX_VERSION, MODEL_NAME
from functions.predict.authorise import no_model
from functions.shared.errors import ModelNotFound, RouteNotFound

_PATH = re.compile(r"/v2(?:/models/([^/]+)(?:/versions/([^/]+))?(?:/(ready|infer))?)?/?")
_VERSION = re.compile(r"[1-9][0-9]{0,9}")


class Operation(NamedTuple):
    """What a request asks for. Without a model: the server's own metadata."""

    verb: str
    """`metadata`, `ready` or `infer`."""
    model: str | None
    version: int | None


def parse(method: str, path: str) -> Operation:
    """Raises `RouteNotFound`, or `ModelNotFound` for a name or version that cannot exist."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise RouteNotFound("No operation has this path.")
    model, version, verb = match.groups()
    needed = "POST" if verb == "infer" else "GET"
    if method != needed:
        raise RouteNotFound(f"This path takes {needed} only.")
    if model is not None and not MODEL_NAME.fullmatch(model):
        raise no_model()
    return Operation(verb or "metadata", model, None if version is None else _version(version))


def _version(text: str) -> int:
    if not _VERSION.fullmatch(text) or int(text) > MAX_VERSION:
        raise ModelNotFound(f"version must be a whole number from 1 to {MAX_VERSION}.")
    return int(text)
