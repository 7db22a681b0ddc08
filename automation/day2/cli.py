"""The commands of the second day, as people type them."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

from automation.stages import Stages
from automation.terminal import (
    OUT,
    JsonOption,
    StackOption,
    YesOption,
    confirmed,
    print_json,
    progress,
    short_token,
    told,
)

backup = typer.Typer(help="Keep a copy of what cannot be made again.", no_args_is_help=True)
restore = typer.Typer(help="Bring back what was lost or damaged.", no_args_is_help=True)
LONGEST_SHOWN = 160
"""Characters of a value that are shown; JSON has all of it."""


def add_to(app: typer.Typer) -> None:
    """Makes these commands part of `warmline`."""
    app.command()(drift)
    app.command()(gc)
    app.add_typer(backup, name="backup")
    app.add_typer(restore, name="restore")


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


@backup.command(name="registry")
def backup_registry(
    stack: StackOption = "local", as_json: JsonOption = False, yes: YesOption = False
) -> None:
    """Have DynamoDB keep a copy of the registry, which outlives the table."""
    from automation.day2 import backups
    from automation.outputs import read

    confirmed(stack, yes)
    with told("backup registry"), Stages(progress(as_json)).stage("backup") as stage:
        made = backups.create(read(stack), stage)
        stage.result = made.name
    if as_json:
        print_json(vars(made))
        return
    print(f"{made.arn}")


@backup.command(name="list")
def list_backups(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """List the backups of the registry, oldest first."""
    from automation.day2 import backups
    from automation.outputs import read

    with told("backup list"):
        found = backups.known(read(stack))
    if as_json:
        print_json([vars(one) for one in found])
        return
    if not found:
        print("No backups yet. Make one: warmline backup registry")
    for one in found:
        print(f"{one.made_at}  {one.arn}")


@restore.command(name="registry")
def restore_registry(
    from_backup: Annotated[
        str | None, typer.Option(metavar="ARN", help="A backup; 'latest' is the newest of ours.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="A moment with its zone, as in 2026-11-25T08:00:00Z."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also replace versions and history that differ.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
    stack: StackOption = "local",
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Bring back the registry's items that are missing, from a backup or a moment."""
    from automation.day2.registry_restore import restore as run
    from automation.outputs import read

    if (from_backup is None) == (to is None):
        raise typer.BadParameter("give one of --from-backup and --to")
    moment = None if to is None else _moment(to)
    confirmed(stack, yes)
    with told("restore registry"), Stages(progress(as_json)).stage("restore") as stage:
        result = run(
            read(stack),
            backup=from_backup,
            moment=moment,
            overwrite=overwrite,
            dry_run=dry_run,
            progress=stage,
        )
        stage.result = f"{result.written} items {'to write' if dry_run else 'written'}"
    if as_json:
        print_json(vars(result))
        return
    print(
        f"{result.table}: {result.written} items {'to write' if dry_run else 'written'}, "
        f"{result.same} were there, {result.left} of tenants and releases are left alone."
    )
    for line in result.kept:
        print(f"  kept  {line}")
    for version in result.damaged_versions:
        print(f"Files of it are not what they were: warmline restore model {version}")


@restore.command(name="model")
def restore_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")],
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version.")],
    stack: StackOption = "local",
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Make a version's files what its manifest says, from older versions of the objects."""
    from automation.day2.model_files import restore as run
    from automation.outputs import read

    confirmed(stack, yes)
    with told("restore model"), Stages(progress(as_json)).stage("restore") as stage:
        result = run(read(stack), model, version, stage)
        stage.result = f"{len(result.brought_back)} of {result.looked_at} files brought back"
    if as_json:
        print_json(vars(result))
        return
    for key in result.brought_back:
        print(f"brought back  {key}")
    print(f"{model} version {version} is what its manifest says ({result.looked_at} files).")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time", param_hint="--to") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone; add Z for UTC", param_hint="--to")
    return moment


def gc(
    yes: Annotated[bool, typer.Option("--yes", help="Delete what is found.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go; without --yes, always so.")
    ] = False,
    keep: Annotated[
        int, typer.Option(min=2, help="Newest code versions of a function that stay.")
    ] = 3,
    older_than: Annotated[
        int, typer.Option(min=0, metavar="DAYS", help="What is younger stays.")
    ] = 30,
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Find code versions, archives and files of models that nothing needs; --yes deletes them."""
    from automation.day2.collect import Rules, collect
    from automation.deployment import one_at_a_time
    from automation.outputs import read, state

    if yes and dry_run:
        raise typer.BadParameter("--yes and --dry-run exclude each other")
    with told("gc"), one_at_a_time(), Stages(progress(as_json)).stage("gc") as stage:
        result = collect(
            read(stack),
            state(stack),
            Rules(keep=keep, older_than=timedelta(days=older_than)),
            dry_run=not yes,
            progress=stage,
        )
        stage.result = f"{len(result.found)} {'deleted' if yes else 'would go'}"
    if as_json:
        print_json(result.as_json())
        return
    for one in result.found:
        print(f"{one.kind:<12}  {one.size_bytes:>13,} bytes  {one.name}")
    for name in result.spared:
        print(f"spared: {name} came into use meanwhile")
    for name in result.unknown:
        print(f"left: {name} is older than the registry's table, which cannot tell what it was")
    size = sum(one.size_bytes for one in result.found)
    print(f"{len(result.found)} things, {size:,} bytes{'' if yes else '; --yes deletes them'}.")


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
