"""Getting an engine: what is on PATH, what was built before, and a build, with stand-ins for Go."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from emulation import launchers, processes
from emulation.engine import EngineError, build, download, ensure, found
from emulation.engine.found import HOST, Unusable
from tests.engine.workbench import silent

pytestmark = pytest.mark.engine

REFUSED = "http://127.0.0.1:9"
"""Nothing listens here, so Pulumi's own download fails at once, wherever the tests run."""

GO = """#!/bin/sh
echo "$@" >> {calls}
case "$1 $2" in
  "env GOVERSION") echo {version} ;;
  "list -deps") echo runtime; echo example.invalid/a ;;
  "list -m") echo {sdk} ;;
  "build -v") echo runtime >&2; sleep {seconds}; {build} ;;
esac
"""
WORKS = "printf '#!/bin/sh\\necho v3.274.1\\n' > $4; chmod +x $4"
FAILS = "echo 'no route to proxy' >&2; exit 1"


class Machine:
    """A machine with an empty cache, and with only what a test puts on PATH."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.cache = folder / "cache" / "warmline" / "engine"
        self._calls = folder / "calls"
        self._sdk = folder / "sdk"
        self.said: list[str] = []
        self.bin.mkdir()
        script = self._sdk / "python" / "cmd" / build.EXEC_SCRIPT
        script.parent.mkdir(parents=True)
        script.write_text("# runs programs\n", encoding="utf-8")

    def install_go(self, *, does: str = WORKS, version: str = "go1.26.1", seconds: float = 0):
        text = GO.format(
            calls=self._calls, sdk=self._sdk, build=does, version=version, seconds=seconds
        )
        self.install("go", text)

    def install(self, name: str, text: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def builds(self) -> int:
        if not self._calls.exists():
            return 0
        return self._calls.read_text(encoding="utf-8").count("build -v")

    def ensure(self):
        return ensure(self.said.append)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.bin}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, REFUSED)
    engine = tmp_path / "clone" / "engine"
    monkeypatch.setattr(launchers, "ENGINE", engine)
    monkeypatch.setattr(launchers, "MODULES", {engine / HOST: "emulation.engine.language_host"})
    return machine


def test_an_official_installation_wins_over_everything_and_brings_its_own_host(machine: Machine):
    machine.install_go()
    machine.ensure()
    pulumi = machine.install("pulumi", f"#!/bin/sh\necho v{found.MINIMUM}\n")
    machine.install(HOST, "#!/bin/sh\n")
    engine = machine.ensure()
    assert (engine.origin, engine.command) == ("path", pulumi)
    assert engine.path_entries == ()


def test_the_host_of_another_installation_does_not_come_before_the_engine_s_own(
    machine: Machine, tmp_path: Path, monkeypatch
):
    machine.install(HOST, "#!/bin/sh\n")
    machine.install("pulumi", f"#!/bin/sh\necho v{found.MINIMUM}\n", tmp_path / "opt")
    machine.install(HOST, "#!/bin/sh\n", tmp_path / "opt")
    monkeypatch.setenv("PATH", f"{machine.bin}:{tmp_path / 'opt'}:/usr/bin:/bin")
    assert machine.ensure().path_entries == (tmp_path / "opt",)


def test_an_installation_that_is_linked_into_path_uses_the_host_beside_the_real_file(
    machine: Machine, tmp_path: Path
):
    real = machine.install("pulumi", f"#!/bin/sh\necho v{found.MINIMUM}\n", tmp_path / "opt")
    machine.install(HOST, "#!/bin/sh\n", tmp_path / "opt")
    (machine.bin / "pulumi").symlink_to(real)
    engine = machine.ensure()
    assert (engine.origin, engine.path_entries) == ("path", (tmp_path / "opt",))


@pytest.mark.parametrize(
    ("answer", "host", "reason"),
    [
        ("echo v3.100.0", True, "older than"),
        ("echo v4.0.0", True, "major version"),
        ("echo unknown", True, "which is no version"),
        ("echo broken >&2; exit 3", True, "code 3: broken"),
        (f"echo v{found.MINIMUM}", False, f"has no {HOST}"),
    ],
)
def test_an_engine_on_path_that_is_of_no_use_is_reported_and_passed_over(
    machine: Machine, answer, host, reason
):
    machine.install("pulumi", f"#!/bin/sh\n{answer}\n")
    if host:
        machine.install(HOST, "#!/bin/sh\n")
    machine.install_go()
    assert machine.ensure().origin == "build"
    (passed_over,) = [text for text in machine.said if text.startswith("passed over")]
    assert reason in passed_over


RELEASE = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1], "bin")
folder.mkdir(parents=True)
for name in ("pulumi", "pulumi-language-python")[:PARTS]:
    (folder / name).write_text("#!/bin/sh\\necho v3.272.0\\n")
    (folder / name).chmod(0o755)
"""


def test_pulumi_s_own_installer_is_preferred_to_a_build_and_asked_once(
    machine: Machine, monkeypatch
):
    machine.install_go()
    monkeypatch.setattr(download, "INSTALL", RELEASE.replace("PARTS", "2"))
    first = machine.ensure()
    assert (first.origin, first.version) == ("download", "v3.272.0")
    assert first.command.with_name(HOST).is_file()
    assert first.path_entries == (first.command.parent,)
    monkeypatch.setattr(download, "INSTALL", "raise SystemExit('asked again')")
    assert machine.ensure() == first
    assert machine.builds() == 0
    assert [path.name for path in machine.cache.iterdir()] == [download.folder().name]


