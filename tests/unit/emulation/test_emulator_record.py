"""The emulator's pure parts: its environment, its record, launchers and folders."""

import json
import subprocess
from pathlib import Path

import pytest

from emulation import emulator_venv, launchers, paths, processes
from emulation.ministack import Emulator, Record, environ_for

pytestmark = pytest.mark.unit

RECORD = Record(pid=4_000, started="boot/77", port=5_000, instance="abc")


@pytest.mark.parametrize(
    ("started", "alive"),
    [("boot/77", True), ("boot/78", False), ("other-boot/77", False), (None, False)],
)
def test_an_emulator_is_known_by_its_id_and_its_start_together(monkeypatch, started, alive):
    monkeypatch.setattr(processes, "started", lambda _pid: started)
    assert RECORD.alive() is alive


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', json.dumps({"pid": 1, "x": 2})])
def test_a_state_file_that_makes_no_sense_counts_as_none(tmp_path: Path, content):
    state = tmp_path / "emulator" / "state.json"
    state.parent.mkdir()
    state.write_text(content, encoding="utf-8")
    assert Emulator(tmp_path).running() is None


@pytest.mark.parametrize("enforcing", [False, True])
def test_nothing_of_the_user_s_environment_reaches_the_emulator(
    enforcing, monkeypatch, tmp_path: Path
):
    for name in ("AWS_CA_BUNDLE", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "PYTHONPATH", "SECRET"):
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setenv("PATH", "/home/me/bin")
    monkeypatch.setenv("HOME", "/home/me")
    environ = environ_for(tmp_path, 5_000, enforcing=enforcing)
    assert "leaked" not in environ.values()
    assert not any("/home/me" in value for value in environ.values())
    assert environ["BIND_HOST"] == "127.0.0.1"
    assert environ["IOT_MTLS_ENABLED"] == environ["SFTP_ENABLED"] == "0"
    inside = ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR")
    assert all(Path(environ[name]).is_relative_to(tmp_path) for name in inside)


def test_the_environment_is_made_anew_for_another_lock_or_another_python():
    stamp = emulator_venv.stamp(b"lock", "3.11")
    assert stamp == emulator_venv.stamp(b"lock", "3.11")
    assert stamp != emulator_venv.stamp(b"lock changed", "3.11")
    assert stamp != emulator_venv.stamp(b"lock", "3.12")


def test_elsewhere_than_on_linux_ps_says_when_a_process_was_started(monkeypatch):
    answers = {
        "1": ("Ss   Wed Nov 25 02:44:12 2026\n", 0),
        "2": ("Z    Wed Nov 25 02:44:12 2026\n", 0),
        "3": ("", 1),
    }

    def run(command, **options):
        text, code = answers[command[-1]]
        return subprocess.CompletedProcess(command, code, stdout=text)

    monkeypatch.setattr(processes, "_has_proc", lambda: False)
    monkeypatch.setattr(subprocess, "run", run)
    assert processes.started(1) == "Wed Nov 25 02:44:12 2026"
    assert processes.started(2) is None
    assert processes.started(3) is None


def test_a_launcher_survives_spaces_and_quotes_in_the_clone_s_path():
    text = launchers.script(Path("/home/it's me/.venv/bin/python"), "emulation.echo aws")
    shown = subprocess.run(
        ["/bin/sh", "-c", text.splitlines()[1].replace("exec ", "printf '%s\\n' ", 1), "sh", "a b"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [
        *("/home/it's me/.venv/bin/python", "-P", "-m", "emulation.echo", "aws", "a b"),
    ]


def test_launchers_are_written_once_and_repaired_when_they_differ(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(launchers, "MODULES", {tmp_path / "bin" / "plugin": "some.module"})
    plugin = tmp_path / "bin" / "plugin"
    launchers.write()
    first = plugin.stat()
    assert first.st_mode & 0o111 == 0o111
    launchers.write()
    assert plugin.stat().st_ino == first.st_ino
    plugin.write_text("#!/bin/sh\nexec /gone\n", encoding="utf-8")
    launchers.write()
    assert plugin.read_text(encoding="utf-8").endswith('-P -m some.module "$@"\n')
    assert list(plugin.parent.iterdir()) == [plugin]


def test_the_home_folder_moves_with_its_variable(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("WARMLINE_HOME", raising=False)
    assert paths.home() == paths.RUNTIME / "home"
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    assert paths.home() == tmp_path


@pytest.mark.parametrize(("chosen", "base"), [("/var/c", "/var/c"), ("rel", None), ("", None)])
def test_the_cache_follows_the_xdg_rules(monkeypatch, chosen, base):
    monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    expected = Path(base) if base else Path.home() / ".cache"
    assert paths.cache() == expected / "warmline"
