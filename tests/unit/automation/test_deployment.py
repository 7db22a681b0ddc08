"""The repairs around an engine run: locks of the dead, pending operations, readable failures."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.automation import CommandResult, EngineEvent
from pulumi.automation.errors import CommandError

from automation import deployment
from automation.errors import Failure

pytestmark = pytest.mark.unit

ROOT = Path(deployment.__file__).parents[1]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    return tmp_path


class FakeStack:
    """Stands for the Automation API's stack; `events` are told before `error` is raised."""

    name = "local"

    def __init__(self, *, pending: int = 0, error: str = "", events: tuple = ()) -> None:
        self.calls: list[str] = []
        self.pending = pending
        self.error = error
        self.events = events

    def export_stack(self) -> SimpleNamespace:
        return SimpleNamespace(deployment={"pending_operations": [{}] * self.pending})

    def cancel(self) -> None:
        self.calls.append("cancel")

    def refresh(self, **options: Any) -> None:
        self.calls.append(f"refresh clear={options['clear_pending_creates']}")

    def up(self, **options: Any) -> None:
        self.calls.append(f"up refresh={options['refresh']}")
        for event in self.events:
            options["on_event"](event)
        if self.error:
            raise CommandError(CommandResult(stdout="", stderr=self.error, code=255))


def fake_stack(**behaviour: Any) -> Any:
    """Untyped, as the fake is only as much of a stack as these functions use."""
    return FakeStack(**behaviour)


def lock(home: Path, pid: object) -> None:
    folder = home / "state" / ".pulumi" / "locks" / "organization" / "warmline" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{pid}.json").write_text(json.dumps({"pid": pid}))


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def silent(_text: str) -> None:
    return None


def test_a_second_command_in_a_home_is_refused_and_told_who_is_at_work() -> None:
    with (
        deployment.one_at_a_time(),
        pytest.raises(Failure, match=f"process {os.getpid()}"),
        deployment.one_at_a_time(),
    ):
        pass


def test_the_lock_is_free_again_when_its_command_ended_badly() -> None:
    with pytest.raises(ValueError, match="boom"), deployment.one_at_a_time():
        raise ValueError("boom")
    with deployment.one_at_a_time():
        pass


