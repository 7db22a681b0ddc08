"""What a release does next: a pure function of what is seen. No call, no clock, no file.

Every step is chosen from a fresh look at Lambda, the alarms and the record, so it does not matter
which process looked before, how it ended, or whether the answer to its last call was lost.

Kept at every step: the alias never moves to a version whose wanted warm capacity is not READY, nor
forward to one whose golden requests were not answered; the other version's capacity goes as soon
as the release is decided; and the alias only ever moves between the record's two versions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.release import Goal, ReleaseRecord

READY, FAILED = "READY", "FAILED"
PENDING, BROKEN = "Pending", "Failed"
"""States of a version that Lambda still prepares (a snapshot, a network), and that it could not."""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Provisioned concurrency of one published version."""

    requested: int
    status: str
    """READY, IN_PROGRESS or FAILED."""
    reason: str = ""
    since: float = 0
    """Seconds of the epoch when it was last asked for."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One look at the function."""

    now: float
    run_started: float
    """When the process that looks began."""
    live: str
    """The version behind the alias."""
    alias_revision: str
    record: ReleaseRecord
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Left on the alias by a move that failed; warmline never sets any."""
    capacity: Mapping[str, Capacity] = field(default_factory=dict[str, Capacity])
    alarms: frozenset[str] = frozenset()
    """Names of the watched alarms that are on."""
    state: str = ""
    """Of the version that the alias has to move to."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the stack wants of a release."""

    wanted: int
    """Warm environments of the live version; 0 = none, and no configuration at all."""
    bake_seconds: float
    ready_timeout_seconds: float


@dataclass(frozen=True)
class ClearWeights:
    def __str__(self) -> str:
        return "clear the weights that an earlier move left on the alias"


@dataclass(frozen=True)
class Warm:
    version: str
    count: int

    def __str__(self) -> str:
        return f"put warm capacity {self.count} on version {self.version}"


@dataclass(frozen=True)
class Check:
    version: str

    def __str__(self) -> str:
        return f"send the golden requests to version {self.version}"


@dataclass(frozen=True)
class Flip:
    version: str

    def __str__(self) -> str:
        return f"move the alias to version {self.version}"


@dataclass(frozen=True)
class Cool:
    version: str

    def __str__(self) -> str:
        return f"remove the warm capacity of version {self.version}"


@dataclass(frozen=True)
class Wait:
    why: str
    seconds: float
    """At most so long is left of the wait."""

    def __str__(self) -> str:
        return f"wait until {self.why} (at most {self.seconds:.0f} s)"


@dataclass(frozen=True)
class Mark:
    """Write to the record."""

    why: str
    changes: Mapping[str, Any]

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True)
class Done:
    """Nothing is left to do. `problem` is empty when the alias is where the record wants it, warm.

    `ended` False leaves the record open: the next run tries again.
    """

    problem: str = ""
    ended: bool = True

    def __str__(self) -> str:
        return self.problem or "done"


Action = ClearWeights | Warm | Check | Flip | Cool | Wait | Mark | Done


def next_action(seen: Seen, rules: Rules) -> Action:
    record = seen.record
    if seen.live not in (record.old, record.new):
        return Done(
            f"the alias is on version {seen.live}, which is neither {record.old} nor "
            f"{record.new}: someone else moved it meanwhile"
        )
    if seen.weights:
        return ClearWeights()
    if seen.live != record.aim:
        return _towards(seen, rules)
    if record.goal is Goal.NEW and record.old != record.new and not record.back:
        baking = _bake(seen, rules)
        if baking is not None:
            return baking
    return _settle(seen, rules)


def _towards(seen: Seen, rules: Rules) -> Action:
    """The alias has to move: warm first, then the golden requests, then the move."""
    record = seen.record
    forward = record.goal is Goal.NEW and not record.back
    if forward and _alarming(seen):
        return _give_up(f"{_alarming(seen)} was on before the alias moved")
    if seen.state == BROKEN and record.goal is Goal.NEW:
        return _give_up(f"Lambda could not make version {record.aim} ready to run")
    if seen.state == PENDING:
        left = seen.run_started + rules.ready_timeout_seconds - seen.now
        if left > 0:
            return Wait(f"Lambda has made version {record.aim} ready to run", left)
        if record.goal is Goal.NEW:
            minutes = rules.ready_timeout_seconds / 60
            return _give_up(f"version {record.aim} was still Pending after {minutes:g} minutes")
    if rules.wanted:
        unfit = _warm(seen, rules)
        if isinstance(unfit, Done):
            return _give_up(unfit.problem) if record.goal is Goal.NEW else unfit
        if unfit is not None:
            return unfit
    if forward and not record.checked:
        return Check(record.new)
    return Flip(record.aim)


