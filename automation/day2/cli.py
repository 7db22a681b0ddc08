"""The commands of the second day, as people type them."""

import json
from typing import Any

import typer
from rich.markup import escape

from automation.terminal import (
    OUT,
    JsonOption,
    StackOption,
    print_json,
    progress,
    short_token,
    told,
)

LONGEST_SHOWN = 160
"""Characters of a value that are shown; JSON has all of it."""


def add_to(app: typer.Typer) -> None:
    """Makes these commands part of `warmline`."""
    app.command()(drift)


def drift(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Say what was changed behind the engine's back; exits 1 unless each change has an owner."""
    from automation.day2.drift import drift as look

    with told("drift"):
        result = look(stack, progress(as_json))
    if as_json:
        print_json(result.as_json())
    else:
        _print_drift(result)
    raise typer.Exit(0 if result.clean else 1)


def _print_drift(result: Any) -> None:
    for heading, differences in (
        ("Not as the state has it, and nobody's to change:", result.unexplained),
        ("Moved by what owns it, which is fine:", result.owned),
    ):
        if differences:
            OUT.print(heading)
        for each in differences:
            OUT.print(f"  {short_token(each.type)} {each.name}", soft_wrap=True)
            OUT.print(f"    {_said(each)}", soft_wrap=True)
    if result.not_looked_at:
        types = ", ".join(map(short_token, result.not_looked_at))
        OUT.print(f"Not looked at, as nothing can be read of them here: {types}", soft_wrap=True)
    if result.clean:
        OUT.print(f"Stack {result.stack} is as its state has it ({result.looked_at} resources).")
        return
    option = "" if result.stack == "local" else f" --stack {result.stack} --yes"
    OUT.print(f"To make it again what the program says: warmline up{option}", soft_wrap=True)


def _said(each: Any) -> str:
    owner = "" if each.owner is None else f" ({each.owner}: {each.reason})"
    if each.kind == "missing":
        return f"is gone{escape(owner)}"
    if not each.path:
        return f"differs; the provider does not say where{escape(owner)}"
    values = f"{_shown(each.in_state)} in state, {_shown(each.found)} found"
    return escape(f"{each.path}: {values}{owner}")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
