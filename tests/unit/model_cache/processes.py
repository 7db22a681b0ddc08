"""Starts, releases and reads processes that fetch one file; see fetching_process.py."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def start(folder: Path, content: Path, *more: str, seconds: float) -> "subprocess.Popen[str]":
    module = "tests.unit.model_cache.fetching_process"
    return subprocess.Popen(
        [sys.executable, "-m", module, str(folder), str(content), str(seconds), *more],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def result(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.strip()
