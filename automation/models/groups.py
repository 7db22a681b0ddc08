"""Which serving group a model belongs to, by what the stack's groups list."""

from collections.abc import Mapping
from typing import Any

from automation.errors import Failure
from automation.models.stack import Stack
from contracts.registry import ANY_MODEL


def group_for(stack: Stack, model: str, asked: str | None = None) -> str:
    """The group whose settings list the model, else the one that serves every other.

    Raises `Failure` where `asked` names another group, or none of the stack.
    """
    groups: Mapping[str, Mapping[str, Any]] = stack["serving_groups"]
    listing = next((name for name, about in groups.items() if model in about["models"]), None)
    serving = listing or next(n for n, about in groups.items() if ANY_MODEL in about["models"])
    if asked is not None and asked not in groups:
        raise Failure(
            f"the stack has no serving group {asked!r}",
            f"Serving groups: {', '.join(sorted(groups))}",
        )
    if asked is not None and asked != serving:
        lists = f"group {listing!r} lists it" if listing else f"no group but {serving!r} takes it"
        raise Failure(
            f"--group is {asked!r}; {model} is served by group {serving!r}, because {lists} in the "
            "stack file and the API sends its requests there",
            f"Leave --group out, or list {model} in `models` of group {asked!r} in the stack file, "
            "nowhere else, and bring the stack up.",
        )
    return serving
