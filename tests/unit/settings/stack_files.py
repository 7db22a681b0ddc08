"""Stack files with chosen changes, loaded as the engine would."""

import copy
import json
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.config import set_all_config

import settings
from components.packaging import ROOT

PUBLISHER = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/central_1/a1B2c3D4e5"
DEV = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
STACKS = ("local", "dev", "prod")
ABSENT = object()
"""Stands for a key that is not there."""


def stack_file(stack: str = "dev") -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]


def load(config: dict[str, Any], stack: str = "dev") -> settings.Settings:
    set_all_config({k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()})
    return settings.load(pulumi.Config("warmline"), stack)


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The dev stack file with `section.key` set to a value, or without it."""
    config = copy.deepcopy(DEV)
    for path, value in changes:
        section, *keys = path.split(".")
        place: Any = config
        for step in (f"warmline:{section}", *keys[:-1]) if keys else ():
            place = place[int(step) if isinstance(place, list) else step]
        last = keys[-1] if keys else f"warmline:{section}"
        if value is ABSENT:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return config


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        load(config)
    return str(caught.value)
