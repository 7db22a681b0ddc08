"""Deploys the local stack, after repairing what an interrupted or lost run left behind."""

import re

from pulumi import automation as auto

from automation import deployment, outputs
from automation.deployment import Show
from automation.errors import Failure
from automation.report import Report
from automation.workspace import LOCAL, Reach, open_stack, workspace_folder
from emulation.engine import Engine
from emulation.ministack import Emulator, Running
from emulation.paths import home

IN_THE_WAY = re.compile(r"already ?exists|already ?owned|conflict|in ?use|duplicate", re.IGNORECASE)
"""How services say that something of that name is there."""


def deploy(engine: Engine, running: Running, show: Show) -> Report:
    """Make the local stack what the program says, from whatever state it is in."""
    unsettled = workspace_folder(LOCAL) / "unsettled"
    if deployment.mend_state(LOCAL):
        show("a killed run left its state half-written; going on from the one before")
        unsettled.parent.mkdir(parents=True, exist_ok=True)
        unsettled.touch()
    opened = _open(engine, running)
    deployment.release_stale_locks(opened)
    if outputs.emulator_of(LOCAL) is None:
        # The emulator started empty: what the state describes went with the one before.
        opened = _anew(engine, running, opened)
    if deployment.pending(opened):
        unsettled.touch()
        deployment.clear_pending(opened, show)
    try:
        report = deployment.deploy(opened, show)
    except Failure as failure:
        if not (unsettled.exists() and IN_THE_WAY.search(failure.cause)):
            raise
        # An engine that was killed made something that no state knows, and it is in the way.
        show("remains of a killed run are in the way; starting over with an empty emulator")
        emulator = Emulator(home())
        emulator.stop()
        running = emulator.ensure(show, enforcing=running.ca_bundle is not None)
        report = deployment.deploy(_anew(engine, running, opened), show)
    unsettled.unlink(missing_ok=True)
    return report


def _open(engine: Engine, running: Running) -> auto.Stack:
    return open_stack(LOCAL, engine, Reach.EMULATOR, emulator=running)


def _anew(engine: Engine, running: Running, opened: auto.Stack) -> auto.Stack:
    """The stack without state, in an emulator that is empty."""
    deployment.forget(opened)
    outputs.remember_emulator(LOCAL, running.instance)
    return _open(engine, running)
