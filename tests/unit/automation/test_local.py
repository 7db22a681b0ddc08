"""When the local stack goes on from where it was, and when it starts over."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation import local, outputs
from automation.errors import Failure
from automation.report import Report
from automation.workspace import LOCAL, workspace_folder

pytestmark = pytest.mark.unit

CONFLICT = "kms CreateAlias failed with AlreadyExistsException: alias/models already exists"


class World:
    """Stands for the engine and the emulator, and notes what is done to them."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.pending = 0
        self.failures: list[str] = []
        self.instance = "first"

    def deploy(self, _stack: Any, _show: Any) -> Report:
        self.done.append("deploy")
        if self.failures:
            raise Failure(self.failures.pop(0), "")
        return Report()

    def emulator(self, _home: Path) -> Any:
        return SimpleNamespace(stop=self.stop, ensure=self.start, running=lambda: self.running)

    def stop(self) -> bool:
        self.done.append("stop")
        return True

    def start(self, _show: Any, *, enforcing: bool) -> Any:
        assert not enforcing
        self.instance = "second"
        return self.running

    @property
    def running(self) -> Any:
        return SimpleNamespace(
            endpoint_url="http://127.0.0.1:1", instance=self.instance, ca_bundle=None
        )

    def note(self, name: str) -> Any:
        return lambda *_args: self.done.append(name)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.setattr(local, "open_stack", lambda *_args, **_options: None)
    monkeypatch.setattr(local, "Emulator", made.emulator)
    monkeypatch.setattr(outputs, "Emulator", made.emulator)
    for name in ("release_stale_locks", "clear_pending", "forget"):
        monkeypatch.setattr(local.deployment, name, made.note(name))
    monkeypatch.setattr(local.deployment, "pending", lambda _stack: made.pending)
    monkeypatch.setattr(local.deployment, "deploy", made.deploy)
    outputs.remember_emulator(LOCAL, "first")
    return made


def deploy(world: World) -> None:
    engine: Any = None
    local.deploy(engine, world.running, lambda _text: None)


def test_a_stack_whose_emulator_still_runs_keeps_its_state(world: World) -> None:
    deploy(world)
    assert world.done == ["release_stale_locks", "deploy"]


def test_a_state_whose_emulator_is_gone_is_dropped_before_the_deployment(world: World) -> None:
    world.instance = "another"
    deploy(world)
    assert world.done == ["release_stale_locks", "forget", "deploy"]
    assert outputs.emulator_of(LOCAL) is not None


def test_pending_operations_are_settled_and_the_deployment_goes_on(world: World) -> None:
    world.pending = 2
    deploy(world)
    assert world.done == ["release_stale_locks", "clear_pending", "deploy"]


def test_remains_of_a_killed_engine_that_are_in_the_way_make_it_start_over(world: World) -> None:
    world.pending, world.failures = 1, [CONFLICT]
    deploy(world)
    assert world.done[-4:] == ["deploy", "stop", "forget", "deploy"]
    assert outputs.emulator_of(LOCAL) is not None


def test_a_run_that_was_killed_while_it_settled_still_starts_over_later(world: World) -> None:
    world.pending, world.failures = 1, ["something else"]
    with pytest.raises(Failure, match="something else"):
        deploy(world)
    world.pending, world.failures = 0, [CONFLICT]
    deploy(world)
    assert "stop" in world.done
    assert not (workspace_folder(LOCAL) / "unsettled").exists()


def test_a_conflict_without_a_killed_run_is_told_and_nothing_is_thrown_away(world: World) -> None:
    world.failures = [CONFLICT]
    with pytest.raises(Failure, match="AlreadyExistsException"):
        deploy(world)
    assert "stop" not in world.done


def test_another_failure_after_a_killed_run_throws_nothing_away(world: World) -> None:
    world.pending, world.failures = 1, ["1 violations of mandatory rules"]
    with pytest.raises(Failure, match="violations"):
        deploy(world)
    assert "stop" not in world.done


@pytest.mark.parametrize(
    "text",
    [
        "EntityAlreadyExists: Role with name x already exists",
        "ResourceInUseException: Table already exists",
        "ResourceConflictException: Function already exist: x",
        "BucketAlreadyOwnedByYou",
        "ConflictException",
    ],
)
def test_the_ways_services_say_that_a_name_is_taken_are_known(text: str) -> None:
    assert local.IN_THE_WAY.search(text)
