"""Python programs and policy packs run by the engine, through the host beside it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulation import processes
from emulation.engine import Engine, ensure
from tests.engine.workbench import silent, wait_for_end

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
config = pulumi.Config()

class Thing(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Thing", name)
        self.register_outputs({})

Thing(config.require("name"))
print("printed by the program", flush=True)
pulumi.export("stack", pulumi.get_stack())
pulumi.export("secret", config.require_secret("secret"))
pulumi.export("dry_run", pulumi.runtime.is_dry_run())
"""
PACK = """
import time
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def check(args, report):
    if args.resource_type == "test:index:Thing" and args.name == "bad":
        report(f"{args.name} is no good name")

PolicyPack("names", enforcement_level=EnforcementLevel.MANDATORY, policies=[
    ResourceValidationPolicy("good-names", "Things have good names.", check)])
"""
SLEEPS = """
import os, pathlib, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
pathlib.Path("pids.new").write_text(f"{os.getpid()} {os.getppid()} {grandchild.pid}")
pathlib.Path("pids.new").rename("pids")
time.sleep(300)
"""
CANCEL_LIMIT_SECONDS = 15


class Project:
    """A project in a folder of its own, with its own state and nothing of the user's."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder / "project"
        self.pack = folder / "pack"
        self.command = engine.command
        for made in (self.folder, self.pack, folder / "state"):
            made.mkdir()
        self.environ = {
            "PATH": os.pathsep.join([*map(str, engine.path_entries), os.defpath]),
            "HOME": str(folder),
            # Where the host looks for what was built.
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "a test's own",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        self.write(self.folder / "Pulumi.yaml", json.dumps({"name": "tiny", "runtime": runtime}))
        self.write(self.pack / "PulumiPolicy.yaml", json.dumps({"runtime": runtime}))
        self.write(self.pack / "__main__.py", PACK)
        self.pulumi("stack", "init", "one")

    def write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")

    def program(self, text: str) -> None:
        self.write(self.folder / "__main__.py", text)

    def arguments(self, *arguments: str) -> list[str]:
        return [str(self.command), "--non-interactive", *arguments]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        ended = subprocess.run(
            self.arguments(*arguments),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        shown = ended.stdout + ended.stderr
        assert (ended.returncode != 0) is fails, shown
        return shown


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, ensure(silent))


def test_a_program_and_a_policy_pack_run_with_config_and_secrets(project: Project):
    project.program(PROGRAM)
    project.pulumi("config", "set", "name", "good")
    project.pulumi("config", "set", "--secret", "secret", "not told")
    shown = project.pulumi("up", "--yes", "--policy-pack", str(project.pack))
    assert "printed by the program" in shown
    assert "names@" in shown
    assert "not told" not in shown
    assert "warning: using pulumi-language-python" not in shown
    outputs = json.loads(project.pulumi("stack", "output", "--json"))
    assert outputs == {"dry_run": False, "secret": "[secret]", "stack": "one"}
    plain = json.loads(project.pulumi("stack", "output", "--json", "--show-secrets"))
    assert plain["secret"] == "not told"


def test_a_mandatory_policy_stops_the_update_and_says_why(project: Project):
    project.program(PROGRAM)
    project.pulumi("config", "set", "name", "bad")
    project.pulumi("config", "set", "--secret", "secret", "x")
    shown = project.pulumi("up", "--yes", "--policy-pack", str(project.pack), fails=True)
    assert "bad is no good name" in shown


def test_an_exception_is_shown_with_the_program_s_own_lines(project: Project):
    project.program("import pulumi\n\nraise ValueError('no such model')\n")
    shown = project.pulumi("preview", fails=True)
    assert "ValueError: no such model" in shown
    assert f'File "{project.folder / "__main__.py"}", line 3' in shown
    assert "pulumi-language-python-exec" not in shown
    assert "ended with code" not in shown


def test_a_run_error_is_shown_without_a_traceback(project: Project):
    project.program("import pulumi\n\nraise pulumi.RunError('set the key')\n")
    shown = project.pulumi("preview", fails=True)
    assert "set the key" in shown
    assert "Traceback" not in shown


def test_a_program_that_ends_with_a_code_of_its_own_fails_the_run_and_names_the_code(project):
    project.program("import sys\n\nsys.exit(7)\n")
    assert "the program ended with code 7" in project.pulumi("preview", fails=True)


def test_a_policy_pack_that_cannot_start_fails_the_run(project: Project):
    project.program("import pulumi\n")
    project.write(project.pack / "__main__.py", "import nowhere_to_be_found\n")
    shown = project.pulumi("preview", "--policy-pack", str(project.pack), fails=True)
    assert "nowhere_to_be_found" in shown


def test_about_names_the_python_and_its_packages(project: Project):
    project.program("import pulumi\n")
    about = json.loads(project.pulumi("about", "--json"))
    assert about["runtime"]["executable"] == f"{sys.prefix}/bin/python"
    names = {package["name"] for package in about["dependencies"]}
    assert "pulumi" in names


@pytest.mark.parametrize(
    "end",
    [
        lambda engine: engine.send_signal(signal.SIGINT),
        lambda engine: engine.send_signal(signal.SIGKILL),
    ],
    ids=["cancelled", "killed"],
)
def test_nothing_of_a_run_outlives_the_engine(
    project: Project, end: Callable[[subprocess.Popen[bytes]], None]
):
    project.program(SLEEPS)
    with subprocess.Popen(
        project.arguments("preview"),
        cwd=project.folder,
        env=project.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as engine:
        try:
            pids = _pids(project.folder / "pids", engine)
            assert all(processes.started(pid) for pid in pids)
        finally:
            end(engine)
        code = engine.wait(CANCEL_LIMIT_SECONDS)
    assert code != 0
    wait_for_end(*pids)


def _pids(path: Path, engine: subprocess.Popen[bytes]) -> list[int]:
    """The program's, its host's and its child's process ids, once the program has started."""
    while not path.exists():
        assert engine.poll() is None
        time.sleep(0.05)
    return [int(word) for word in path.read_text(encoding="utf-8").split()]
