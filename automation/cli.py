"""The `warmline` command. Exit code 0: done; 1: not; 2: the command line makes no sense."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from automation.errors import Failure, StageFailure
from automation.models.cli import app as models
from emulation.engine import EngineError
from emulation.paths import HOME_VARIABLE, home

app = typer.Typer(
    name="warmline",
    help="Serverless AI model serving on AWS, which also runs whole on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(models, name="models")
StackOption = Annotated[str, typer.Option(help="The stack: local, or one that lives on AWS.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Change a stack that lives on AWS.")]
AccountOption = Annotated[
    bool, typer.Option("--account", help="Use your own backend and credentials.")
]
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def main() -> None:
    """Entry point of the installed command."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"warmline {version('warmline')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def up(stack: StackOption = "local", as_json: JsonOption = False, yes: YesOption = False) -> None:
    """Bring a stack up: from nothing to a served model. Running it again repairs."""
    from automation.up import up as run

    _confirmed(stack, yes)
    with _told("up"):
        summary = run(stack, _progress(as_json))
    if as_json:
        _print_json(vars(summary))
        return
    _out.print()
    if summary.unchanged:
        _out.print(f"Stack {stack} was up to date: no changes.")
    _print_usage(summary.outputs, stack, summary.predictions)


@app.command()
def preview(
    stack: StackOption = "dev",
    as_json: JsonOption = False,
    account: AccountOption = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A rule that may stay unchecked because a value is not known yet."),
    ] = None,
) -> None:
    """Show what `up` would do, judged by the policy pack; needs no account."""
    from automation.preview import preview as run

    with _told("preview"):
        verdict = run(stack, _progress(as_json), account=account, allowed=allow or ())
    if as_json:
        _print_json(verdict.as_json())
    else:
        _print_verdict(verdict)
    raise typer.Exit(0 if verdict.passes else 1)


