"""Drives one function's release: look, choose, do, until nothing is left to do."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from automation.errors import Failure
from automation.models.transaction import Unanswered
from automation.release import machine
from automation.release.aws import ReleasedFunction, Unlucky, lucky
from automation.release.machine import (
    Action,
    Check,
    ClearWeights,
    Cool,
    Done,
    Flip,
    Mark,
    Rules,
    Seen,
    Wait,
    Warm,
)
from automation.release.records import AtWork, Changed, Records
from contracts.release import Goal, ReleaseRecord

AGAIN = "Run the same command again: it goes on from here."
ASKED = "going back was asked for"


class Clock(Protocol):
    def time(self) -> float:
        """Seconds of the epoch."""
        ...

    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How patient a release is."""

    poll_seconds: float = 5
    lease_seconds: float = 120
    """How long a process that died keeps others away. Renewed at half of it."""
    attempts: int = 8
    """Tries of a step that is refused or lost in a passing way; the pauses double."""
    first_pause_seconds: float = 1
    longest_pause_seconds: float = 30


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a release ended."""

    function: str
    old: str
    new: str
    live: str
    problem: str
    """Empty when the alias is where it was to go."""
    steps: tuple[str, ...]


@dataclass(kw_only=True)
class Driver:
    """One process at work on one function."""

    function: ReleasedFunction
    records: Records
    rules: Rules
    check: Callable[[str], str]
    """Sends the golden requests to a version; what differs, in words, or nothing."""
    clock: Clock
    pace: Pace = field(default_factory=Pace)
    show: Callable[[str], None] = lambda _text: None
    choose: Callable[[Seen, Rules], Action] = machine.next_action
    started: float = field(init=False)
    steps: list[str] = field(default_factory=list[str], init=False)

    def __post_init__(self) -> None:
        self.started = self.clock.time()

    def look(self, record: ReleaseRecord) -> Seen:
        function = self.function
        alias = function.alias()
        alarms = function.alarms()
        return Seen(
            now=self.clock.time(),
            run_started=self.started,
            live=alias.version,
            alias_revision=alias.revision,
            record=record,
            weights=alias.weights,
            capacity=function.capacity(*{alias.version, record.old, record.new}),
            alarms=frozenset(name for name, state in alarms.items() if state == "ALARM"),
            state=function.state(record.aim) if alias.version != record.aim else "",
        )

    def drive(self) -> Ended:
        """Go on with the open record to its end.

        Raises `Failure` when another process is at work or a call is refused for good. A crash
        at any point leaves a record that the next run goes on from.
        """
        failed = 0
        while True:
            try:
                record = self._hold()
                if record is None:
                    continue
                action = self.choose(seen := self.look(record), self.rules)
                if isinstance(action, Done):
                    self.records.write(machine.ended(seen, action), record)
                    return self.ended(seen, action)
                self._do(action, seen)
            except Changed:
                continue  # the record is read anew, and tells what changed
            except Exception as error:
                cause = error if isinstance(error, Unanswered) else lucky(error)
                if not isinstance(cause, Unlucky | Unanswered):
                    raise
                failed += 1
                if failed == self.pace.attempts:
                    raise Failure(f"{cause} ({failed} times in a row)", AGAIN) from error
                self._pause(failed, str(cause))
            else:
                failed = 0

    def let_go(self) -> None:
        """Free the record for the next run; where that fails, the lease runs out by itself."""
        with suppress(Changed, Unanswered, BotoCoreError, ClientError):
            record = self.records.read()
            if record is not None and not record.ended and self.records.is_ours(record):
                self.records.write(replace(record, lease_until=0), record)

    def acquire(self) -> ReleaseRecord | None:
        """The record when no one else is at work; waits for the lease of one that may have died.

        Raises `AtWork` when the other one renews its lease, so is alive.
        """
        first = record = self.records.read()
        while record is not None and self.records.taken(record):
            if first is None or record.lease_until != first.lease_until:
                raise AtWork(record)
            left = record.lease_until - self.clock.time()
            self.show(f"{record.holder} may be at work: waiting {left:.0f} s for a sign of it")
            self.clock.sleep(max(0.1, min(self.pace.poll_seconds, left)))
            record = self.records.read()
        return record

    def turn_back(self) -> None:
        """Tell an open release, whoever drives it, to go back."""
        while True:
            record = self.records.read()
            if record is None or record.ended or record.back or record.goal is Goal.OLD:
                return
            if record.old == record.new:
                return
            try:
                self.records.write(replace(record, goal=Goal.OLD, reason=ASKED), record)
            except Changed:
                continue
            return

    def begin(self, record: ReleaseRecord, before: ReleaseRecord | None) -> None:
        """Raises `Failure` when another release was begun in between."""
        try:
            self.records.write(self.records.mine(record), before)
        except Changed:
            present = self.records.read()
            raise AtWork(present or record) from None

    def _hold(self) -> ReleaseRecord | None:
        """The record with this process at work; None = look once more."""
        record = self.records.read()
        if record is None or record.ended:
            raise Failure(
                f"the release record of {self.function.name} was closed by someone else", AGAIN
            )
        if self.records.taken(record):
            raise AtWork(record)
        if self.records.held(record):
            return record
        return self.records.write(self.records.mine(record), record)

    def _do(self, action: Action, seen: Seen) -> None:
        # Lambda takes changes of warm capacity unconditionally: never as a late guest of the lease.
        if not self.records.held(seen.record):
            raise Changed
        self.show(str(action))
        match action:
            case Wait(_, seconds):
                self.clock.sleep(min(self.pace.poll_seconds, seconds))
                return
            case Mark(_, changes):
                self.records.write(replace(seen.record, **changes), seen.record)
            case ClearWeights():
                self.function.move(seen.live, seen.alias_revision)
            case Warm(version, count):
                self.function.warm(version, count)
            case Check(version):
                self._check(version, seen)
            case Flip(version):
                self.function.move(version, seen.alias_revision)
            case Cool(version):
                self.function.cool(version)
            case Done():
                raise AssertionError(action)
        self.steps.append(str(action))

    def _check(self, version: str, seen: Seen) -> None:
        problem = self.check(version)
        changes = {"goal": Goal.OLD, "reason": problem} if problem else {"checked": True}
        self.records.write(replace(seen.record, **changes), seen.record)

    def _pause(self, failed: int, why: str) -> None:
        seconds = min(
            self.pace.first_pause_seconds * 2 ** (failed - 1), self.pace.longest_pause_seconds
        )
        self.show(f"again in {seconds:g} s: {why}")
        self.clock.sleep(seconds)

    def ended(self, seen: Seen, action: Done) -> Ended:
        return Ended(
            function=self.function.name,
            old=seen.record.old,
            new=seen.record.new,
            live=seen.live,
            problem=action.problem,
            steps=tuple(self.steps),
        )
