"""Archives are built once per content, and come out the same everywhere."""

import os
import stat
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components import packaging
from components.archive_checks import PackagingError
from components.packaging import Package

pytestmark = pytest.mark.unit


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with one tiny function."""
    files = {
        "functions/__init__.py": "",
        "functions/tiny/__init__.py": "",
        "functions/tiny/handler.py": "def handler(event, context): return event\n",
        "functions/tiny/__pycache__/handler.cpython-313.pyc": "stale",
        "functions/shared/__init__.py": "",
        "functions/other/secret.py": "not for tiny",
        "contracts/__init__.py": "",
        "requirements/tiny.txt": "wheel==1.0\n",
    }
    for name, text in files.items():
        path = tmp_path / "clone" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "clone"


class FakeInstaller:
    """Stands for uv: unpacks one small wheel, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, lock: Path, target: object, wheels: Path) -> None:
        self.calls += 1
        for name in (
            *("lib/__init__.py", "lib/tests/test_lib.py", "lib/__pycache__/x.pyc", "bin/tool"),
            *("lib-1.dist-info/METADATA", "lib-1.dist-info/RECORD", "lib-1.dist-info/INSTALLER"),
        ):
            path = wheels / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name} of {lock.name}")


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> FakeInstaller:
    fake = FakeInstaller()
    monkeypatch.setattr(packaging, "_install", fake)
    return fake


def build(clone: Path, folder: Path | None = None, **target: str) -> Package:
    wanted = {"python_version": "3.13", "architecture": "arm64"} | target
    return packaging.build("tiny", root=clone, folder=folder or clone / ".build", **wanted)


def names(package: Package) -> list[str]:
    with zipfile.ZipFile(package.path) as archive:
        return archive.namelist()


def test_the_archive_holds_the_function_what_it_shares_and_its_wheels(
    clone: Path, installer: FakeInstaller
) -> None:
    assert names(build(clone)) == [
        "lib-1.dist-info/METADATA",
        "lib/__init__.py",
        "contracts/__init__.py",
        "functions/__init__.py",
        "functions/shared/__init__.py",
        "functions/tiny/__init__.py",
        "functions/tiny/handler.py",
    ]


def test_the_package_says_what_lambda_must_be_told(clone: Path, installer: FakeInstaller) -> None:
    package = build(clone)
    assert package.handler == "functions.tiny.handler.handler"
    assert (package.runtime, package.architecture) == ("python3.13", "arm64")


def test_equal_input_gives_equal_bytes_wherever_and_whenever_it_is_built(
    clone: Path, installer: FakeInstaller, tmp_path: Path
) -> None:
    first = build(clone, tmp_path / "one")
    for path in clone.rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file():
            path.chmod(0o600)
    second = build(clone, tmp_path / "two")
    assert installer.calls == 2
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256


def test_files_can_be_read_by_lambdas_user(clone: Path, installer: FakeInstaller) -> None:
    (clone / "functions/tiny/handler.py").chmod(0o600)
    with zipfile.ZipFile(build(clone).path) as archive:
        for entry in archive.infolist():
            assert stat.S_IMODE(entry.external_attr >> 16) == 0o644, entry.filename


def test_an_unchanged_function_is_not_built_again(clone: Path, installer: FakeInstaller) -> None:
    assert build(clone) == build(clone)
    assert installer.calls == 1


@pytest.mark.parametrize(
    "path", ["functions/tiny/handler.py", "functions/shared/__init__.py", "contracts/__init__.py"]
)
def test_one_changed_byte_gives_another_archive(
    clone: Path, installer: FakeInstaller, path: str
) -> None:
    before = build(clone)
    (clone / path).write_text("CHANGED = 1\n")
    after = build(clone)
    assert before.sha256 != after.sha256
    assert before.path != after.path
    assert installer.calls == 1, "wheels are packed once per lock, not once per change"


def test_another_lock_gives_another_archive(clone: Path, installer: FakeInstaller) -> None:
    before = build(clone)
    (clone / "requirements/tiny.txt").write_text("wheel==2.0\n")
    assert build(clone).path != before.path
    assert installer.calls == 2


def test_another_function_or_cached_bytecode_changes_nothing(
    clone: Path, installer: FakeInstaller
) -> None:
    before = build(clone)
    (clone / "functions/other/secret.py").write_text("changed")
    (clone / "functions/tiny/__pycache__/new.pyc").write_text("changed")
    assert build(clone) == before
    assert installer.calls == 1


def test_another_target_is_another_archive(clone: Path, installer: FakeInstaller) -> None:
    assert build(clone).path != build(clone, architecture="x86_64").path
    assert build(clone).path != build(clone, python_version="3.12").path


