"""What every command shares: its options, its consoles, and how a failure is told."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from automation.errors import Failure, StageFailure
from emulation.engine import EngineError
from emulation.paths import HOME_VARIABLE, home

StackOption = Annotated[str, typer.Option(help="The stack: local, or one that lives on AWS.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Change a stack that lives on AWS.")]
OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


def confirmed(stack: str, yes: bool) -> None:
    if stack != "local" and not yes:
        raise typer.BadParameter(
            f"stack {stack} lives on AWS; look first (warmline preview --stack {stack} --account), "
            "then add --yes",
            param_hint="--stack",
        )


@contextmanager
def told(command: str) -> Iterator[None]:
    """Turn what went wrong into a stage, a cause and a way out on standard error."""
    try:
        yield
    except (Failure, EngineError, BotoCoreError, ClientError) as error:
        where = f" at stage {error.stage}" if isinstance(error, StageFailure) else ""
        cause = getattr(error, "cause", str(error))
        ERR.print(f"[red]✗[/] {command} failed{where}: {escape(cause)}", soft_wrap=True)
        way_out = getattr(error, "way_out", "See what runs: warmline status")
        if way_out:
            ERR.print(escape(way_out), soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        ERR.print(f"[red]✗[/] {command} failed: {escape(str(error))}", soft_wrap=True)
        ERR.print(
            f"State is kept in {escape(str(home()))}; it must be a folder that you may write to, "
            f"with room. {HOME_VARIABLE} names another.",
            soft_wrap=True,
        )
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        ERR.print(f"{command} was stopped. Run it again: it goes on from here.")
        raise typer.Exit(1) from None


def progress(as_json: bool) -> Console:
    """Where stages are shown: JSON has standard output for itself."""
    return ERR if as_json else OUT


def print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2, default=str)
    print()


def short_token(token_: str) -> str:
    """`aws:s3/bucket:Bucket` as `aws:s3:Bucket`, which fits a narrow terminal."""
    return re.sub(r"/[^:]*", "", token_)
