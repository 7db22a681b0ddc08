"""What is wrong with a model, all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.failure import Failure


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
