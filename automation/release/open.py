"""Releases that began and have not ended: which, and how to go on or back."""

from dataclasses import dataclass

from automation.models.registry import Registry
from automation.models.stack import Stack
from automation.release.records import Records
from automation.release.run import functions_of
from contracts.release import Goal


@dataclass(frozen=True, kw_only=True)
class OpenRelease:
    """One of a serving group's function."""

    serving_group: str
    function: str
    old: str
    new: str
    aim: str
    """The version that the alias shall end on."""
    holder: str
    """The process that is at work; empty = none, so that it waits for somebody."""
    reason: str
    """Why it goes back; empty = it goes on."""

    def __str__(self) -> str:
        way = f"version {self.old} to {self.new}"
        back = f", going back to {self.aim}" if self.reason else ""
        at_work = f"; {self.holder} is at work" if self.holder else "; nobody is at work"
        return f"{self.serving_group} ({self.function}): {way}{back}{at_work}"


def way_out(stack: str) -> str:
    option = "" if stack == "local" else f" --stack {stack} --yes"
    return f"go on: warmline release{option}; go back: warmline release --back{option}"


def open_releases(stack: Stack, *, now: float) -> list[OpenRelease]:
    """`now`: seconds of the epoch. Reads one item for each serving group."""
    registry = Registry.of(stack)
    found: list[OpenRelease] = []
    for group, function in sorted(functions_of(stack).items()):
        records = Records(registry=registry, function=function, now=lambda: now, lease_seconds=0)
        record = records.read()
        if record is None or record.ended:
            continue
        found.append(
            OpenRelease(
                serving_group=group,
                function=function,
                old=record.old,
                new=record.new,
                aim=record.aim,
                holder=record.holder if records.taken(record) else "",
                reason=record.reason if record.goal is Goal.OLD else "",
            )
        )
    return found
