"""`warmline release`: a new code version goes live, or back; `record` keeps golden requests."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from automation.models.stack import connect
from automation.terminal import (
    OUT,
    JsonOption,
    StackOption,
    YesOption,
    confirmed,
    print_json,
    progress,
    told,
)

app = typer.Typer(name="release", add_completion=False)
GroupOption = Annotated[
    str | None, typer.Option(help="Serving group. Default: every one, one after another.")
]


@app.callback(invoke_without_command=True)
def release(  # noqa: PLR0917 - typer passes options by name
    context: typer.Context,
    stack: StackOption = "local",
    group: GroupOption = None,
    to: Annotated[
        int | None, typer.Option(help="A published version. Default: the newest code.")
    ] = None,
    back: Annotated[
        bool, typer.Option("--back", help="Return to the version before, at once but warm.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Release a version although it was taken back.")
    ] = False,
    despite: Annotated[
        list[str] | None, typer.Option(help="An alarm that is on and is to be overlooked.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the steps, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Let new code go live: warm, checked, watched; back by itself on an alarm. Go on after a stop.

    Nobody meets a version without its warm capacity. Run again, it goes on where it stopped.
    """
    if context.invoked_subcommand is not None:
        return
    if back and (to is not None or again):
        raise typer.BadParameter("--back goes to the version before; it takes no --to and --again")
    from automation.release.run import Request, releases

    request = Request(
        to=None if to is None else str(to), back=back, again=again, despite=tuple(despite or ())
    )
    console = progress(as_json)
    if not dry_run:
        confirmed(stack, yes)
    with told("release"):
        found = releases(
            connect(stack),
            group=group,
            show=lambda text: console.print(f"  {escape(text)}", soft_wrap=True),
        )
        results = [
            (name, one.plan(request) if dry_run else one.run(request))
            for name, one in found.items()
        ]
    documents = [{"serving_group": name} | _document(result) for name, result in results]
    if as_json:
        print_json(documents)
    else:
        for document in documents:
            _print(document)
    if any(document.get("problem") for document in documents):
        raise typer.Exit(1)


@app.command()
def record(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")],
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A request in JSON of your own, never a caller's."),
    ],
    version: Annotated[
        int | None, typer.Option(help="Model version. Default: each that the route weighs.")
    ] = None,
    compare: Annotated[
        str, typer.Option(help="values, or label: only where each row is largest.")
    ] = "values",
    tolerance: Annotated[
        float, typer.Option(min=0, help="How far a number may be off, relative and absolute.")
    ] = 1e-4,
    stack: StackOption = "local",
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Ask the live code version now, and hold later ones to its answer."""
    from automation.release.golden import COMPARISONS
    from automation.release.record import record as run

    if compare not in COMPARISONS:
        raise typer.BadParameter(
            f"{compare!r} is neither {' nor '.join(COMPARISONS)}", param_hint="--compare"
        )
    confirmed(stack, yes)
    with told("release record"):
        kept = run(
            connect(stack), model, file, version=version, compare=compare, tolerance=tolerance
        )
    if as_json:
        print_json([vars(one) for one in kept])
        return
    for one in kept:
        print(f"{model} version {one.version} has {one.cases} golden requests.")


def _document(result: Any) -> dict[str, Any]:
    return vars(result) | {"steps": list(result.steps)}


def _print(document: dict[str, Any]) -> None:
    subject = f"{document['serving_group']} ({document['function']})"
    if "live" not in document:
        OUT.print(f"{subject}: version {document['old']} to {document['new']}, in these steps:")
        for number, step in enumerate(document["steps"], 1):
            OUT.print(f"  {number}. {escape(step)}", soft_wrap=True)
        return
    changed = "" if document["steps"] else "; nothing was to be done"
    OUT.print(f"{subject}: version {document['live']} is live{changed}.", soft_wrap=True)
    if document["problem"]:
        OUT.print(f"[red]✗[/] {escape(document['problem'])}", soft_wrap=True)
