"""`warmline down`: nothing of the stack stays, whatever state it was in."""

import shutil
from dataclasses import dataclass

from pulumi.automation.errors import CommandError
from rich.console import Console

from automation import deployment, outputs
from automation.errors import Failure
from automation.stages import Stage, Stages
from automation.workspace import LOCAL, Reach, open_stack, workspace_folder
from emulation import engine as engines
from emulation import launchers
from emulation.ministack import Emulator
from emulation.paths import home


@dataclass(kw_only=True)
class Removed:
    """What `down` found and did."""

    stack: str
    destroyed: int = 0
    """Resources that the engine deleted one by one."""
    state: str = "none"
    """`none`: there was no state; `removed`; `dropped`: it described an emulator that is gone."""
    emulator_stopped: bool = False
    problem: str | None = None
    """Why the engine could not delete everything itself; the emulator's end deleted the rest."""


def down(stack: str, console: Console) -> Removed:
    """Raises `StageFailure`. With nothing up it does nothing, and says so."""
    stages = Stages(console)
    removed = Removed(stack=stack)
    with deployment.one_at_a_time():
        if stack != LOCAL:
            with stages.stage("destroy") as stage:
                engine = engines.ensure(stage)
                report = deployment.destroy(open_stack(stack, engine, Reach.ACCOUNT), stage)
                removed.destroyed = report.changes.get("delete", 0)
                stage.result = report.summary()
            return removed
        if workspace_folder(stack).is_dir():
            with stages.stage("destroy") as stage:
                _destroy(stack, removed, stage)
                shutil.rmtree(workspace_folder(stack))
        with stages.stage("emulator") as stage:
            removed.emulator_stopped = Emulator(home()).stop()
            stage.result = "stopped" if removed.emulator_stopped else "was not running"
    return removed


def _destroy(stack: str, removed: Removed, stage: Stage) -> None:
    launchers.write()
    engine = engines.ensure(stage)
    running = outputs.emulator_of(stack)
    deployment.mend_state(stack)
    try:
        opened = open_stack(stack, engine, Reach.EMULATOR, emulator=running)
    except Failure as failure:
        # Whatever a stack file says, what it made ends with the emulator; `up` drops the state.
        removed.problem, removed.state = str(failure), "dropped"
        stage.result = "the stack cannot be opened; stopping the emulator deletes it"
        return
    deployment.release_stale_locks(opened)
    if running is None:
        deployment.forget(opened)
        removed.state = "dropped"
        stage.result = "the emulator is gone, and with it what the state described"
        return
    try:
        if deployment.pending(opened):
            deployment.clear_pending(opened, stage)
        report = deployment.destroy(opened, stage)
        removed.destroyed = report.changes.get("delete", 0)
        stage.result = f"{removed.destroyed} resources deleted"
    except (Failure, CommandError) as error:
        # Everything of a local stack lives in the emulator, which stops next.
        removed.problem = str(error)
        stage.result = "the engine could not delete everything; stopping the emulator does"
    deployment.forget(opened)
    removed.state = "removed"
