"""Reads a stack's configuration once, and reports every problem in one error."""

import json
import re
from typing import Any, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from settings.read import Invalid, Reader
from settings.root import Settings
from settings.values import NAME_PATTERN

SECTIONS = tuple(name for name in Settings.model_fields if name not in ("region", "endpoint_url"))


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
    if not re.fullmatch(NAME_PATTERN, stack):
        problems.append(
            f"stack {stack!r}: its name must match {NAME_PATTERN}, because key aliases, the "
            "dashboard and log groups are named after it"
        )
    raw: dict[str, Any] = {"endpoint_url": config.get("endpoint_url") or None}
    region = pulumi.Config("aws").get("region")
    if region is not None:
        raw["region"] = region
    for section in SECTIONS:
        text = config.get(section)
        if text is None:
            continue
        try:
            raw[section] = json.loads(text)
        except ValueError:
            raw[section] = text
    reader = Reader()
    try:
        settings = reader.section(Settings, raw, f"{project}:")
    except Invalid:
        settings = None
    region_key = f"{project}:region:"
    for problem in reader.problems:
        is_region = problem.startswith(region_key)
        problems.append(f"aws:region:{problem[len(region_key) :]}" if is_region else problem)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise pulumi.RunError(f"Pulumi.{stack}.yaml has {len(problems)} problem(s):\n{listed}")
    return cast(Settings, settings)
