"""What `warmline models` tells a person when it cannot do what was asked."""

from automation.errors import Failure
from contracts.route import Route


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