def test_the_lock_of_a_process_that_was_killed_holds_nobody_up(home: Path) -> None:
    script = (
        "import os, signal; from automation.deployment import one_at_a_time\n"
        "with one_at_a_time(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    environ = os.environ | {"WARMLINE_HOME": str(home)}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ, check=False)
    assert (home / "lock").read_text().isdigit()
    with deployment.one_at_a_time():
        pass


def test_a_lock_of_an_engine_that_is_no_more_is_dropped(home: Path) -> None:
    lock(home, ended_process())
    stack = fake_stack()
    assert deployment.release_stale_locks(stack)
    assert stack.calls == ["cancel"]


def test_a_lock_whose_number_went_to_another_program_is_dropped(home: Path) -> None:
    lock(home, os.getpid())
    stack = fake_stack()
    assert deployment.release_stale_locks(stack)
    assert stack.calls == ["cancel"]


def test_a_lock_file_that_cannot_be_read_is_dropped(home: Path) -> None:
    lock(home, "half-written")
    stack = fake_stack()
    assert deployment.release_stale_locks(stack)


def test_an_engine_that_still_works_is_named_and_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(home, 4242)
    monkeypatch.setattr(deployment, "is_engine", lambda pid: pid == 4242)
    stack = fake_stack()
    with pytest.raises(Failure, match="process 4242"):
        deployment.release_stale_locks(stack)
    assert stack.calls == []


def test_without_a_lock_nothing_is_cancelled() -> None:
    stack = fake_stack()
    assert not deployment.release_stale_locks(stack)
    assert stack.calls == []


def state_file(home: Path, text: str, *, copy: str | None = None) -> Path:
    path = home / "state" / ".pulumi" / "stacks" / "warmline" / "local.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    if copy is not None:
        path.with_name("local.json.bak").write_text(copy)
    return path


@pytest.mark.parametrize("torn", ["", '{"version": 3, "checkp'])
def test_a_state_that_a_killed_engine_left_half_written_gives_way_to_the_one_before(
    home: Path, torn: str
) -> None:
    path = state_file(home, torn, copy='{"version": 3}')
    assert deployment.mend_state("local")
    assert path.read_text() == '{"version": 3}'
    assert not deployment.mend_state("local")


@pytest.mark.parametrize("copy", [None, "{"])
def test_without_a_whole_copy_the_stack_starts_without_state(home: Path, copy: str | None) -> None:
    path = state_file(home, "", copy=copy)
    assert deployment.mend_state("local")
    assert not path.exists()


def test_a_whole_state_is_left_as_it_is(home: Path) -> None:
    path = state_file(home, '{"version": 4}', copy='{"version": 3}')
    assert not deployment.mend_state("local")
    assert path.read_text() == '{"version": 4}'


def test_what_an_interrupted_run_had_begun_is_settled_before_the_next() -> None:
    stack = fake_stack(pending=2)
    assert deployment.pending(stack) == 2
    deployment.clear_pending(stack, silent)
    assert stack.calls == ["refresh clear=True"]


def test_a_run_that_ended_well_has_nothing_pending() -> None:
    assert deployment.pending(fake_stack()) == 0


def test_a_deployment_refreshes_so_that_lost_things_are_noticed() -> None:
    stack = fake_stack()
    deployment.deploy(stack, silent)
    assert stack.calls == ["up refresh=True"]


def test_a_failed_run_says_the_engines_error_and_where_its_whole_output_is(home: Path) -> None:
    with pytest.raises(Failure, match="no such thing") as caught:
        deployment.deploy(fake_stack(error="error: no such thing"), silent)
    log = home / "log" / "local-up.log"
    assert str(log) in caught.value.way_out
    assert "no such thing" in log.read_text()


def test_a_violation_does_not_hide_the_programs_own_error() -> None:
    violation = {
        "resourceUrn": "urn:pulumi:local::warmline::aws:sqs/queue:Queue::loose",
        "message": "why\nloose: redrivePolicy is absent. [sqs-queue-dead-letters]",
        "color": "raw",
        "policyName": "sqs-queue-dead-letters",
        "policyPackName": "warmline",
        "policyPackVersion": "1",
        "policyPackVersionTag": "1",
        "enforcementLevel": "mandatory",
    }
    error = {"severity": "error", "message": "error: boom", "color": "raw"}
    parts = ({"policyEvent": violation}, {"diagnosticEvent": error})
    events = tuple(EngineEvent.from_json({"sequence": 1, "timestamp": 1} | p) for p in parts)
    with pytest.raises(Failure) as caught:
        deployment.deploy(fake_stack(error="failed", events=events), silent)
    assert caught.value.cause == (
        "1 violations of mandatory rules:\n"
        "  loose: redrivePolicy is absent. [sqs-queue-dead-letters]\n"
        "boom"
    )


def program_files() -> list[Path]:
    rooms = ("components", "settings", "automation")
    return [ROOT / "__main__.py", *(p for room in rooms for p in (ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("path", program_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_holds_an_output_or_a_resource_that_a_second_run_would_meet(path: Path) -> None:
    if path.name == "__main__.py":
        return  # run anew by each engine run, never imported
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and node.value is not None:
            made = [n for n in ast.walk(node.value) if isinstance(n, ast.Call)]
            names = {ast.unparse(call.func).split(".")[0] for call in made}
            assert not names & {"pulumi", "aws", "pulumi_aws"}, f"{path}:{node.lineno}"


def test_automation_runs_local_programs_only() -> None:
    for path in (ROOT / "automation").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword):
                assert node.arg != "program", f"{path}:{node.value.lineno} runs an inline program"
