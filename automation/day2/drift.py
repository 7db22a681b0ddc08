"""`warmline drift`: what is not as the state has it, and whose doing that may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from automation import deployment, outputs
from automation.day2.differences import Difference, Differences
from automation.day2.owners import OWNERS, in_force
from automation.errors import Failure
from automation.stages import Stages
from automation.workspace import LOCAL, Reach, open_stack, read_stack_file
from emulation import engine as engines
from emulation import launchers
from emulation.aws.catalogue import FIDELITY
from emulation.aws.resource import Fidelity


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What a look at everything found."""

    stack: str
    looked_at: int
    """Resources that were read."""
    unexplained: list[Difference]
    owned: list[Difference]
    not_looked_at: list[str]
    """Types that nothing can be read of: on the laptop, those that only the state knows."""

    @property
    def clean(self) -> bool:
        return not self.unexplained

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "clean": self.clean,
            "looked_at": self.looked_at,
            "unexplained": [each.as_json() for each in self.unexplained],
            "owned": [each.as_json() for each in self.owned],
            "not_looked_at": self.not_looked_at,
        }


def drift(stack: str, console: Console) -> Drift:
    """Reads every resource and changes nothing, the state included.

    Raises `StageFailure` when the stack is not up, or something could not be read: that it cannot
    be reached never counts as missing.
    """
    stages = Stages(console)
    with deployment.one_at_a_time():
        with stages.stage("engine") as stage:
            source = read_stack_file(stack)
            launchers.write()
            engine = engines.ensure(stage)
            stage.result = f"Pulumi {engine.version}"
        with stages.stage("compare") as stage:
            if not outputs.resources(stack):
                raise Failure(
                    f"the state of stack {stack} holds no resource, so there is nothing to compare",
                    f"Bring it up: warmline up --stack {stack}",
                )
            emulator = outputs.emulator_of(stack) if stack == LOCAL else None
            reach = Reach.ACCOUNT if emulator is None else Reach.EMULATOR
            opened = open_stack(stack, engine, reach, emulator=emulator)
            seen = Differences(in_force(source["config"], OWNERS))
            deployment.compare(opened, stage, seen.on_event)
            result = found(stack, seen, FIDELITY if stack == LOCAL else {})
            stage.result = f"{result.looked_at} resources"
    return result


def found(stack: str, seen: Differences, fidelity: Mapping[str, tuple[Fidelity, str]]) -> Drift:
    """Sorts what was seen; `fidelity` says of which types nothing can be read."""
    unread = {
        type_ for type_ in seen.looked_at if fidelity.get(type_, ("",))[0] == Fidelity.SKIPPED
    }
    ordered = sorted(seen.found, key=lambda each: (each.urn, each.path))
    return Drift(
        stack=stack,
        looked_at=sum(type_ not in unread for type_ in seen.looked_at),
        unexplained=[each for each in ordered if each.owner is None],
        owned=[each for each in ordered if each.owner is not None],
        not_looked_at=sorted(unread),
    )
