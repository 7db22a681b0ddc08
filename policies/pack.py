"""The rules in force, sorted by id. A rule joins the pack by standing in one of these modules."""

from types import ModuleType

from policies.rule import Rule
from policies.rules import (
    api,
    code,
    conventions,
    encryption,
    exposure,
    identity,
    launch,
    network,
    resilience,
)

THEMES: tuple[ModuleType, ...] = (
    api,
    code,
    conventions,
    encryption,
    exposure,
    identity,
    launch,
    network,
    resilience,
)

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (found for theme in THEMES for found in vars(theme).values() if isinstance(found, Rule)),
        key=lambda rule: rule.id,
    )
)
