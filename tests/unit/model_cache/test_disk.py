import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from functions.predict import disk as disk_module
from functions.predict import download
from functions.predict.disk import Disk, Files
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelIntegrity, ModelUnavailable
from tests.unit.model_cache.cache_fakes import (
    FaultySource,
    cut,
    flipped,
    lengthened,
    make_manifest,
)

pytestmark = pytest.mark.unit

KIB = 1024
CONTENT = os.urandom(300 * KIB)
MANIFEST = make_manifest({"model.onnx": CONTENT})
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def soon() -> Deadline:
    return Deadline.after(10)


def stocked(*contents: bytes) -> FaultySource:
    source = FaultySource()
    source.add({str(number): content for number, content in enumerate(contents)})
    return source


def read(files: Files, name: str = "model.onnx") -> bytes:
    if files.contents:
        return files.contents[name]
    assert files.folder is not None
    return (files.folder / name).read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def cache(folder: Path) -> Disk:
    return Disk(folder, limit_bytes=1024 * KIB)


def test_a_file_is_fetched_once_and_afterwards_found_by_its_digest(
    cache: Disk, folder: Path
) -> None:
    source = stocked(CONTENT)
    first = cache.open(MANIFEST, source, soon())
    assert (read(first), first.downloaded) == (CONTENT, 1)
    first.close()
    second = cache.open(MANIFEST, source, soon())
    assert (read(second), second.downloaded) == (CONTENT, 0)
    second.close()
    assert names(folder) == [DIGEST]
    assert source.fetches == ["model.onnx"]


def test_files_of_a_version_lie_beside_each_other_under_their_names(cache: Disk) -> None:
    parts = {"graph/model.onnx": b"graph", "graph/weights.bin": b"weights", "note.txt": b"n"}
    files = cache.open(make_manifest(parts), stocked(*parts.values()), soon())
    assert {name: read(files, name) for name in parts} == parts
    files.close()


def test_versions_that_share_a_file_fetch_and_store_it_once(cache: Disk, folder: Path) -> None:
    source = stocked(b"one", b"two", b"shared")
    for version, own in ((1, b"one"), (2, b"two")):
        manifest = make_manifest({"m.onnx": own, "w.bin": b"shared"}, version=version)
        cache.open(manifest, source, soon()).close()
    assert source.fetches == ["m.onnx", "w.bin", "m.onnx"]
    assert len(names(folder)) == 3


@pytest.mark.parametrize(
    "fault",
    [flipped(), flipped(len(CONTENT) - 1), cut(), lengthened(), lambda _content: b""],
    ids=["first byte", "last byte", "shorter", "longer", "empty"],
)
def test_bytes_that_are_not_those_of_the_manifest_are_refused_and_leave_no_file(
    cache: Disk, folder: Path, fault: Callable[[bytes], bytes]
) -> None:
    source = stocked(CONTENT)
    source.then = [fault]
    with pytest.raises(ModelIntegrity):
        cache.open(MANIFEST, source, soon())
    assert names(folder) == []
    assert read(cache.open(MANIFEST, source, soon())) == CONTENT


def test_a_download_that_fails_leaves_no_file(cache: Disk, folder: Path) -> None:
    class BreaksOff(FaultySource):
        def fetch(self, manifest, file, write, deadline) -> None:
            write(CONTENT[: 100 * KIB])
            raise ModelUnavailable("the store is down")

    with pytest.raises(ModelUnavailable):
        cache.open(MANIFEST, BreaksOff(), soon())
    assert names(folder) == []


def test_a_file_that_was_corrupted_on_disk_is_noticed_by_the_next_process_and_fetched_again(
    cache: Disk, folder: Path
) -> None:
    source = stocked(CONTENT)
    cache.open(MANIFEST, source, soon()).close()
    stored = folder / DIGEST
    stored.write_bytes(flipped(5)(CONTENT))
    files = Disk(folder, limit_bytes=1024 * KIB).open(MANIFEST, source, soon())
    assert (read(files), files.downloaded) == (CONTENT, 1)
    files.close()
    assert stored.read_bytes() == CONTENT


def test_a_file_that_was_exchanged_after_this_process_verified_it_is_noticed(
    cache: Disk, folder: Path
) -> None:
    source = stocked(CONTENT)
    cache.open(MANIFEST, source, soon()).close()
    exchanged = folder / "new"
    exchanged.write_bytes(flipped(5)(CONTENT))
    exchanged.rename(folder / DIGEST)
    files = cache.open(MANIFEST, source, soon())
    assert (read(files), files.downloaded) == (CONTENT, 1)


def test_what_this_process_wrote_or_verified_is_not_hashed_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    sha256 = disk_module._sha256
    monkeypatch.setattr(
        disk_module, "_sha256", lambda path, deadline: hashed.append(path) or sha256(path, deadline)
    )
    source = stocked(CONTENT)
    first = Disk(folder, limit_bytes=1024 * KIB)
    for _ in range(3):
        first.open(MANIFEST, source, soon()).close()
    assert len(hashed) == 0
    second = Disk(folder, limit_bytes=1024 * KIB)
    for _ in range(3):
        second.open(MANIFEST, source, soon()).close()
    assert len(hashed) == 1


