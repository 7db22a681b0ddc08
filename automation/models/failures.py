"""What `warmline models` tells a person when it cannot do what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from automation.errors import Failure
from contracts.route import Route


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with what was given."""

    key: str
    """The setting, option or file that is wrong."""
    value: str
    limit: str
    reason: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.key} is {self.value}; it must be {self.limit}, because {self.reason}"


class Refused(Failure):
    """Everything that is wrong with a model, told at once; nothing was uploaded."""

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  - {problem}. {problem.way_out}" for problem in problems)
        super().__init__(f"{subject} has {count}:{lines}", "Nothing was uploaded.")


class VersionExists(Failure):
    """The version number belongs to other content, for ever."""


class NotFound(Failure):
    """The registry has no such model or version."""


class WrongRegion(Failure):
    """A write outside the registry's home region."""


class Conflict(Failure):
    """Someone else changed the route first; `present` is what it is now."""

    def __init__(self, model: str, expected: int, present: Route | None) -> None:
        self.present = present
        self.revision = present.revision if present else 0
        now = f"revision {self.revision}" if present else "no route yet (revision 0)"
        super().__init__(
            f"the route of {model} was to be at revision {expected}, but the registry has {now}: "
            "someone changed it in between, and nothing was written now",
            f"Look at it with `warmline models show {model}`, then repeat with "
            f"`--expect {self.revision}`.",
        )
