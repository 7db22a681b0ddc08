"""The `warmline` command. Exit code 0: done; 1: not; 2: the command line makes no sense."""

import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from automation.day2 import cli as day2
from automation.images.cli import app as images
from automation.models.cli import app as models
from automation.release.cli import app as release
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

app = typer.Typer(
    name="warmline",
    help="Serverless AI model serving on AWS, which also runs whole on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(images, name="images")
app.add_typer(models, name="models")
day2.add_to(app)
app.add_typer(release, name="release")
AccountOption = Annotated[
    bool, typer.Option("--account", help="Use your own backend and credentials.")
]


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
def up(
    stack: StackOption = "local",
    as_json: JsonOption = False,
    yes: YesOption = False,
    enforce_iam: Annotated[
        bool | None,
        typer.Option(
            "--enforce-iam/--no-enforce-iam",
            help="Let the emulator enforce IAM policies, over TLS. Default: as it runs, or not.",
        ),
    ] = None,
) -> None:
    """Bring a stack up: from nothing to a served model. Running it again repairs."""
    from automation.up import up as run

    confirmed(stack, yes)
    if enforce_iam is not None and stack != "local":
        raise typer.BadParameter("AWS always enforces IAM", param_hint="--enforce-iam")
    with told("up"):
        summary = run(stack, progress(as_json), enforce_iam=enforce_iam)
    if as_json:
        print_json(vars(summary))
        return
    OUT.print()
    if summary.unchanged:
        OUT.print(f"Stack {stack} was up to date: no changes.")
    _print_usage(summary, stack)


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

    with told("preview"):
        verdict = run(stack, progress(as_json), account=account, allowed=allow or ())
    if as_json:
        print_json(verdict.as_json())
    else:
        _print_verdict(verdict)
    raise typer.Exit(0 if verdict.passes else 1)


@app.command()
def down(stack: StackOption = "local", as_json: JsonOption = False, yes: YesOption = False) -> None:
    """Destroy a stack; on this machine also stop what `up` started."""
    from automation.down import down as run

    confirmed(stack, yes)
    with told("down"):
        removed = run(stack, progress(as_json))
    if as_json:
        print_json(vars(removed))
        return
    if removed.problem:
        OUT.print(f"What was in the way:\n{escape(removed.problem)}", soft_wrap=True)
    nothing = removed.state == "none" and not removed.emulator_stopped and not removed.destroyed
    OUT.print("Nothing was up." if nothing else f"Stack {stack} is down.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show what runs on this machine, and how far the emulator can be believed."""
    from automation.status import status as look

    with told("status"):
        found = look()
    if as_json:
        print_json(found.as_json())
        return
    OUT.print("What the emulator does, per resource type:\n")
    grid = Table.grid(padding=(0, 2))
    for row in found.fidelity:
        text = "\n".join(filter(None, (short_token(row["type"]), row["note"])))
        grid.add_row(row["fidelity"], escape(text))
    OUT.print(grid)
    OUT.print()
    emulator, stack, engine = found.emulator, found.stack, found.engine
    OUT.print(f"home      {found.home}", soft_wrap=True)
    OUT.print(f"engine    {engine or 'none yet; `warmline up` gets one'}", soft_wrap=True)
    OUT.print(
        f"emulator  {emulator['endpoint_url']} (process {emulator['pid']})"
        if emulator
        else "emulator  not running"
    )
    OUT.print(
        f"stack     {stack['name']}: {stack['resources']} AWS resources, "
        f"{stack['api_url'] or 'half made; `warmline up` goes on'}"
        if stack
        else "stack     not up",
        soft_wrap=True,
    )
    if found.open_releases:
        from automation.release.open import way_out

        for one in found.open_releases:
            OUT.print(f"release   open: {escape(one['told'])}", soft_wrap=True)
        OUT.print(f"          {way_out('local')}", soft_wrap=True)


@app.command()
def doctor(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Say what is wrong, on this machine or in the account, before a command trips over it."""
    from automation.doctor.examine import doctor as look
    from automation.doctor.show import show

    with told("doctor"):
        diagnosis = look(stack)
    if as_json:
        print_json(diagnosis.as_json())
    else:
        show(diagnosis, OUT)
    raise typer.Exit(0 if diagnosis.healthy else 1)


@app.command()
def bootstrap(
    stack: Annotated[str, typer.Option(help="The stack, whose account the credentials name.")],
    repository: Annotated[
        str,
        typer.Option(
            metavar="OWNER/NAME",
            help="The repository whose workflows deploy; OWNER@ID/NAME@ID where tokens say so.",
        ),
    ],
    branch: Annotated[str, typer.Option(help="The branch that may deploy.")] = "main",
    environment: Annotated[
        str | None,
        typer.Option(help="GitHub's environment whose jobs on the branch may deploy."),
    ] = None,
    shared_account: Annotated[
        bool, typer.Option("--shared-account", help="Beside another stack's pipeline, too.")
    ] = False,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a stack's state bucket, its keys, and the roles of a pipeline. Again: no changes."""
    from automation.bootstrap import show
    from automation.bootstrap.run import bootstrap as make

    if not (yes or dry_run):
        raise typer.BadParameter(
            "this changes an account; look first with --dry-run, then add --yes",
            param_hint="--yes",
        )
    where = progress(as_json)
    with told("bootstrap"):
        result = make(
            stack,
            repository=repository,
            branch=branch,
            environment=environment,
            shared_account=shared_account,
            dry_run=dry_run,
            show=lambda line: where.print(escape(line), soft_wrap=True),
        )
    if as_json:
        print_json(vars(result) | {"unchanged": result.unchanged})
        return
    print(show.summary(result))
    print(show.next_steps(result))


@app.command()
def outputs(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Print a stack's outputs."""
    from automation.outputs import read

    with told("outputs"):
        values = dict(read(stack).values)
    if as_json:
        print_json(values)
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

    with told("token"):
        access_token = obtain(read(stack), tenant=tenant, scopes=scope or SCOPES)
    if as_json:
        print_json({"access_token": access_token})
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

    with told("predict"):
        answer = ask(read(stack), model, file, tenant=tenant)
    if as_json or "label" not in answer:
        print_json(answer)
    else:
        print(f"{answer['file']}: {answer['label']} ({answer['score']:.4f})")


def _print_usage(summary: Any, stack: str) -> None:
    option = "" if stack == "local" else f" --stack {stack}"
    get_token = f".venv/bin/warmline token{option}"
    print(f"API    {summary.outputs.get('api_url')}")
    print(f"Token  {get_token}")
    print("Try    " + curl_line(summary.outputs, get_token, summary.ca_bundle))
    for said in summary.predictions:
        print(f"       {said['file']} is {said['label']} ({said['score']:.4f})")
    print("More   . .venv/bin/activate, then warmline --help")


def curl_line(values: dict[str, Any], get_token: str, ca_bundle: str | None = None) -> str:
    """A line to paste: the address in single quotes, as it may hold a `$`."""
    url = f"{values.get('api_url')}/v2/models/magika"
    trust = "" if ca_bundle is None else f"--cacert '{ca_bundle}' "
    return f"curl {trust}-H \"Authorization: Bearer $({get_token})\" '{url}'"


def _print_verdict(verdict: Any) -> None:
    from automation.cost import text as cost_lines

    table = Table("resource type", "count", title=f"Preview of {verdict.stack}")
    for token_, count in sorted(verdict.report.types.items()):
        table.add_row(short_token(token_), str(count))
    OUT.print(table)
    packs = ", ".join(name.partition("|")[0] for name in verdict.report.packs) or "none"
    OUT.print(f"Policy packs: {packs}")
    _print_rules("Violations of mandatory rules", verdict.violations)
    _print_rules("Could not be checked (--allow RULE lets one pass)", verdict.unchecked)
    _print_rules("Could not be checked before `up`, and may stay so", verdict.tolerated)
    _print_rules("Advice", verdict.advice)
    for line in verdict.not_asked:
        OUT.print(f"Not asked: {escape(line)}", soft_wrap=True)
    if verdict.costs is not None:
        OUT.print("")
        for line in cost_lines(verdict.costs):
            OUT.print(line, soft_wrap=True, highlight=False, markup=False)
        OUT.print("")
    OUT.print("The preview passes." if verdict.passes else "The preview does not pass.")


def _print_rules(heading: str, results: list[Any]) -> None:
    if not results:
        return
    OUT.print(f"{heading}:")
    for text, count in Counter(result.text for result in results).items():
        times = f" ({count} resources)" if count > 1 else ""
        OUT.print(f"  {escape(text)}{times}", soft_wrap=True)


if __name__ == "__main__":
    main()
