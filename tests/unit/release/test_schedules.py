"""Two hundred releases that crash, are refused, overtaken and alarmed, each driven to its end."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from automation.errors import Failure
from automation.release import machine
from automation.release.machine import Action, Cool, Done, Flip, Rules, Seen
from automation.release.run import Request
from tests.unit.release.fake_lambda import Crash, FakeCloud, Fate, Fault

pytestmark = pytest.mark.unit

SCHEDULES = 200
RUNS = 60
"""Runs after which nothing more goes wrong, so that each schedule ends."""
WANTED = 2
BAKE, READY_TIMEOUT = 900, 600
SLACK = 600
"""Seconds beside bake and ready time: pauses before further tries."""
DEAD = 140
"""Seconds that a process which died costs at most: its lease, and until someone runs the next."""
KINDS = ("crash", "crash", "lost", "throttle", "weights", "service", "busy", "other")

Choose = Callable[[Seen, Rules], Action]


@dataclass
class Watched:
    """The invariants, looked at after every call."""

    cloud: FakeCloud
    wanted: int
    old: str
    new: str
    warm: bool = False
    """The live version had its warm capacity once."""
    live: str = ""
    both_since: float | None = None
    longest_both: float = 0.0
    stops: int = 0
    """Runs that ended before the release did."""
    checked: int = 0

    def __call__(self, name: str) -> None:
        cloud = self.cloud
        self.checked += 1
        assert cloud.live in (self.old, self.new), f"alias on {cloud.live}"
        ready = self._ready(cloud.live)
        if cloud.live != self.live:
            assert not self.live or ready or not self.wanted, f"{cloud.live} is live and cold"
            self.live = cloud.live
            self.warm = ready
        assert ready or not self.warm or not self.wanted, f"{cloud.live} lost its capacity"
        self.warm = self.warm or ready
        paid = [v for v, one in cloud.capacity.items() if one.status != "FAILED"]
        if len(paid) < 2:
            self.both_since = None
            return
        self.both_since = cloud.now if self.both_since is None else self.both_since
        self.longest_both = max(self.longest_both, cloud.now - self.both_since)
        allowed = BAKE + READY_TIMEOUT + SLACK + DEAD * self.stops
        assert self.longest_both <= allowed, "both versions are paid for"

    def _ready(self, version: str) -> bool:
        found = self.cloud.capacity.get(version)
        return found is not None and found.status == "READY" and found.requested == self.wanted


@dataclass
class Schedule:
    """What happens in one release, and how it must end."""

    seed: int
    choose: Choose = machine.next_action
    cloud: FakeCloud = field(default_factory=FakeCloud)
    must_end: str = ""
    """The version that it must end on; empty = either."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        cloud, chance = self.cloud, self.random.random
        self.wanted = WANTED if chance() < 0.9 else 0
        cloud.keep_warm(self.wanted)
        self.old = "1"
        if self.wanted and chance() < 0.8:
            cloud.give("1", WANTED)
        if chance() < 0.7:
            self.new = cloud.deploy("b")
        else:
            cloud.latest = "b"  # not published yet
            self.new = "2"
        if chance() < 0.2:
            cloud.weights = {self.new if self.new in cloud.published else "1": 0.3}
        if chance() < 0.15 and self.new in cloud.published:
            cloud.give(self.new, 1, self.random.choice(["READY", "FAILED"]))
        self._fates()
        self.rate = self.random.choice([0.0, 0.02, 0.05, 0.15])
        self.runs = 0
        self.watched = Watched(cloud, self.wanted, self.old, self.new)
        self.watched.live = self.old
        cloud.watch = self.watched
        cloud.faults = self._fault

    def _fates(self) -> None:
        cloud, chance = self.cloud, self.random.random
        story = self.random.choice(["well", "well", "alarm", "blip", "golden", "failed", "slow"])
        if story == "alarm":
            after = self.random.uniform(0, BAKE - 60)
            cloud.alarms["errors"] = lambda: (
                cloud.live == self.new
                and cloud.flipped_at is not None
                and cloud.now - cloud.flipped_at > after
            )
            self.must_end = self.old
        elif story == "blip":
            start = cloud.now + self.random.uniform(0, 1_500)
            cloud.alarms["errors"] = lambda: start < cloud.now < start + 200
        elif story == "golden":
            cloud.answers[self.new] = 7.0
            self.must_end = self.old
        elif story in ("failed", "slow") and self.wanted:
            cloud.fates[self.new] = (
                Fate(60, "FAILED") if story == "failed" else Fate(READY_TIMEOUT + 400)
            )
            self.must_end = self.old
        else:
            self.must_end = self.new
        cloud.fates.setdefault(self.new, Fate(self.random.uniform(1, 300)))
        if chance() < 0.3:
            cloud.pending[self.new] = cloud.now + self.random.uniform(1, 120)
        self.story = story
        if chance() < 0.2 and story != "blip":
            quiet = cloud.now + self.random.uniform(1, 300)
            cloud.alarms["older"] = lambda: cloud.now < quiet

    def _fault(self, _name: str) -> Fault | None:
        if self.runs > RUNS or self.random.random() >= self.rate:
            return None
        kind = self.random.choice(KINDS)
        after = kind in ("crash", "lost", "service") and self.random.random() < 0.5
        return ("after" if after else "before", kind)

    def run(self) -> None:
        """Start the command anew until it comes to an end."""
        cloud = self.cloud
        while self.runs <= 2 * RUNS:
            self.runs += 1
            cloud.now += self.random.uniform(1, 20)
            release = cloud.release()
            release.driver.choose = self.choose
            try:
                release.run(Request(again=False))
            except (Crash, Failure, ClientError, BotoCoreError):
                record = cloud.record
                self.watched.stops += 1
                if record is not None and record.ended and record.rejected:
                    return
                continue
            return
        raise AssertionError(f"no end: {cloud.record}")

    def judge(self) -> None:
        cloud, record = self.cloud, self.cloud.record
        assert record is not None
        assert record.ended
        assert cloud.live == record.aim
        assert not cloud.weights
        assert set(cloud.capacity) == ({cloud.live} if self.wanted else set())
        if self.must_end:
            assert cloud.live == self.must_end, f"{self.story}: {record.reason}"
        assert (record.rejected, record.previous) == (
            ("", self.old) if cloud.live == self.new else (self.new, "")
        )
        assert self.watched.checked > 10


