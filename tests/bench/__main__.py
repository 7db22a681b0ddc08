"""`make bench`: every benchmark, its figures and whether they reach the goals.

A benchmark reports and is no test: a missed goal is printed, and only a benchmark that cannot run
fails the command.
"""

import importlib
import sys
import time

from tests.bench.report import machine

BENCHMARKS = ("routing", "cold_start", "cache", "residue")
"""Modules beside this one; each has `run() -> list[Figure]` and a docstring that says what."""


def main(names: list[str]) -> int:
    print(machine())
    for name in names or BENCHMARKS:
        module = importlib.import_module(f"tests.bench.{name}")
        print(f"\n{name}: {(module.__doc__ or '').partition('.')[0]}")
        started = time.perf_counter()
        for figure in module.run():
            print(figure.line(), flush=True)
        print(f"     ({time.perf_counter() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
