"""What the checks read in the stack file; where it cannot be read, they cannot ask."""

from collections.abc import Mapping
from typing import Any

from automation.doctor.finding import CannotAsk
from automation.doctor.probes import Probes
from automation.errors import Failure
from automation.workspace import NAMESPACE


def source(probes: Probes) -> Mapping[str, Any]:
    try:
        return probes.source()
    except Failure:
        raise CannotAsk("the stack file cannot be read") from None


def section(probes: Probes, name: str) -> Mapping[str, Any]:
    found = source(probes)["config"].get(f"{NAMESPACE}:{name}") or {}
    if not isinstance(found, dict):
        raise CannotAsk(f"the stack file has no mapping {NAMESPACE}:{name}")
    return found


def reserved_together(probes: Probes) -> int:
    """Executions that the serving groups reserve. Raises `CannotAsk`."""
    groups = source(probes)["config"].get(f"{NAMESPACE}:groups") or []
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise CannotAsk(f"the stack file has no list {NAMESPACE}:groups")
    return sum(group.get("reserved_concurrency") or 0 for group in groups)