def _bake(seen: Seen, rules: Rules) -> Action | None:
    """The new version answers: go back on an alarm, and on only when the time is over."""
    if not seen.record.flipped_at:
        return Mark("note since when the new version answers", {"flipped_at": round(seen.now)})
    if _alarming(seen):
        return _give_up(f"{_alarming(seen)} went on after the alias moved")
    left = seen.record.flipped_at + rules.bake_seconds - seen.now
    return Wait("the bake time is over and no alarm went on", left) if left > 0 else None


def _settle(seen: Seen, rules: Rules) -> Action:
    """The alias is where it shall stay: one version keeps warm capacity, all others lose it."""
    aim = seen.record.aim
    for version in sorted(seen.capacity, key=int):
        if version != aim or not rules.wanted:
            return Cool(version)
    unfit = _warm(seen, rules) if rules.wanted else None
    if unfit is not None:
        return unfit
    return Done(seen.record.reason)


def _warm(seen: Seen, rules: Rules) -> Warm | Wait | Done | None:
    """What the aimed-at version's warm capacity still lacks; None = it is READY.

    `Done` tells that it cannot be had.
    """
    aim = seen.record.aim
    found = seen.capacity.get(aim)
    left_over = found and found.status == FAILED and found.since < seen.run_started
    if found is None or found.requested != rules.wanted or left_over:
        return Warm(aim, rules.wanted)
    if found.status == READY:
        return None
    if found.status == FAILED:
        reason = found.reason or "Lambda gives no reason"
        return Done(f"warm capacity of version {aim} FAILED: {reason}", ended=False)
    since = found.since if seen.record.goal is Goal.NEW else max(found.since, seen.run_started)
    left = since + rules.ready_timeout_seconds - seen.now
    if left <= 0:
        return Done(
            f"warm capacity of version {aim} was not READY after "
            f"{rules.ready_timeout_seconds / 60:g} minutes",
            ended=False,
        )
    return Wait(f"the warm capacity of version {aim} is READY", left)


def _alarming(seen: Seen) -> str:
    """The alarms that count, in words; empty = none is on."""
    found = sorted(seen.alarms.difference(seen.record.ignored))
    return f"alarm {', '.join(found)}" if found else ""


def _give_up(reason: str) -> Mark:
    return Mark(f"go back: {reason}", {"goal": Goal.OLD, "reason": reason})


def ended(seen: Seen, action: Done) -> ReleaseRecord:
    """The record when nothing is left to do; it keeps what the next release has to know."""
    record = seen.record
    if not action.ended:
        return record
    closed = replace(record, ended=True, reason=action.problem or record.reason)
    if record.old == record.new:
        return closed
    if seen.live != record.aim:
        return replace(closed, previous="", rejected="")
    if record.goal is Goal.OLD:
        return closed if record.back else replace(closed, rejected=record.new)
    if record.back:
        return replace(closed, previous="", rejected=record.old)
    return replace(closed, previous=record.old, rejected="")


PLANNED = 50
"""Steps after which a plan that does not end is a fault of this module."""


def plan(seen: Seen, rules: Rules) -> list[Action]:
    """The steps to come if everything goes well, without the notes in the record."""
    steps: list[Action] = []
    for _ in range(PLANNED):
        action = next_action(seen, rules)
        if isinstance(action, Done):
            return steps
        if not isinstance(action, Mark):
            steps.append(action)
        seen = _expected(seen, action)
    raise AssertionError(f"no end after {PLANNED} steps: {steps[-3:]}")


def _expected(seen: Seen, action: Action) -> Seen:
    """What the next look shows where the action does what it is for."""
    match action:
        case ClearWeights():
            return replace(seen, weights={})
        case Warm(version, count):
            made = Capacity(requested=count, status="IN_PROGRESS", since=seen.now)
            return replace(seen, capacity={**seen.capacity, version: made})
        case Check():
            return replace(seen, record=replace(seen.record, checked=True))
        case Flip(version):
            return replace(seen, live=version)
        case Cool(version):
            kept = {name: one for name, one in seen.capacity.items() if name != version}
            return replace(seen, capacity=kept)
        case Mark(_, changes):
            return replace(seen, record=replace(seen.record, **changes))
        case Wait(_, seconds):
            ready = {
                version: replace(one, status=READY) if one.status != FAILED else one
                for version, one in seen.capacity.items()
            }
            baking = seen.live == seen.record.aim and seen.record.flipped_at
            now = seen.now + seconds if baking else seen.now
            return replace(seen, capacity=ready, now=now, state="")
        case Done():
            return seen
