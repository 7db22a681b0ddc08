"""The decorator that turns a pure check into a rule."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policies.props import MalformedError, Resource, Stack
from policies.tokens import Token
from policies.verdict import NotApplicable, Problem, Unknown, Verdict, Violation

ALONE = Stack()


class Severity(StrEnum):
    """LOW is reported; everything above it stops the deployment."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A check with what a person needs to act on it.

    `check(resource)` judges a resource alone, `check(resource, stack)` with its neighbours. Its
    keyword-only parameters are limits: the pack's configuration may replace their defaults.
    """

    id: str
    on: frozenset[Token]
    severity: Severity
    why: str
    fix: str
    theme: str
    check: Callable[..., Verdict]

    @property
    def needs_stack(self) -> bool:
        return any(p.name == "stack" for p in self._parameters())

    @property
    def limits(self) -> Mapping[str, Any]:
        """Name -> default."""
        return {p.name: p.default for p in self._parameters() if p.kind is p.KEYWORD_ONLY}

    def evaluate(self, resource: Resource, stack: Stack = ALONE, **limits: Any) -> Verdict:
        """As the engine needs it: `UnknownValueError` passes through."""
        if resource.token not in self.on:
            return NotApplicable("another resource type")
        neighbours = (stack,) if self.needs_stack else ()
        try:
            return self.check(resource, *neighbours, **limits)
        except MalformedError as error:
            return Violation((Problem(error.path, error.text),))

    def judge(self, resource: Resource, stack: Stack = ALONE, **limits: Any) -> Verdict:
        """As tests and reports need it: an unknown is a verdict."""
        try:
            return self.evaluate(resource, stack, **limits)
        except UnknownValueError as error:
            return Unknown(f"{'.'.join(error.props)} is not known before deployment")

    def message(self, resource: Resource, problem: Problem) -> str:
        """`models: rules[0].kmsMasterKeyId is absent. Fix: ... [s3-bucket-customer-key]`."""
        return f"{resource.name}: {problem}. Fix: {self.fix} [{self.id}]"

    def _parameters(self) -> Iterable[inspect.Parameter]:
        return inspect.signature(self.check).parameters.values()


def rule(
    id: str,  # noqa: A002 - the word rules are known by
    *,
    on: Token | Iterable[Token],
    severity: Severity,
    why: str,
    fix: str,
) -> Callable[[Callable[..., Verdict]], Rule]:
    """Id is `service-subject-requirement`; the theme is the module the check stands in."""

    def decorate(check: Callable[..., Verdict]) -> Rule:
        tokens = frozenset({on} if isinstance(on, Token) else on)
        theme = check.__module__.rpartition(".")[2]
        return Rule(id=id, on=tokens, severity=severity, why=why, fix=fix, theme=theme, check=check)

    return decorate
