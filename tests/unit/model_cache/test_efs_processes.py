"""Hosts that fill one shared file system: real processes, of which one may stop or die."""

import fcntl
import signal
import threading
import time
from pathlib import Path

import pytest

from contracts.metrics import Tier
from functions.predict import efs
from functions.predict.disk import FOLDER, Disk
from functions.predict.efs import SharedFolder
from tests.unit.model_cache.cache_fakes import names, read, soon, stocked
from tests.unit.model_cache.processes import go, result, start
from tests.unit.model_cache.stored_file import CONTENT, DIGEST, MANIFEST

pytestmark = pytest.mark.unit

LIMIT = 10 * len(CONTENT)


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    path = tmp_path / "mnt"
    path.mkdir()
    return path


def part_of(mounted: Path) -> Path:
    while not (found := list((mounted / FOLDER).glob("*.part"))):
        time.sleep(0.01)
    return found[0]


@pytest.mark.parametrize("locks", ["none", "work"])
def test_two_hosts_fill_one_file_system_and_the_one_that_is_killed_harms_nobody(
    tmp_path: Path, content: Path, mounted: Path, locks: str
) -> None:
    killed = start(tmp_path / "one", content, str(mounted), locks, seconds=20)
    go(killed)
    part_of(mounted)
    other = start(tmp_path / "two", content, str(mounted), locks, seconds=0.3)
    go(other)
    killed.kill()
    killed.communicate()
    assert result(other) == "right 1"
    folder = mounted / FOLDER
    assert (folder / DIGEST).read_bytes() == CONTENT
    assert [name for name in names(folder) if len(name) == 64] == [DIGEST]


def test_of_hosts_that_start_at_once_one_asks_the_store_where_locks_work(
    tmp_path: Path, content: Path, mounted: Path
) -> None:
    hosts = [
        start(tmp_path / str(number), content, str(mounted), "work", seconds=0.5)
        for number in range(4)
    ]
    go(*hosts)
    results = [result(host) for host in hosts]
    assert sorted(results) == ["right 0", "right 0", "right 0", "right 1"]
    assert names(mounted / FOLDER) == [DIGEST]


def test_eight_hosts_without_locks_leave_one_right_file_and_all_read_it(
    tmp_path: Path, content: Path, mounted: Path
) -> None:
    hosts = [
        start(tmp_path / str(number), content, str(mounted), seconds=0.3) for number in range(8)
    ]
    go(*hosts)
    assert {result(host).split()[0] for host in hosts} == {"right"}
    assert names(mounted / FOLDER) == [DIGEST]
    assert (mounted / FOLDER / DIGEST).read_bytes() == CONTENT


def test_a_reader_never_sees_a_part_of_a_file(tmp_path: Path, content: Path, mounted: Path) -> None:
    writer = start(tmp_path / "writer", content, str(mounted), "work", seconds=0.5)
    sizes: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        kept = mounted / FOLDER / DIGEST
        while not done.is_set():
            if kept.exists():
                sizes.add(len(kept.read_bytes()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    go(writer)
    assert result(writer) == "right 1"
    done.set()
    watcher.join()
    assert sizes <= {len(CONTENT)}
    assert (mounted / FOLDER / DIGEST).read_bytes() == CONTENT


def test_a_host_that_stands_still_with_the_lock_keeps_nobody_waiting_for_long(
    tmp_path: Path, content: Path, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = start(tmp_path / "frozen", content, str(mounted), "work", seconds=20)
    go(frozen)
    part_of(mounted)
    frozen.send_signal(signal.SIGSTOP)
    try:
        lock = (mounted / FOLDER / f"{DIGEST}.lock").open("r+b")
        with lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        monkeypatch.setattr(efs, "WAIT_SECONDS", 0.3)
        shared = SharedFolder.below(str(mounted), limit_bytes=LIMIT, behind=stocked(CONTENT))
        begun = time.monotonic()
        files = Disk(tmp_path / "own", limit_bytes=LIMIT).open(MANIFEST, shared, soon())
        assert 0.3 <= time.monotonic() - begun < 5
        assert (files.tier, read(files)) == (Tier.STORE, CONTENT)
    finally:
        frozen.kill()
        frozen.communicate()
