"""Room on disk: what does not fit or has no place is given in memory, and old files give way."""

import errno
import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from functions.predict import download
from functions.predict.disk import Disk, Files
from functions.shared.errors import ModelIntegrity
from tests.unit.model_cache.cache_fakes import flipped, make_manifest, names, read, soon, stocked
from tests.unit.model_cache.stored_file import CONTENT, DIGEST, KIB, MANIFEST

pytestmark = pytest.mark.unit


@pytest.fixture
def cache(folder: Path) -> Disk:
    return Disk(folder, limit_bytes=1024 * KIB)


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

    monkeypatch.setattr(os, "statvfs", lambda _path: Full)
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
    assert sum(status.st_size for _, status in cache.folder.stored()) <= 250 * KIB


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
        assert sum(status.st_size for _, status in self.cache.folder.stored()) <= self.LIMIT
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