def test_this_machine_is_a_target(clone: Path, installer: FakeInstaller) -> None:
    package = build(clone, python_version="machine", architecture="machine")
    assert package.runtime.startswith("python3.")
    assert package.architecture in ("arm64", "x86_64")


def test_builds_at_the_same_time_leave_one_whole_archive(
    clone: Path, installer: FakeInstaller
) -> None:
    with ThreadPoolExecutor(4) as pool:
        packages = list(pool.map(lambda _: build(clone), range(8)))
    assert len(set(packages)) == 1
    assert zipfile.ZipFile(packages[0].path).testzip() is None
    left = sorted(path.name for path in (clone / ".build").iterdir())
    assert left[0] == packages[0].path.name
    assert [name.split("-")[0] for name in left] == ["tiny", "wheels"]


def test_a_build_that_fails_leaves_nothing_behind(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(lock: Path, target: object, wheels: Path) -> None:
        wheels.mkdir()
        raise PackagingError("no wheel for this target")

    monkeypatch.setattr(packaging, "_install", fail)
    with pytest.raises(PackagingError, match="no wheel"):
        build(clone)
    assert list((clone / ".build").iterdir()) == []


def test_a_function_that_does_not_exist_is_named(clone: Path, installer: FakeInstaller) -> None:
    with pytest.raises(PackagingError, match="functions/absent does not exist"):
        packaging.build(
            "absent",
            python_version="3.13",
            architecture="arm64",
            root=clone,
            folder=clone / ".build",
        )


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'no matching wheel' >&2\nexit 1", "no matching wheel"),
        ("kill -9 $$", "ended with -9"),
    ],
)
def test_how_the_installer_failed_reaches_the_reader(
    clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, told: str
) -> None:
    tool = tmp_path / "bin" / "uv"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setattr(packaging.sys, "executable", str(tool.parent / "python"))
    with pytest.raises(PackagingError, match=rf"tiny\.txt .* 3\.13 on arm64: .*{told}"):
        build(clone)


@pytest.mark.parametrize(
    ("architecture", "platform"),
    [("arm64", "aarch64-manylinux_2_28"), ("x86_64", "x86_64-manylinux_2_28")],
)
def test_only_locked_binary_wheels_of_the_target_are_installed(
    clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, architecture: str, platform: str
) -> None:
    tool = tmp_path / "bin" / "uv"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\necho \"$@\" > '{tmp_path}/asked'\n")
    tool.chmod(0o755)
    monkeypatch.setattr(packaging.sys, "executable", str(tool.parent / "python"))
    build(clone, architecture=architecture)
    asked = (tmp_path / "asked").read_text()
    assert "--require-hashes" in asked
    assert "--no-deps" in asked
    assert "--only-binary :all:" in asked
    assert f"--python-version 3.13 --python-platform {platform}" in asked
    assert asked.strip().endswith("requirements/tiny.txt")


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("lib/core.dylib", 10, r"do not fit python 3\.13 on arm64: lib/core\.dylib"),
        ("numpy/__init__.py", 10, "numpy is there without its compiled core"),
        ("onnxruntime-1.20.0.dist-info/METADATA", 10, r"onnxruntime 1\.20 may abort"),
        ("lib/net.onnx", 10_000_001, "warmline models push"),
        ("lib/data.bin", 225_000_001, "tiny has 225 MB unzipped"),
    ],
)
def test_what_lambda_would_refuse_is_refused_before_there_is_an_archive(
    clone: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: int, said: str
) -> None:
    def install(lock: Path, target: object, wheels: Path) -> None:
        (wheels / name).parent.mkdir(parents=True)
        with (wheels / name).open("wb") as file:
            file.truncate(size)

    monkeypatch.setattr(packaging, "_install", install)
    with pytest.raises(PackagingError, match=said):
        build(clone)
    assert not [path for path in (clone / ".build").iterdir() if path.name.startswith("tiny-")]


def test_a_wheel_cannot_replace_our_own_code(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(lock: Path, target: object, wheels: Path) -> None:
        (wheels / "contracts").mkdir(parents=True)
        (wheels / "contracts/__init__.py").write_text("from somewhere else")

    monkeypatch.setattr(packaging, "_install", install)
    with pytest.raises(PackagingError, match=r"brings our own file contracts/__init__\.py"):
        build(clone)


def test_archives_of_changed_sources_go_after_an_hour_but_the_newest_stay(
    clone: Path, installer: FakeInstaller
) -> None:
    source, made = clone / "functions/tiny/handler.py", []
    for number in range(7):
        source.write_text(f"NUMBER = {number}\n")
        made.append(build(clone).path)
        long_ago = time.time() - 7_200 + number
        os.utime(made[-1], (long_ago, long_ago))
    source.write_text("NUMBER = 7\n")
    newest = build(clone).path
    assert [path for path in (*made, newest) if path.exists()] == [*made[-3:], newest]
