"""Reads a stack's configuration once, and reports every problem in one error."""

import json
from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from settings.model import Settings

SECTIONS = tuple(name for name in Settings.model_fields if name not in ("region", "endpoint_url"))
_MAX_SHOWN = 60


def load(config: pulumi.Config, stack: str) -> Settings:
    """The settings of `stack`; `config` is the project's own namespace.

    Raises `pulumi.RunError` that lists every problem with the file and the key.
    """
    project = config.name
    given = {**get_config_env(), **CONFIG.get()}
    known = {f"{project}:{name}" for name in (*SECTIONS, "endpoint_url")}
    problems = [
        f"{key}: no such setting; there are {', '.join(sorted(known))}"
        for key in sorted(given)
        if key.startswith(f"{project}:") and key not in known
    ]
    raw: dict[str, Any] = {
        "region": pulumi.Config("aws").get("region"),
        "endpoint_url": config.get("endpoint_url") or None,
    }
    for section in SECTIONS:
        text = config.get(section)
        if text is None:
            continue
        try:
            raw[section] = json.loads(text)
        except ValueError:
            raw[section] = text
    try:
        settings = Settings.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        problems += _lines(error, project)
    else:
        if not problems:
            return settings
    listed = "\n".join(f"  {problem}" for problem in problems)
    raise pulumi.RunError(f"Pulumi.{stack}.yaml has {len(problems)} problem(s):\n{listed}")


def _lines(error: ValidationError, project: str) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        location = [str(part) for part in detail["loc"]]
        if location and location[0] == "region":
            key = "aws:region"
        else:
            key = f"{project}:{'.'.join(location)}"
        if detail["type"] == "value_error":
            # Rules between keys come as lines that name their key themselves.
            for line in str(detail["ctx"]["error"]).splitlines() if "ctx" in detail else []:
                yield f"{key}{'' if key.endswith(':') else ': '}{line}"
            continue
        shown = detail["input"]
        plain = isinstance(shown, str | int | float | bool) or shown is None
        value = f" (it is {str(shown)[:_MAX_SHOWN]!r})" if plain else ""
        yield f"{key}: {detail['msg'][:1].lower()}{detail['msg'][1:]}{value}"
