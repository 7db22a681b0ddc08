"""`warmline models`: push, list, show, route, rollback, retire."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from automation.errors import Failure
from automation.models import show
from automation.models.stack import connect
from automation.stages import Stages
from automation.terminal import ERR, JsonOption, StackOption, print_json, told
from contracts.manifest import ManifestError
from contracts.registry import RegistryError
from contracts.route import RouteError

app = typer.Typer(
    name="models",
    help="Model versions and their routes.",
    no_args_is_help=True,
    add_completion=False,
)
Name = Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")]
ExpectOption = Annotated[
    int | None,
    typer.Option(min=0, help="Revision that the route must be at; 0 = no route yet."),
]
_WEIGHT = re.compile(r"([0-9]{1,10})=([0-9]{1,6})")


@app.command()
def push(
    model: Name,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="An .onnx file, or a folder with one.")
    ],
    *,
    group: Annotated[
        str | None,
        typer.Option(help="Serving group. Default: the one whose settings take the model."),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="Version number. Default: the next free one.")
    ] = None,
    entrypoint: Annotated[
        str | None, typer.Option(help="The folder's .onnx file that the runtime opens.")
    ] = None,
    max_batch_size: Annotated[
        int | None,
        typer.Option(help="Largest first axis of a request. Default: 32 where it is open, else 0."),
    ] = None,
    memory_mb: Annotated[
        int | None,
        typer.Option(help="Memory of the loaded model, MiB. Default: twice its files, plus 32."),
    ] = None,
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Check, upload, sign and register a model version. Run again, it goes on where it stopped."""
    from automation.models.push import push as run  # imports onnx

    with _told("push"), Stages(ERR).stage("push") as stage, _explained("push"):
        pushed = run(
            connect(stack),
            model,
            path,
            group=group,
            version=version,
            entrypoint=entrypoint,
            max_batch_size=max_batch_size,
            memory_mb=memory_mb,
            progress=stage,
        )
        stage.result = f"{model} version {pushed.manifest.version}"
    document = show.pushed(pushed)
    if as_json:
        print_json(document)
        return
    done = "is READY" if pushed.created else "was there already, with the same content"
    print(f"{model} version {document['version']} {done}.")
    print(f"Route to it: warmline models route {model} --to {document['version']}=10000")