def test_two_hundred_schedules_keep_every_promise_at_every_call() -> None:
    ends: dict[str, int] = {}
    for seed in range(SCHEDULES):
        schedule = Schedule(seed)
        schedule.run()
        schedule.judge()
        ends[schedule.story] = ends.get(schedule.story, 0) + 1
    assert set(ends) == {"well", "alarm", "blip", "golden", "failed", "slow"}
    assert min(ends.values()) >= 10


def _impatient(seen: Seen, rules: Rules) -> Action:
    """Takes all warm capacity for ready."""
    ready = {v: replace(one, status="READY") for v, one in seen.capacity.items()}
    return machine.next_action(replace(seen, capacity=ready), rules)


def _deaf(seen: Seen, rules: Rules) -> Action:
    """Hears no alarm."""
    return machine.next_action(replace(seen, alarms=frozenset()), rules)


def _trusting(seen: Seen, rules: Rules) -> Action:
    """Sends no golden request."""
    record = replace(seen.record, checked=True)
    return machine.next_action(replace(seen, record=record), rules)


def _wasteful(seen: Seen, rules: Rules) -> Action:
    """Removes no capacity."""
    action = machine.next_action(seen, rules)
    return Done() if isinstance(action, Cool) else action


def _hasty(seen: Seen, rules: Rules) -> Action:
    """Does not bake: removes the old capacity as soon as the alias moved."""
    return machine.next_action(seen, replace(rules, bake_seconds=0))


def _cold(seen: Seen, rules: Rules) -> Action:
    """Moves the alias without asking for warm capacity."""
    action = machine.next_action(seen, rules)
    moving = seen.live != seen.record.aim and not isinstance(action, machine.Mark)
    return Flip(seen.record.aim) if moving else action


def _sleepy(seen: Seen, rules: Rules) -> Action:
    """Bakes for hours."""
    return machine.next_action(seen, replace(rules, bake_seconds=4 * BAKE))


def _blind(seen: Seen, rules: Rules) -> Action:
    """Does not see weights that a failed move left."""
    return machine.next_action(replace(seen, weights={}), rules)


@pytest.mark.parametrize(
    "mutant",
    [_impatient, _deaf, _trusting, _wasteful, _hasty, _cold, _sleepy, _blind],
    ids=lambda mutant: str(mutant.__doc__),
)
def test_a_machine_without_one_of_its_guards_is_found_out(mutant: Choose) -> None:
    assert any(_breaks_a_promise(seed, mutant) for seed in range(SCHEDULES))


def _breaks_a_promise(seed: int, mutant: Choose) -> bool:
    schedule = Schedule(seed, choose=mutant)
    try:
        schedule.run()
        schedule.judge()
    except AssertionError:
        return True
    return False
