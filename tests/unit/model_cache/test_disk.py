"""Files of model versions on disk: fetched once, verified, shared, and left by no accident."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.predict import disk as disk_module
from functions.predict.disk import Disk
from functions.predict.folder import ORPHAN_SECONDS
from functions.predict.tiers import Fetched
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelIntegrity, ModelUnavailable
from tests.unit.model_cache.cache_fakes import (
    FaultySource,
    cut,
    flipped,
    lengthened,
    make_manifest,
    names,
    read,
    soon,
    stocked,
)
from tests.unit.model_cache.stored_file import CONTENT, DIGEST, KIB, MANIFEST

pytestmark = pytest.mark.unit


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
        def fetch(self, manifest, file, write, deadline) -> Fetched:
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
    sha256 = disk_module.sha256_of
    monkeypatch.setattr(
        disk_module,
        "sha256_of",
        lambda file, deadline: hashed.append(file) or sha256(file, deadline),
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
    old = time.time() - 2 * ORPHAN_SECONDS
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