def test_verification_of_a_large_file_ends_at_the_deadline(folder: Path, cache: Disk) -> None:
    cache.open(MANIFEST, stocked(CONTENT), soon()).close()
    with pytest.raises(DeadlineExceeded):
        Disk(folder, limit_bytes=1024 * KIB).open(MANIFEST, FaultySource(), Deadline.after(0))
    assert names(folder) == [DIGEST]


def test_a_version_larger_than_the_limit_is_given_in_memory_and_evicts_nothing(
    folder: Path,
) -> None:
    small = Disk(folder, limit_bytes=200 * KIB)
    kept = make_manifest({"k.onnx": b"kept"}, version=2)
    small.open(kept, stocked(b"kept"), soon()).close()
    before = names(folder)
    files = small.open(MANIFEST, stocked(CONTENT), soon())
    assert files.refused
    assert files.contents == {"model.onnx": CONTENT}
    files.close()
    assert names(folder) == before


@pytest.mark.parametrize("fails_after", [0, 100 * KIB])
def test_a_disk_that_runs_full_midway_gives_the_file_in_memory_and_keeps_no_part(
    cache: Disk, folder: Path, monkeypatch: pytest.MonkeyPatch, fails_after: int
) -> None:
    written = 0
    write_all = download._write_all

    def runs_full(descriptor: int, view: memoryview) -> None:
        nonlocal written
        if written >= fails_after:
            write_all(descriptor, view[: len(view) // 2])  # as a disk does: some of it fits
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(descriptor, view)
        written += len(view)

    monkeypatch.setattr(download, "_write_all", runs_full)
    source = stocked(CONTENT)
    files = cache.open(MANIFEST, source, soon())
    assert files.refused
    assert files.contents == {"model.onnx": CONTENT}
    assert source.fetches == ["model.onnx"]
    files.close()
    assert names(folder) == []


def test_a_flipped_byte_is_also_noticed_when_the_disk_runs_full(
    cache: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, view: memoryview) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "_write_all", full)
    source = stocked(CONTENT)
    source.then = [flipped(1000)]
    with pytest.raises(ModelIntegrity):
        cache.open(MANIFEST, source, soon())


def test_a_file_system_without_space_is_not_even_tried(
    cache: Disk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        f_bavail, f_frsize = 10, KIB

    monkeypatch.setattr(disk_module.os, "statvfs", lambda _path: Full)
    files = cache.open(MANIFEST, stocked(CONTENT), soon())
    assert files.contents == {"model.onnx": CONTENT}
    files.close()
    assert names(folder) == []


def test_when_one_file_of_a_version_does_not_fit_all_are_given_in_memory(
    cache: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"m.onnx": b"graph", "w.bin": b"weights"}
    monkeypatch.setattr(
        cache,
        "_reserve",
        lambda file, files, keep=cache._reserve: (
            None if file.name == "w.bin" else keep(file, files)
        ),
    )
    files = cache.open(make_manifest(parts), stocked(*parts.values()), soon())
    assert files.contents == parts


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    files = Disk(shared, limit_bytes=1024 * KIB).open(MANIFEST, stocked(CONTENT), soon())
    assert files.contents == {"model.onnx": CONTENT}
    assert names(shared) == []


def test_a_folder_behind_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    files = Disk(tmp_path / "link", limit_bytes=1024 * KIB).open(MANIFEST, stocked(CONTENT), soon())
    assert files.refused
    assert names(tmp_path / "real") == []


def test_a_place_where_no_folder_can_be_made_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = Disk(tmp_path / "file" / "models", limit_bytes=1024 * KIB).open(
        MANIFEST, stocked(CONTENT), soon()
    )
    assert files.contents == {"model.onnx": CONTENT}


def test_the_folder_lies_below_tmpdir(tmp_path: Path) -> None:
    disk = Disk.in_temporary_folder({"TMPDIR": str(tmp_path)}, limit_bytes=1024 * KIB)
    disk.open(MANIFEST, stocked(CONTENT), soon()).close()
    assert (tmp_path / "warmline-models" / DIGEST).stat().st_size == len(CONTENT)
    assert (tmp_path / "warmline-models").stat().st_mode & 0o777 == 0o700


def test_the_file_used_longest_ago_is_evicted_first(folder: Path) -> None:
    cache = Disk(folder, limit_bytes=300 * KIB)
    contents = [bytes([n]) * (100 * KIB) for n in range(4)]
    manifests = [make_manifest({"m.onnx": c}, version=n + 1) for n, c in enumerate(contents)]
    source = stocked(*contents)
    for manifest in (*manifests[:3], manifests[0]):
        cache.open(manifest, source, soon()).close()
    files = cache.open(manifests[3], source, soon())
    assert files.evicted == 1
    files.close()
    assert set(names(folder)) == {m.files[0].sha256 for m in (manifests[0], *manifests[2:])}


def test_a_file_that_is_being_read_is_not_evicted(folder: Path) -> None:
    cache = Disk(folder, limit_bytes=150 * KIB)
    contents = [bytes([n]) * (100 * KIB) for n in range(2)]
    manifests = [make_manifest({"model.onnx": c}, version=n + 1) for n, c in enumerate(contents)]
    source = stocked(*contents)
    reading = cache.open(manifests[0], source, soon())
    second = cache.open(manifests[1], source, soon())
    assert second.refused
    assert read(second) == contents[1]
    assert manifests[0].files[0].sha256 in names(folder)
    reading.close()
    second.close()
    third = cache.open(manifests[1], source, soon())
    assert (third.refused, third.evicted) == (False, 1)


def test_a_file_removed_by_another_process_stays_readable_for_who_opened_it(
    cache: Disk, folder: Path
) -> None:
    files = cache.open(MANIFEST, stocked(CONTENT), soon())
    (folder / DIGEST).unlink()
    assert read(files) == CONTENT


def test_leftovers_of_dead_processes_are_removed_at_start_and_those_of_live_ones_stay(
    folder: Path,
) -> None:
    Disk(folder, limit_bytes=KIB)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    live = os.getppid()
    old = time.time() - 2 * disk_module.ORPHAN_SECONDS
    for name in (
        f"{gone.pid}.00000000.1.part",
        f"{os.getpid()}.00000000.1.part",
        f"{live}.00000000.1.part",
        f"{live}.00000000.2.part",
    ):
        (folder / name).write_bytes(b"half")
    os.utime(folder / f"{live}.00000000.2.part", (old, old))
    (folder / f"{gone.pid}.00000000.3.open" / "deep").mkdir(parents=True)
    (folder / f"{gone.pid}.00000000.3.open" / "deep" / "model.onnx").write_bytes(b"whole")
    (folder / "unrelated").write_bytes(b"stays")
    Disk(folder, limit_bytes=KIB)
    assert names(folder) == sorted([f"{live}.00000000.1.part", "unrelated"])


def test_threads_that_load_different_versions_stay_within_the_limit_together(
    folder: Path,
) -> None:
    cache = Disk(folder, limit_bytes=250 * KIB)
    contents = [bytes([n]) * (100 * KIB) for n in range(8)]
    source = stocked(*contents)

    def load(number: int) -> None:
        manifest = make_manifest({"model.onnx": contents[number]}, version=number + 1)
        files = cache.open(manifest, source, soon())
        assert read(files) == contents[number]
        files.close()

    threads = [threading.Thread(target=load, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(status.st_size for _, status in cache._stored()) <= 250 * KIB


class DiskUnderUse(RuleBasedStateMachine):
    """Whatever is opened and closed in whatever order: right bytes, within the limit."""

    LIMIT = 10 * KIB
    CONTENTS = tuple(bytes([n]) * (n * KIB) for n in range(1, 13))

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple[Files, int]] = []
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "models"
        self.cache = Disk(self.folder, limit_bytes=self.LIMIT)
        self.source = stocked(*self.CONTENTS)

    @rule(number=st.integers(0, 11))
    def open(self, number: int) -> None:
        manifest = make_manifest({"model.onnx": self.CONTENTS[number]}, version=number + 1)
        files = self.cache.open(manifest, self.source, soon())
        assert files.refused == bool(files.contents)
        self.opened.append((files, number))

    @rule(number=st.integers(0, 11), position=st.integers(0, 1000))
    def receive_wrong_bytes(self, number: int, position: int) -> None:
        manifest = make_manifest({"model.onnx": self.CONTENTS[number]}, version=number + 1)
        self.source.then = [flipped(position)]
        try:
            files = self.cache.open(manifest, self.source, soon())
        except ModelIntegrity:
            return
        finally:
            self.source.then = []
        assert files.downloaded == 0
        self.opened.append((files, number))

    @rule(which=st.randoms(use_true_random=False))
    def close(self, which) -> None:
        if self.opened:
            self.opened.pop(which.randrange(len(self.opened)))[0].close()

    @rule()
    def restart(self) -> None:
        for files, _ in self.opened:
            files.close()
        self.opened.clear()
        self.cache = Disk(self.folder, limit_bytes=self.LIMIT)

    @invariant()
    def what_is_open_reads_as_it_was_stored(self) -> None:
        for files, number in self.opened:
            assert read(files) == self.CONTENTS[number]

    @invariant()
    def the_folder_is_within_its_limit_and_holds_no_part(self) -> None:
        assert sum(status.st_size for _, status in self.cache._stored()) <= self.LIMIT
        assert not list(self.folder.glob("*.part"))

    def teardown(self) -> None:
        for files, _ in self.opened:
            files.close()
        left = names(self.folder)
        self.temporary.cleanup()
        assert all(len(name) == 64 for name in left)


DiskUnderUse.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestDiskUnderUse = pytest.mark.unit(DiskUnderUse.TestCase)
