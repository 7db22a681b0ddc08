"""Child processes end with their purpose, and a lock lets one process at a time through."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emulation import processes
from emulation.locking import LockTimeout, exclusive
from tests.engine.workbench import wait_for_end

pytestmark = pytest.mark.engine

LEAVES_A_CHILD = "sleep 60 & echo $! > pid; {then}"
HOLDS_THE_LOCK = """
import pathlib, sys, time
from emulation.locking import exclusive
with exclusive(pathlib.Path(sys.argv[1]), lambda seconds: None, limit_seconds=5):
    print("held", flush=True)
    time.sleep(60)
"""


def run(tmp_path: Path, script: str, limit_seconds: float = 20, **callbacks):
    return processes.run(
        ["/bin/sh", "-c", script],
        environ={"PATH": os.defpath},
        folder=tmp_path,
        limit_seconds=limit_seconds,
        **callbacks,
    )


def child(tmp_path: Path) -> int:
    return int((tmp_path / "pid").read_text(encoding="ascii"))


def test_both_outputs_arrive_line_by_line_with_the_exit_code(tmp_path: Path):
    lines: list[str] = []
    ended = run(tmp_path, "echo out; echo err >&2; exit 3", on_line=lines.append)
    assert ended.code == 3
    assert sorted(lines) == ["err", "out"]
    assert sorted(ended.tail.splitlines()) == ["err", "out"]


def test_only_the_last_lines_are_kept(tmp_path: Path):
    ended = run(tmp_path, "i=0; while [ $i -lt 500 ]; do echo $i; i=$((i+1)); done")
    assert ended.tail.splitlines() == [str(n) for n in range(500 - processes.TAIL_LINES, 500)]


def test_a_silent_child_still_ticks(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(processes, "TICK_SECONDS", 0.1)
    seconds: list[float] = []
    run(tmp_path, "sleep 0.5", on_second=seconds.append)
    assert len(seconds) > 1
    assert seconds == sorted(seconds)
    assert seconds[0] >= processes.TICK_SECONDS


def test_a_child_past_its_limit_is_ended_with_what_it_started(tmp_path: Path):
    with pytest.raises(processes.TooSlow, match="did not end within 1 s"):
        run(tmp_path, LEAVES_A_CHILD.format(then="wait"), limit_seconds=1)
    wait_for_end(child(tmp_path))


def test_a_failure_while_it_runs_ends_the_child_with_what_it_started(tmp_path: Path):
    def interrupted(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, LEAVES_A_CHILD.format(then="echo line; wait"), on_line=interrupted)
    wait_for_end(child(tmp_path))


def test_a_process_is_recognised_while_it_runs_and_not_afterwards():
    own = processes.started(os.getpid())
    assert own == processes.started(os.getpid())
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        assert processes.started(other.pid) not in (None, own)
        other.kill()
        # Not waited for yet: the system still knows the id, but nothing runs under it.
        wait_for_end(other.pid)
    assert processes.started(other.pid) is None


def test_a_process_that_ignores_the_request_to_end_is_killed():
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    with subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True
    ) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        processes.stop(stubborn.pid, limit_seconds=0.3)
        assert stubborn.wait(5) == -signal.SIGKILL


def test_a_second_process_waits_for_the_lock_says_so_and_gets_it_when_the_first_dies(
    tmp_path: Path,
):
    lock = tmp_path / "deep" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(lock)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        said: list[float] = []
        with (
            pytest.raises(
                LockTimeout, match=rf"process \({holder.pid}\) has held .*end it, or wait"
            ),
            exclusive(lock, said.append, limit_seconds=0.5),
        ):
            pytest.fail("two processes hold the lock")
        assert said
        holder.kill()
        with exclusive(lock, said.append, limit_seconds=5):
            assert holder.wait(5) == -signal.SIGKILL