@app.command(name="list")
def list_models(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """List models with their versions and routes."""
    from automation.models.registry import Registry

    with _told("list"):
        registry = Registry.of(connect(stack))
        found = [show.model(registry, record) for record in registry.models()]
    if as_json:
        print_json(found)
        return
    if not found:
        print("No models yet. Push one: warmline models push MODEL PATH")
    for document in found:
        print("\n".join(show.model_lines(document)))


@app.command(name="show")
def show_model(
    model: Name,
    version: Annotated[int | None, typer.Option(help="Show this version's manifest.")] = None,
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Show a model's versions, its route and who changed it; or one version's manifest."""
    from automation.models.registry import Registry

    with _told("show"):
        registry = Registry.of(connect(stack))
        if version is not None:
            document = show.version(registry.require_version(model, version))
            print_json(document)
            return
        record = registry.model(model)
        if record is None:
            known = ", ".join(known.model for known in registry.models())
            raise Failure(
                f"there is no model {model!r}; registered are: {known or 'none'}",
                f"Push it: `warmline models push {model} PATH`.",
            )
        document = show.model(registry, record, history=True)
    if as_json:
        print_json(document)
    else:
        print("\n".join(show.model_lines(document)))


@app.command()
def route(  # noqa: PLR0917 - typer passes options by name
    model: Name,
    to: Annotated[
        list[str],
        typer.Option(metavar="VERSION=WEIGHT", help="Weight in basis points; all sum to 10000."),
    ],
    shadow: Annotated[int | None, typer.Option(help="Version that gets copies.")] = None,
    standby: Annotated[
        list[int] | None, typer.Option(help="Version that stays loaded; repeat for several.")
    ] = None,
    sticky_header: Annotated[
        str | None, typer.Option(help="Header whose value always meets one version.")
    ] = None,
    no_shadow: Annotated[bool, typer.Option("--no-shadow", help="End shadowing.")] = False,
    no_standby: Annotated[bool, typer.Option("--no-standby", help="Nothing on standby.")] = False,
    no_sticky_header: Annotated[
        bool, typer.Option("--no-sticky-header", help="Choose anew for each request.")
    ] = False,
    expect: ExpectOption = None,
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Say which versions answer. What is not named stays as it is, unless it has weight now."""
    from automation.models import routes
    from automation.models.registry import Registry

    weights = _weights(to)
    for given, cleared, name in (
        (shadow, no_shadow, "shadow"),
        (standby, no_standby, "standby"),
        (sticky_header, no_sticky_header, "sticky-header"),
    ):
        if given and cleared:
            raise typer.BadParameter(f"--{name} and --no-{name} exclude each other")
    with _told("route"):
        registry = Registry.of(connect(stack))
        wanted = routes.edited(
            model,
            registry.route(model),
            weights,
            shadow=shadow,
            standby=[] if no_standby else standby or None,
            sticky_header=sticky_header,
            keep_shadow=not no_shadow,
            keep_sticky_header=not no_sticky_header,
        )
        outcome = routes.change_route(registry, wanted, expect=expect)
    _print_outcome(outcome, as_json)


@app.command()
def rollback(
    model: Name,
    to: Annotated[
        int | None, typer.Option(help="Version that answers alone. Default: the route before.")
    ] = None,
    expect: ExpectOption = None,
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Go back to the route before the latest change, or to one version."""
    from automation.models import routes
    from automation.models.registry import Registry

    with _told("rollback"):
        outcome = routes.rollback(Registry.of(connect(stack)), model, to=to, expect=expect)
    _print_outcome(outcome, as_json)


@app.command()
def retire(
    model: Name,
    version: Annotated[
        int, typer.Argument(metavar="VERSION", help="The version; no route may mention it.")
    ],
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Take a version out of use for good. Its files stay."""
    from automation.models.registry import Registry

    with _told("retire"):
        changed = Registry.of(connect(stack)).retire(model, version)
    if as_json:
        print_json({"model": model, "version": version, "state": "RETIRED", "changed": changed})
    else:
        print(f"{model} version {version} is {'retired' if changed else 'retired already'}.")


def _weights(pairs: Sequence[str]) -> dict[int, int]:
    weights: dict[int, int] = {}
    for pair in pairs:
        match = _WEIGHT.fullmatch(pair)
        if match is None:
            raise typer.BadParameter(
                f"{pair!r} is not VERSION=WEIGHT in whole numbers; 90 % is 9000 basis points",
                param_hint="--to",
            )
        version, weight = int(match[1]), int(match[2])
        if version in weights:
            raise typer.BadParameter(f"version {version} is named twice", param_hint="--to")
        weights[version] = weight
    return weights


def _print_outcome(outcome: Any, as_json: bool) -> None:
    if as_json:
        print_json(show.outcome(outcome))
        return
    if not outcome.changed:
        print(f"It is so already: {show.route_line(outcome.after)}")
        return
    print(f"before  {show.route_line(outcome.before)}")
    print(f"after   {show.route_line(outcome.after)}")


@contextmanager
def _told(command: str) -> Iterator[None]:
    with told(f"models {command}"), _explained(command):
        yield


@contextmanager
def _explained(command: str) -> Iterator[None]:
    """Give each error of the layers below its way out."""
    try:
        yield
    except (ManifestError, RouteError) as error:
        raise Failure(str(error), f"See `warmline models {command} --help`.") from error
    except RegistryError as error:
        raise Failure(str(error), "Someone wrote it by other means; look at the table.") from error
    except ClientError as error:
        raise Failure(str(error), "Check the rights of your credentials.") from error
    except BotoCoreError as error:
        raise Failure(str(error), "Check that the stack is up: `warmline status`.") from error
    except OSError as error:
        raise Failure(str(error), "Check that you may read the file.") from error
