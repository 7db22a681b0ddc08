"""Paths of the Open Inference Protocol v2."""

import re
from typing import NamedTuple

from contracts.manifest import MAX_VERSION, MODEL_NAME
from functions.predict.authorise import no_model
from functions.shared.errors import ModelNotFound, RouteNotFound

_VERSION = re.compile(r"[1-9][0-9]{0,9}")


class Operation(NamedTuple):
    """What a request asks for. Without a model: the server's own metadata."""

    verb: str
    """`metadata`, `ready` or `infer`."""
    model: str | None = None
    version: int | None = None


def parse(method: str, path: str) -> Operation:
    """Raises `RouteNotFound`, or `ModelNotFound` for a name or version that cannot exist."""
    match path.strip("/").split("/"):
        case ["v2"]:
            found = Operation("metadata")
        case ["v2", "models", model]:
            found = Operation("metadata", _model(model))
        case ["v2", "models", model, ("ready" | "infer") as verb]:
            found = Operation(verb, _model(model))
        case ["v2", "models", model, "versions", version]:
            found = Operation("metadata", _model(model), _version(version))
        case ["v2", "models", model, "versions", version, ("ready" | "infer") as verb]:
            found = Operation(verb, _model(model), _version(version))
        case _:
            raise RouteNotFound("No operation has this path.")
    needed = "POST" if found.verb == "infer" else "GET"
    if method != needed:
        raise RouteNotFound(f"This path takes {needed} only.")
    return found


def _model(text: str) -> str:
    if not MODEL_NAME.fullmatch(text):
        raise no_model()
    return text


def _version(text: str) -> int:
    if not _VERSION.fullmatch(text) or int(text) > MAX_VERSION:
        raise ModelNotFound(f"version must be a whole number from 1 to {MAX_VERSION}.")
    return int(text)
