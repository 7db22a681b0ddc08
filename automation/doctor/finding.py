"""What a check says: all is well, a problem with its way out, or that it could not be asked."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What came out of a check."""

    OK = "ok"
    PROBLEM = "problem"
    NOT_ASKED = "not asked"
    """Nothing is known: neither passed nor failed."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check says."""

    verdict: Verdict
    found: str = ""
    needed: str = ""
    why: str = ""
    """Why it is needed; for a check that was not asked, why not."""
    action: str = ""


class CannotAsk(Exception):
    """A probe has no answer here; the text says why."""


def ok(found: str) -> Finding:
    return Finding(verdict=Verdict.OK, found=found)


def problem(found: str, *, needed: str, why: str, action: str) -> Finding:
    return Finding(verdict=Verdict.PROBLEM, found=found, needed=needed, why=why, action=action)


def not_asked(why: str) -> Finding:
    return Finding(verdict=Verdict.NOT_ASKED, why=why)
