"""Reads what a deployed stack answers to: addresses, ids, names. No secret is among them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.automation.errors import CommandError, StackNotFoundError

from automation.clients import Clients
from automation.errors import Failure
from automation.workspace import (
    LOCAL,
    Reach,
    command_for,
    out_of_reach,
    read_stack_file,
    workspace_folder,
)
from emulation import engine as engines
from emulation.ministack import Emulator, Running
from emulation.paths import ROOT, home


class NotUp(Failure):
    """There is no such stack yet, or none any more."""

    def __init__(self, stack: str) -> None:
        super().__init__(f"stack {stack} is not up", f"Bring it up: warmline up --stack {stack}")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """A stack's outputs, and clients for the place where it lives."""

    stack: str
    values: Mapping[str, Any]
    endpoint_url: str | None = None
    """The emulator's address; None = the stack lives on AWS."""
    ca_bundle: Path | None = None
    """What the emulator's certificate is checked with; None = the machine's own."""

    def __getitem__(self, name: str) -> Any:
        """Raises `Failure` for an output that the stack does not have."""
        if name not in self.values:
            raise Failure(
                f"stack {self.stack} has no output {name!r}; it has {', '.join(self.values)}",
                f"Bring it up to date: warmline up --stack {self.stack}",
            )
        return self.values[name]

    @property
    def clients(self) -> Clients:
        return Clients(
            region=str(self["region"]), endpoint_url=self.endpoint_url, ca_bundle=self.ca_bundle
        )


def read(stack: str) -> Outputs:
    """Raises `NotUp`, and `Failure` where its state cannot be reached."""
    answer, emulator = _ask(stack, ["stack", "output", "--json", "--stack", stack])
    if not answer:
        raise NotUp(stack)
    if emulator is None:
        return Outputs(stack=stack, values=answer)
    return Outputs(
        stack=stack,
        values=answer,
        endpoint_url=emulator.endpoint_url,
        ca_bundle=emulator.ca_bundle,
    )


def resources(stack: str) -> int:
    """How many resources of a provider the stack's state holds. Raises `Failure` when not up."""
    return sum(
        bool(each.get("custom")) and not each["type"].startswith("pulumi:") for each in state(stack)
    )


def state(stack: str) -> list[dict[str, Any]]:
    """The resources of the stack's state, secrets encrypted. Raises `Failure` when not up."""
    answer, _ = _ask(stack, ["stack", "export", "--stack", stack])
    return answer["deployment"].get("resources", [])


def _ask(stack: str, args: list[str]) -> tuple[dict[str, Any], Running | None]:
    """The engine's answer in JSON, and the emulator where the stack lives in one."""
    source = read_stack_file(stack)
    folder, reach, emulator = ROOT, Reach.ACCOUNT, None
    if stack == LOCAL:
        emulator = emulator_of(stack)
        if emulator is None:
            raise NotUp(stack)
        folder, reach = workspace_folder(stack), Reach.EMULATOR
    command = command_for(engines.ensure(lambda _text: None), reach, source, emulator)
    try:
        answer = command.run(args, str(folder), {})
    except StackNotFoundError as error:
        raise NotUp(stack) from error
    except CommandError as error:
        raise (NotUp(stack) if stack == LOCAL else out_of_reach(stack, error)) from error
    return json.loads(answer.stdout), emulator


def emulator_of(stack: str) -> Running | None:
    """The running emulator that holds this stack; None when it stopped or started anew since."""
    running = Emulator(home()).running()
    return running if running is not None and running.instance == remembered(stack) else None


def remember_emulator(stack: str, instance: str) -> None:
    """Note which emulator the stack's state describes, before anything is made in it."""
    path = workspace_folder(stack) / "emulator"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(instance, encoding="utf-8")


def remembered(stack: str) -> str | None:
    """The emulator that the stack was last made in; None when it was never made, or destroyed."""
    path = workspace_folder(stack) / "emulator"
    return path.read_text(encoding="utf-8") if path.is_file() else None
