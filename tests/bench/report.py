"""What every benchmark shares: figures with goals, the machine's name, interleaved timing."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number, with the goal that it is held against where there is one."""

    goal: str
    """Number of the goal, such as P10; empty for a figure that is only for information."""
    what: str
    value: float
    unit: str
    at_most: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        return None if self.at_most is None else self.value <= self.at_most

    def line(self) -> str:
        verdict = {None: "", True: "pass", False: "MISSED"}[self.reached]
        limit = "" if self.at_most is None else f"<= {self.at_most:g}"
        value = f"{self.value:,.2f} {self.unit}" if self.unit else f"{self.value:,.0f}"
        text = f"{self.goal:4} {self.what:58} {value:>16}  {limit:10} {verdict:6} {self.note}"
        return text.rstrip()


def machine() -> str:
    """Size of the machine and the date: absolute times mean little without them."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores ({model}), {memory_gib:.0f} GiB, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def interleaved(
    arms: Mapping[str, Callable[[], object]], *, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Microseconds of each call. The arms take turns in blocks, A B A B, so that whatever else the
    machine does meets all of them; two rounds before the first are not counted."""
    samples: dict[str, list[float]] = {name: [] for name in arms}
    clock = time.perf_counter_ns
    for number in range(-2, rounds):
        for name, arm in arms.items():
            kept = samples[name]
            for _ in range(calls):
                started = clock()
                arm()
                took = clock() - started
                if number >= 0:
                    kept.append(took / 1000)
    return samples


def p50(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def p99(samples: Sequence[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.99)]
