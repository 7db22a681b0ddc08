"""`warmline release record`: keeps a request and what the live code version answers to it."""

import json
from dataclasses import dataclass
from pathlib import Path

from automation.errors import Failure
from automation.models.registry import Registry
from automation.models.stack import Stack
from automation.predict import request_body
from automation.release.run import functions_of, golden_of
from contracts.release import ALIAS


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A model version, and how many golden requests it has."""

    model: str
    version: int
    cases: int


def record(
    stack: Stack, model: str, file: Path, *, version: int | None, compare: str, tolerance: float
) -> list[Kept]:
    """Raises `Failure` for a model or version that does not exist, or that refuses the request."""
    registry = Registry.of(stack)
    found = registry.model(model)
    group = found.serving_group if found else ""
    if group not in functions_of(stack):
        raise Failure(
            f"the stack has no model {model!r}"
            if not found
            else f"{model} is of group {group!r}, "
            f"which this stack does not have ({', '.join(functions_of(stack))})",
            "See what is registered: `warmline models list`.",
        )
    request = json.loads(request_body(file, model))
    golden = golden_of(stack, group)
    versions = [version] if version is not None else _weighted(registry, model)
    return [
        Kept(
            model=model,
            version=one,
            cases=golden.record(
                model, one, request, qualifier=ALIAS, compare=compare, tolerance=tolerance
            ),
        )
        for one in versions
    ]


def _weighted(registry: Registry, model: str) -> list[int]:
    route = registry.route(model)
    if route is None:
        raise Failure(
            f"{model} has no route, so no version answers",
            f"Name a version with --version, or route to one: `warmline models route {model} "
            "--to ...`.",
        )
    return [version for version, _ in route.weights]