@app.command()
def down(stack: StackOption = "local", as_json: JsonOption = False, yes: YesOption = False) -> None:
    """Destroy a stack; on this machine also stop what `up` started."""
    from automation.down import down as run

    _confirmed(stack, yes)
    with _told("down"):
        removed = run(stack, _progress(as_json))
    if as_json:
        _print_json(vars(removed))
        return
    if removed.problem:
        _out.print(f"What was in the way:\n{escape(removed.problem)}", soft_wrap=True)
    nothing = removed.state == "none" and not removed.emulator_stopped and not removed.destroyed
    _out.print("Nothing was up." if nothing else f"Stack {stack} is down.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show what runs on this machine, and how far the emulator can be believed."""
    from automation.status import status as look

    with _told("status"):
        found = look()
    if as_json:
        _print_json(found.as_json())
        return
    _out.print("What the emulator does, per resource type:\n")
    grid = Table.grid(padding=(0, 2))
    for row in found.fidelity:
        text = "\n".join(filter(None, (short_token(row["type"]), row["note"])))
        grid.add_row(row["fidelity"], escape(text))
    _out.print(grid)
    _out.print()
    emulator, stack, engine = found.emulator, found.stack, found.engine
    _out.print(f"home      {found.home}", soft_wrap=True)
    _out.print(f"engine    {engine or 'none yet; `warmline up` gets one'}", soft_wrap=True)
    _out.print(
        f"emulator  {emulator['endpoint_url']} (process {emulator['pid']})"
        if emulator
        else "emulator  not running"
    )
    _out.print(
        f"stack     {stack['name']}: {stack['resources']} AWS resources, "
        f"{stack['api_url'] or 'half made; `warmline up` goes on'}"
        if stack
        else "stack     not up",
        soft_wrap=True,
    )


@app.command()
def doctor(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Say what is wrong, on this machine or in the account, before a command trips over it."""
    from automation.doctor.examine import doctor as look
    from automation.doctor.show import show

    with _told("doctor"):
        diagnosis = look(stack)
    if as_json:
        _print_json(diagnosis.as_json())
    else:
        show(diagnosis, _out)
    raise typer.Exit(0 if diagnosis.healthy else 1)


@app.command()
def outputs(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Print a stack's outputs."""
    from automation.outputs import read

    with _told("outputs"):
        values = dict(read(stack).values)
    if as_json:
        _print_json(values)
        return
    width = max(map(len, values))
    for name, value in sorted(values.items()):
        text = value if isinstance(value, str) else json.dumps(value)
        print(f"{name:<{width}}  {text}")


@app.command()
def token(
    stack: StackOption = "local",
    tenant: Annotated[str | None, typer.Option(help="Default: the stack's first tenant.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Repeat for several. Default: models/infer and models/read."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print an access token, and nothing else."""
    from automation.access import SCOPES, obtain
    from automation.outputs import read

    with _told("token"):
        access_token = obtain(read(stack), tenant=tenant, scopes=scope or SCOPES)
    if as_json:
        _print_json({"access_token": access_token})
    else:
        print(access_token)


@app.command()
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="For magika, any file; for other models, a request in JSON. '-' or nothing: "
            "standard input.",
        ),
    ] = None,
    stack: StackOption = "local",
    tenant: Annotated[str | None, typer.Option(help="Whose token to use.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Send one request through the API and print the answer."""
    from automation.outputs import read
    from automation.predict import predict as ask

    with _told("predict"):
        answer = ask(read(stack), model, file, tenant=tenant)
    if as_json or "label" not in answer:
        _print_json(answer)
    else:
        print(f"{answer['file']}: {answer['label']} ({answer['score']:.4f})")


def _confirmed(stack: str, yes: bool) -> None:
    if stack != "local" and not yes:
        raise typer.BadParameter(
            f"stack {stack} lives on AWS; look first (warmline preview --stack {stack} --account), "
            "then add --yes",
            param_hint="--stack",
        )


@contextmanager
def _told(command: str) -> Iterator[None]:
    """Turn what went wrong into a stage, a cause and a way out on standard error."""
    try:
        yield
    except (Failure, EngineError, BotoCoreError, ClientError) as error:
        where = f" at stage {error.stage}" if isinstance(error, StageFailure) else ""
        cause = getattr(error, "cause", str(error))
        _err.print(f"[red]✗[/] {command} failed{where}: {escape(cause)}", soft_wrap=True)
        way_out = getattr(error, "way_out", "See what runs: warmline status")
        if way_out:
            _err.print(escape(way_out), soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        _err.print(f"[red]✗[/] {command} failed: {escape(str(error))}", soft_wrap=True)
        _err.print(
            f"State is kept in {escape(str(home()))}; it must be a folder that you may write to, "
            f"with room. {HOME_VARIABLE} names another.",
            soft_wrap=True,
        )
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        _err.print(f"{command} was stopped. Run it again: it goes on from here.")
        raise typer.Exit(1) from None


def _progress(as_json: bool) -> Console:
    """Where stages are shown: JSON has standard output for itself."""
    return _err if as_json else _out


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2, default=str)
    print()


def _print_usage(values: dict[str, Any], stack: str, predictions: list[dict[str, Any]]) -> None:
    option = "" if stack == "local" else f" --stack {stack}"
    get_token = f".venv/bin/warmline token{option}"
    print(f"API    {values.get('api_url')}")
    print(f"Token  {get_token}")
    print("Try    " + curl_line(values, get_token))
    for said in predictions:
        print(f"       {said['file']} is {said['label']} ({said['score']:.4f})")
    print("More   . .venv/bin/activate, then warmline --help")


def curl_line(values: dict[str, Any], get_token: str) -> str:
    """A line to paste: the address in single quotes, as it may hold a `$`."""
    url = f"{values.get('api_url')}/v2/models/magika"
    return f"curl -H \"Authorization: Bearer $({get_token})\" '{url}'"


def _print_verdict(verdict: Any) -> None:
    table = Table("resource type", "count", title=f"Preview of {verdict.stack}")
    for token_, count in sorted(verdict.report.types.items()):
        table.add_row(short_token(token_), str(count))
    _out.print(table)
    packs = ", ".join(name.partition("|")[0] for name in verdict.report.packs) or "none"
    _out.print(f"Policy packs: {packs}")
    _print_rules("Violations of mandatory rules", verdict.violations)
    _print_rules("Could not be checked (--allow RULE lets one pass)", verdict.unchecked)
    _print_rules("Could not be checked before `up`, and may stay so", verdict.tolerated)
    _print_rules("Advice", verdict.advice)
    _print_costs(verdict.costs)
    _out.print("The preview passes." if verdict.passes else "The preview does not pass.")


def short_token(token_: str) -> str:
    """`aws:s3/bucket:Bucket` as `aws:s3:Bucket`, which fits a narrow terminal."""
    return re.sub(r"/[^:]*", "", token_)


def _print_rules(heading: str, results: list[Any]) -> None:
    if not results:
        return
    _out.print(f"{heading}:")
    for text, count in Counter(result.text for result in results).items():
        times = f" ({count} resources)" if count > 1 else ""
        _out.print(f"  {escape(text)}{times}", soft_wrap=True)


def _print_costs(costs: list[Any]) -> None:
    _out.print("A month without traffic, in US dollars of us-east-1:")
    grid = Table.grid(padding=(0, 2))
    for cost in costs:
        grid.add_row(f"{cost.monthly_usd:>9.2f}", cost.what, cost.because)
    grid.add_row(f"{sum(cost.monthly_usd for cost in costs):>9.2f}", "in all", "")
    _out.print(grid)


if __name__ == "__main__":
    main()
