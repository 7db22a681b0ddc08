"""The shared file system between a host's own disk and the model store; a folder stands for it."""

import errno
import os
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from contracts.metrics import Metric, Tier
from functions.predict import download, efs
from functions.predict.disk import FOLDER, Disk, Files
from functions.predict.efs import SharedFolder
from functions.predict.folder import ORPHAN_SECONDS
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelIntegrity, ModelUnavailable
from tests.unit.model_cache.cache_fakes import (
    flipped,
    make_manifest,
    names,
    read,
    soon,
    stocked,
)
from tests.unit.model_cache.stored_file import CONTENT, DIGEST, KIB, MANIFEST
from tests.unit.model_cache.whole_cache import Cache, version

pytestmark = pytest.mark.unit


class Mount:
    """A mounted file system, as several hosts see it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mounted = root / "mnt"
        self.mounted.mkdir()
        self.folder = self.mounted / FOLDER
        self.store = stocked(CONTENT)
        self._hosts = 0

    def host(self, *, limit: int = 1024 * KIB) -> Callable[..., Files]:
        """How a host that has just started opens versions: with nothing on its own disk."""
        self._hosts += 1
        disk = Disk(self.root / f"host-{self._hosts}", limit_bytes=1024 * KIB)
        shared = SharedFolder.below(str(self.mounted), limit_bytes=limit, behind=self.store)
        return lambda manifest=MANIFEST, deadline=None: disk.open(
            manifest, shared, deadline or soon()
        )


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    return Mount(tmp_path)


def test_the_first_host_fills_the_file_system_and_the_next_one_asks_the_store_for_nothing(
    mount: Mount,
) -> None:
    first = mount.host()()
    assert (first.tier, read(first), first.efs_refused) == (Tier.STORE, CONTENT, False)
    assert names(mount.folder) == [DIGEST]
    second = mount.host()()
    assert (second.tier, read(second)) == (Tier.EFS, CONTENT)
    assert mount.store.fetches == ["model.onnx"]


def test_what_the_host_has_on_its_own_disk_is_not_read_from_the_file_system(mount: Mount) -> None:
    host = mount.host()
    host().close()
    (mount.folder / DIGEST).unlink()
    assert host().tier is Tier.DISK


@pytest.mark.parametrize(
    "wrong",
    [flipped(5)(CONTENT), CONTENT[:-1], CONTENT + b"more", b"", b"x" * len(CONTENT)],
    ids=["one bit", "cut short", "longer", "empty", "another file"],
)
def test_a_file_with_wrong_bytes_is_refused_removed_and_fetched_again(
    mount: Mount, wrong: bytes
) -> None:
    mount.host()().close()
    (mount.folder / DIGEST).write_bytes(wrong)
    files = mount.host()()
    assert (files.tier, files.corrupt, read(files)) == (Tier.STORE, 1, CONTENT)
    assert (mount.folder / DIGEST).read_bytes() == CONTENT
    assert mount.host()().corrupt == 0


@pytest.mark.parametrize("kind", ["fifo", "directory", "link", "link to nothing"])
def test_what_is_no_file_under_a_digest_holds_nobody_up_and_is_removed(
    mount: Mount, kind: str
) -> None:
    """A group that was taken over knows the digests of others: they are names in the folder."""
    mount.host()().close()
    kept = mount.folder / DIGEST
    kept.unlink()
    if kind == "fifo":
        os.mkfifo(kept)
    elif kind == "directory":
        (kept / "below").mkdir(parents=True)
    else:
        kept.symlink_to("/dev/zero" if kind == "link" else mount.root / "nothing")
    started = time.monotonic()
    files = mount.host()(deadline=Deadline.after(3))
    assert (files.tier, read(files)) == (Tier.STORE, CONTENT)
    assert time.monotonic() - started < 2
    assert kept.read_bytes() == CONTENT
    assert not kept.is_symlink()


def test_a_fifo_put_in_a_files_place_after_the_look_holds_nobody_up(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = mount.host()
    kept = mount.folder / DIGEST
    kept.write_bytes(CONTENT)
    look = Path.lstat

    def exchanged(path: Path) -> os.stat_result:
        status = look(path)
        if path == kept and kept.is_file():
            kept.unlink()
            os.mkfifo(kept)
        return status

    monkeypatch.setattr(Path, "lstat", exchanged)
    assert read(host(deadline=Deadline.after(3))) == CONTENT


@pytest.mark.parametrize("length", [None, len(CONTENT) + 4, len(CONTENT) // 2])
def test_bytes_that_another_host_changes_between_the_reads_are_fetched_from_the_store(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, length: int | None
) -> None:
    """The version is not given up for what a peer did: the store has the right bytes."""
    mount.host()().close()
    verify = efs.sha256_of

    def then(opened: FileIO, deadline: Deadline) -> str:
        found = verify(opened, deadline)
        with (mount.folder / DIGEST).open("r+b") as kept:
            kept.write(b"EVIL")
            if length is not None:
                kept.truncate(length)
        return found

    monkeypatch.setattr(efs, "sha256_of", then)
    files = mount.host()()
    assert read(files) == CONTENT
    monkeypatch.undo()
    again = mount.host()()
    assert read(again) == CONTENT


def test_a_file_exchanged_while_a_process_lives_is_noticed_by_it_too(mount: Mount) -> None:
    host = mount.host()
    host().close()
    (mount.folder / DIGEST).write_bytes(flipped(5)(CONTENT))
    for path in (mount.root / "host-1").iterdir():
        path.unlink()
    files = host()
    assert (files.corrupt, read(files)) == (1, CONTENT)


def test_wrong_bytes_from_the_store_reach_neither_file_system_nor_model(mount: Mount) -> None:
    mount.store.then = [flipped()]
    with pytest.raises(ModelIntegrity):
        mount.host()()
    assert names(mount.folder) == []


def test_a_store_that_fails_leaves_nothing_behind(mount: Mount) -> None:
    mount.store.then = [ModelUnavailable("the store is down")]
    with pytest.raises(ModelUnavailable):
        mount.host()()
    assert names(mount.folder) == []


def fails(code: int) -> Callable[..., None]:
    def fail(*_args: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_a_full_file_system_is_skipped_and_said(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = download._write_all
    full: list[str] = []

    def write(descriptor: int, view: memoryview) -> None:
        if str(mount.folder) in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            full.append("tried")
            fails(errno.ENOSPC)()
        whole(descriptor, view)

    monkeypatch.setattr(download, "_write_all", write)
    files = mount.host()()
    assert full
    assert (files.tier, files.efs_refused, files.refused) == (Tier.STORE, True, False)
    assert read(files) == CONTENT
    assert names(mount.folder) == []


def test_a_file_that_cannot_be_made_to_last_gets_no_name(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.os, "fsync", fails(errno.EIO))
    files = mount.host()()
    assert (read(files), files.efs_refused) == (CONTENT, True)
    assert names(mount.folder) == []


def test_a_mount_that_is_not_there_is_skipped_and_said(mount: Mount) -> None:
    mount.mounted.rmdir()
    files = mount.host()()
    assert (files.tier, files.efs_refused, read(files)) == (Tier.STORE, True, CONTENT)
    assert not mount.mounted.exists()


def test_a_mount_that_others_may_write_to_is_skipped(mount: Mount) -> None:
    mount.folder.mkdir()
    mount.folder.chmod(0o777)
    files = mount.host()()
    assert (files.efs_refused, names(mount.folder)) == (True, [])


def test_a_file_system_of_another_owner_is_used_since_its_access_point_decides_who_we_are(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mount.host()
    monkeypatch.setattr(efs.os, "getuid", lambda: os.geteuid() + 1)
    shared = SharedFolder.below(str(mount.mounted), limit_bytes=1024 * KIB, behind=mount.store)
    assert disk().tier is Tier.STORE
    assert not shared.fetch(MANIFEST, MANIFEST.files[0], lambda _: None, soon()).refused


def test_a_file_system_that_fails_midway_leaves_the_rest_to_the_store(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount.host()().close()
    monkeypatch.setattr(efs, "READ_BYTES", 100 * KIB)
    handed: list[bytes] = []
    stale = fails(errno.ESTALE)

    class Breaks(efs._Handed):
        def write(self, chunk: bytes) -> None:
            if len(handed) == 2 and not mount.store.fetches[1:]:
                stale()
            super().write(chunk)

    monkeypatch.setattr(efs, "_Handed", Breaks)
    shared = SharedFolder.below(str(mount.mounted), limit_bytes=1024 * KIB, behind=mount.store)
    fetched = shared.fetch(MANIFEST, MANIFEST.files[0], handed.append, soon())
    assert fetched.tier is Tier.STORE
    assert b"".join(handed) == CONTENT


def test_it_stays_within_its_limit_and_gives_up_what_was_used_longest_ago(mount: Mount) -> None:
    contents = [bytes([n]) * (100 * KIB) for n in range(4)]
    manifests = [make_manifest({"m.onnx": c}, version=n + 1) for n, c in enumerate(contents)]
    mount.store.add({str(n): c for n, c in enumerate(contents)})
    for manifest in (*manifests[:3], manifests[0]):
        mount.host(limit=300 * KIB)(manifest).close()
        time.sleep(0.01)
    files = mount.host(limit=300 * KIB)(manifests[3])
    assert (files.evicted, files.efs_refused) == (1, False)
    kept = {manifest.files[0].sha256 for manifest in (manifests[0], *manifests[2:])}
    assert set(names(mount.folder)) == kept


def test_a_file_above_the_limit_is_not_kept_and_evicts_nothing(mount: Mount) -> None:
    files = mount.host(limit=len(CONTENT) - 1)()
    assert (files.efs_refused, names(mount.folder)) == (True, [])


def test_a_host_that_starts_takes_nothing_from_one_that_downloads_under_the_same_pid(
    mount: Mount,
) -> None:
    mount.folder.mkdir(mode=0o700)
    theirs = mount.folder / f"{os.getpid()}.00000000.1.part"
    gone = mount.folder / "4194303.00000000.2.part"
    locks = [mount.folder / f"{letter * 64}.lock" for letter in "ab"]
    for path in (theirs, gone, *locks):
        path.write_bytes(b"")
    old = time.time() - 2 * ORPHAN_SECONDS
    for path in (gone, locks[1]):
        os.utime(path, (old, old))
    mount.host()
    assert names(mount.folder) == sorted([theirs.name, locks[0].name])


def test_verification_ends_at_the_deadline(mount: Mount) -> None:
    mount.host()().close()
    with pytest.raises(DeadlineExceeded):
        mount.host()(deadline=Deadline.after(0))


def test_a_file_system_without_locks_serves_all_the_same(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efs.fcntl, "flock", fails(errno.ENOLCK))
    assert mount.host()().tier is Tier.STORE
    assert mount.host()().tier is Tier.EFS
    assert names(mount.folder) == [DIGEST]


def test_a_load_is_counted_and_timed_by_the_tier_that_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "mnt").mkdir()
    manifest = version(1)
    for host, tiers in (
        ("one", (Metric.CACHE_MISS, Metric.LOAD_S3)),
        ("two", (Metric.CACHE_HIT_EFS, Metric.LOAD_EFS)),
    ):
        cache = Cache(tmp_path / host, mounted=tmp_path / "mnt")
        cache.load(manifest)
        assert cache.seen.counts == {tiers[0]: 1}
        assert set(cache.seen.times) == {tiers[1]}
    (tmp_path / "mnt" / FOLDER / manifest.files[0].sha256).write_bytes(b"poison")
    cache = Cache(tmp_path / "three", mounted=tmp_path / "mnt")
    cache.load(manifest)
    assert cache.seen.counts == {Metric.CACHE_MISS: 1, Metric.CACHE_CORRUPT: 1}


def test_a_file_system_that_is_not_there_is_counted(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "one", mounted=tmp_path / "nowhere")
    cache.load(version(1))
    assert cache.seen.counts == {Metric.CACHE_MISS: 1, Metric.CACHE_EFS_REFUSED: 1}