@pytest.mark.parametrize(
    ("installer", "cause"),
    [
        (RELEASE.replace("PARTS", "2") + "sys.exit('connection lost')", "connection lost"),
        (RELEASE.replace("PARTS", "2") + "time.sleep(60)", "no release after 1 s"),
        (RELEASE.replace("PARTS", "1"), f"holds no {HOST}"),
    ],
)
def test_half_a_release_is_never_kept(machine: Machine, monkeypatch, installer, cause):
    monkeypatch.setattr(download, "INSTALL", installer)
    monkeypatch.setattr(download, "LIMIT_SECONDS", 1 if "sleep" in installer else 60)
    with pytest.raises(EngineError, match=cause):
        machine.ensure()
    assert not any(machine.cache.iterdir())


def test_the_engine_is_built_once_and_found_again(machine: Machine):
    machine.install_go()
    first = machine.ensure()
    assert first.version == "v3.274.1"
    assert first.command.with_name(HOST).is_file()
    assert machine.ensure() == first
    assert machine.builds() == 1


def test_a_build_leaves_only_the_engine_in_the_cache(machine: Machine):
    machine.install_go()
    (machine.cache / f".build-{build.key()}-killed" / "engine").mkdir(parents=True)
    machine.ensure()
    assert sorted(path.name for path in machine.cache.iterdir()) == [
        build.key(),
        f"{build.key()}.lock",
    ]
    assert sorted(path.name for path in build.folder().iterdir()) == sorted(
        [build.EXEC_SCRIPT, "pulumi"]
    )


def test_a_build_says_how_far_it_is(machine: Machine, monkeypatch):
    monkeypatch.setattr(processes, "TICK_SECONDS", 0.1)
    machine.install_go(seconds=0.5)
    machine.ensure()
    assert any(text.startswith("compiled 1 of 2 packages, ") for text in machine.said)


@pytest.mark.parametrize("content", ["", "#!/bin/sh\nexit 1\n", "#!/bin/sh\necho unknown\n"])
def test_a_broken_engine_in_the_cache_is_built_again(machine: Machine, content):
    machine.install_go()
    machine.ensure()
    machine.install("pulumi", content, build.folder())
    assert machine.ensure().version == "v3.274.1"
    assert machine.builds() == 2


def test_a_cache_without_the_script_that_runs_programs_is_built_again(machine: Machine):
    machine.install_go()
    machine.ensure()
    build.exec_script().unlink()
    machine.ensure()
    assert build.exec_script().is_file()


def test_a_failed_build_says_why_and_leaves_nothing_that_looks_like_an_engine(machine: Machine):
    machine.install_go(does=FAILS)
    with pytest.raises(EngineError, match="code 1: no route to proxy"):
        machine.ensure()
    assert not build.folder().exists()
    machine.install_go()
    assert machine.ensure().origin == "build"


def test_a_build_that_gives_no_real_version_is_not_kept(machine: Machine):
    machine.install_go(does="printf '#!/bin/sh\\necho unknown\\n' > $4; chmod +x $4")
    with pytest.raises(EngineError, match="which is no version"):
        machine.ensure()
    assert not build.folder().exists()


def test_two_builds_at_once_build_once(machine: Machine, monkeypatch):
    def unreachable(_progress):
        raise Unusable("not here")

    # Both come to the build at the same moment.
    monkeypatch.setattr(download, "install", unreachable)
    machine.install_go(seconds=1)
    engines = []
    threads = [threading.Thread(target=lambda: engines.append(machine.ensure())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert machine.builds() == 1
    assert engines[0] == engines[1]
    assert any("another process is building" in text for text in machine.said)


def test_an_older_go_is_refused_with_both_versions(machine: Machine):
    machine.install_go(version="go1.22.4")
    with pytest.raises(EngineError, match=r"go1\.22\.4; the build needs Go 1\.25 or newer"):
        machine.ensure()


def test_where_no_way_works_the_error_names_all_three_with_their_causes(machine: Machine):
    start = time.monotonic()
    with pytest.raises(EngineError) as refused:
        machine.ensure()
    assert time.monotonic() - start < 10
    cause = refused.value.cause
    assert "pulumi on PATH: not found" in cause
    assert "Pulumi's own installer: URLError" in cause
    assert "Connection refused" in cause
    assert "Go build: `go` is not on PATH" in cause
    assert not any(machine.cache.iterdir())


def test_a_full_disk_is_noticed_before_the_build(machine: Machine, monkeypatch):
    machine.install_go()
    monkeypatch.setattr(build, "SPACE_GB", 10**9)
    with pytest.raises(EngineError, match="GB free; the build needs"):
        machine.ensure()
    assert machine.builds() == 0


def test_the_engine_of_this_machine_is_found_again_untouched_and_quickly():
    first = ensure(silent)
    seen = first.command.stat()
    start = time.monotonic()
    again = ensure(silent)
    assert time.monotonic() - start < 5
    assert again == first
    assert again.command.stat().st_mtime_ns == seen.st_mtime_ns
    assert seen.st_mode & stat.S_IXUSR
    host = [folder / HOST for folder in again.path_entries]
    assert any(os.access(path, os.X_OK) for path in host)
