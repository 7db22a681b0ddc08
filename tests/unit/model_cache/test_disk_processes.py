"""Processes that share a cache folder, with locks that do nothing."""

import hashlib
import time
from pathlib import Path

import pytest

from functions.predict.disk import Disk
from tests.unit.model_cache.cache_fakes import names, soon, stocked
from tests.unit.model_cache.processes import go, result, start
from tests.unit.model_cache.stored_file import CONTENT, DIGEST, MANIFEST

pytestmark = pytest.mark.unit

PROCESSES = 8


def test_eight_processes_that_fetch_one_file_leave_one_right_file_and_all_read_it(
    folder: Path, content: Path
) -> None:
    processes = [start(folder, content, seconds=0.5) for _ in range(PROCESSES)]
    go(*processes)
    results = [result(process) for process in processes]
    assert {line.split()[0] for line in results} == {"right"}
    assert sum(int(line.split()[1]) for line in results) > 1  # they did fetch at one time
    assert names(folder) == [DIGEST]
    assert hashlib.sha256((folder / DIGEST).read_bytes()).hexdigest() == DIGEST


def test_a_process_killed_during_its_download_leaves_no_file_and_the_next_start_recovers(
    folder: Path, content: Path
) -> None:
    process = start(folder, content, seconds=20)
    go(process)
    while not list(folder.glob("*.part")):
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert DIGEST not in names(folder)
    assert list(folder.glob("*.part"))
    cache = Disk(folder, limit_bytes=10 * len(CONTENT))
    cache.open(MANIFEST, stocked(CONTENT), soon()).close()
    assert names(folder) == [DIGEST]


def test_one_process_killed_among_others_harms_none_of_them(folder: Path, content: Path) -> None:
    slow = start(folder, content, seconds=20)
    others = [start(folder, content, seconds=0.3) for _ in range(3)]
    go(slow)
    while not list(folder.glob("*.part")):
        time.sleep(0.01)
    go(*others)
    slow.kill()
    slow.communicate()
    assert {result(process).split()[0] for process in others} == {"right"}
    Disk(folder, limit_bytes=10 * len(CONTENT))
    assert names(folder) == [DIGEST]
