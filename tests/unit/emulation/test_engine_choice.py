"""Which engine is taken, and what is said when there is none."""

from pathlib import Path

import pytest

from emulation.engine import build, found
from emulation.engine.bootstrap import on_path
from emulation.engine.found import EngineError, Unusable

pytestmark = pytest.mark.unit

OLDER = f"v{found.MINIMUM.major}.{found.MINIMUM.minor - 1}.9"


@pytest.mark.parametrize("version", [f"v{found.MINIMUM}", str(found.MINIMUM), "v3.999.0"])
def test_the_minimum_version_and_newer_ones_are_taken(version: str):
    found.require_supported(Path("pulumi"), version)


@pytest.mark.parametrize(
    ("version", "reason"),
    [(OLDER, "older than"), ("v2.25.0", "major version 3 only"), ("v4.0.0", "major version 3")],
)
def test_an_older_version_or_another_major_one_is_refused_with_both_versions(version, reason):
    with pytest.raises(Unusable, match=reason) as refused:
        found.require_supported(Path("/opt/pulumi"), version)
    assert version in str(refused.value)
    assert "/opt/pulumi" in str(refused.value)


def test_the_error_names_what_was_tried_with_each_cause_and_the_three_ways_out():
    error = EngineError(
        [("pulumi on PATH", "not found"), ("Go build", "`go` is not on PATH")], go="1.25"
    )
    assert "pulumi on PATH: not found" in error.cause
    assert "Go build: `go` is not on PATH" in error.cause
    ways = [line for line in error.way_out.splitlines() if line.startswith("  - ")]
    assert [word in way for word, way in zip(("PATH", "download", "Go 1.25"), ways, strict=True)]
    assert f"Pulumi {found.MINIMUM}" in ways[0]
    assert str(error) == f"{error.cause}\n{error.way_out}"


def test_without_pulumi_on_path_nothing_is_found(tmp_path: Path):
    with pytest.raises(Unusable, match="not found"):
        on_path({"PATH": str(tmp_path)})


def test_go_is_told_to_change_nothing_and_gets_no_setting_of_another_build():
    environ = build.go_environ(
        {
            "HOME": "/home/me",
            "GOFLAGS": "-mod=mod -tags=other",
            "GOOS": "plan9",
            "GOARCH": "arm",
            "CGO_CFLAGS": "-O0",
            "GOWORK": "/elsewhere/go.work",
            "GOPROXY": "https://proxy.invalid",
            "HTTPS_PROXY": "http://127.0.0.1:9",
        },
        Path("/cache/go"),
    )
    assert environ == {
        "HOME": "/home/me",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "GOPROXY": "https://proxy.invalid",
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOWORK": "off",
        "GOTOOLCHAIN": "auto",
        "GOPATH": "/cache/go",
        "GOCACHE": "/cache/go/build",
    }


def test_a_go_cache_that_was_chosen_on_purpose_is_used():
    environ = build.go_environ({"GOCACHE": "/mine", "GOMODCACHE": "/mods"}, Path("/cache/go"))
    assert (environ["GOCACHE"], environ["GOMODCACHE"]) == ("/mine", "/mods")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go1.25.3", (1, 25)),
        ("go1.9", (1, 9)),
        ("go1.26rc1", (1, 26)),
        ("devel +abc", None),
    ],
)
def test_the_version_of_go_is_read_as_numbers(text, version):
    assert build.go_version(text) == version


def test_the_committed_go_mod_pins_an_engine_that_is_new_enough():
    version = build.release((build.SOURCE / "go.mod").read_text(encoding="utf-8"))
    found.require_supported(Path("pulumi"), version)


def test_a_go_mod_without_the_engine_is_refused_by_name():
    with pytest.raises(Unusable, match=r"go\.mod does not require"):
        build.release("module x\n\nrequire example.invalid/y v1.0.0\n")


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_the_cache_key_changes_with_each_module_file(tmp_path: Path, monkeypatch, name):
    for file in ("go.mod", "go.sum"):
        (tmp_path / file).write_text("same\n", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    before = build.key()
    assert build.key() == before
    (tmp_path / name).write_text("changed\n", encoding="utf-8")
    assert build.key() != before


def test_the_cache_key_differs_between_kinds_of_machine(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    one = build.key()
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert build.key() != one


def test_packages_are_counted_and_go_s_other_lines_are_not():
    counted = build.Packages()
    for line in ("go: downloading a v1", "runtime", "", "github.com/a/b", "# github.com/a/b note"):
        counted.line(line)
    assert str(counted) == "2"
