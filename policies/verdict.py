"""What a rule says about a resource.

Texts are `LiteralString`: the type checker refuses a message that a property's value was formatted
into, because the engine hands rules secrets in clear text. Numbers, which limits are about, pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from pulumi_policy.proxy import UnknownValueError


@dataclass(frozen=True)
class Problem:
    path: str
    """Where in the resource's inputs, as `rules[0].kmsMasterKeyId`."""
    text: str

    def __str__(self) -> str:
        return f"{self.path} {self.text}"


@dataclass(frozen=True)
class Compliant:
    pass


@dataclass(frozen=True)
class Violation:
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class NotApplicable:
    why: str


@dataclass(frozen=True)
class Unknown:
    """A value the rule needs is not known before deployment: neither pass nor violation. Reading
    such a value raises `UnknownValueError`, which only the engine or `Rule.judge` catches.
    """

    why: str


Verdict = Compliant | Violation | NotApplicable | Unknown


def problem(
    path: str, text: LiteralString, *, seen: float | None = None, limit: float | None = None
) -> Problem:
    """One way in which a resource fails: `timeout is above the limit (60, limit 29)`."""
    numbers = [f"{seen:g}"] if seen is not None else []
    numbers += [f"limit {limit:g}"] if limit is not None else []
    return Problem(path, f"{text} ({', '.join(numbers)})" if numbers else text)


def ok() -> Verdict:
    return Compliant()


def violation(path: str, text: LiteralString, *, seen: float | None = None) -> Verdict:
    return Violation((problem(path, text, seen=seen),))


def not_applicable(why: LiteralString) -> Verdict:
    return NotApplicable(why)


def judged(problems: Iterable[Problem]) -> Verdict:
    """Compliant without problems. Those found before a value turns out unknown are certain, so they
    are reported; with none found, the unknown decides.
    """
    found: list[Problem] = []
    try:
        found.extend(problems)
    except UnknownValueError:
        if not found:
            raise
    return Violation(tuple(found)) if found else Compliant()
