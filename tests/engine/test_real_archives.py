"""The archives of our own functions, from real wheels."""

import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from components import packaging
from components.packaging import Package

pytestmark = pytest.mark.engine

FUNCTIONS = ("predict", "health", "authorize")
IMPORTS = {
    "predict": "awscrt.s3, numpy, onnxruntime, functions.predict.app",
    "health": "awscrt.http, functions.health.app",
    "authorize": "functions.authorize.app, functions.authorize.issuer",
}


def build(
    function: str,
    folder: Path = packaging.BUILD_FOLDER,
    *,
    python_version: str = "machine",
    architecture: str = "machine",
) -> Package:
    return packaging.build(
        function, folder=folder, python_version=python_version, architecture=architecture
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_the_function_imports_is_all_in_its_archive(function: str, tmp_path: Path) -> None:
    """An interpreter without site-packages, with the archive as its only path."""
    with zipfile.ZipFile(build(function).path) as archive:
        archive.extractall(tmp_path)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {IMPORTS[function]}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_unchanged_function_costs_less_than_a_second(function: str) -> None:
    first = build(function)
    started = time.monotonic()
    second = build(function)
    assert time.monotonic() - started < 1
    assert second == first


def test_two_builds_from_nothing_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = build("health", tmp_path / "one"), build("health", tmp_path / "two")
    assert first.path.read_bytes() == second.path.read_bytes()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_archives_for_aws_can_be_built_here(function: str, architecture: str) -> None:
    package = build(function, python_version="3.13", architecture=architecture)
    with zipfile.ZipFile(package.path) as archive:
        compiled = [n for n in archive.namelist() if ".cpython-" in n]
        unzipped = sum(entry.file_size for entry in archive.infolist())
    assert not [n for n in compiled if "cpython-313-" not in n]
    assert 0 < unzipped < 225_000_000


def test_a_change_of_source_packs_no_wheels_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    for folder in ("functions", "contracts", "requirements"):
        shutil.copytree(packaging.ROOT / folder, clone / folder)
    build("predict")

    def refuse(*_: object) -> None:
        raise AssertionError("the wheels are there already")

    monkeypatch.setattr(packaging, "_pack_wheels", refuse)
    (clone / "functions/predict/added.py").write_text("ADDED = 1\n")
    started = time.monotonic()
    changed = packaging.build(
        "predict", python_version="machine", architecture="machine", root=clone
    )
    assert time.monotonic() - started < 5
    with zipfile.ZipFile(changed.path) as archive:
        assert "functions/predict/added.py" in archive.namelist()
    changed.path.unlink()
