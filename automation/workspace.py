"""Opens a stack: which files, state, environment and plugins the engine works with.

Against an account the clone's own files are used as they are. Everything else runs in a folder of
its own, `home()/workspace/<stack>/`, with written copies of the project and stack files, so that
neither a run on the laptop nor a preview changes a committed file; see docs/adr/0006.
"""

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi import automation as auto
from pulumi.automation.errors import CommandError
from pulumi.runtime.config import set_all_config

import settings
from automation import environment
from automation.command import EngineCommand
from automation.errors import Failure
from emulation.engine import Engine
from emulation.ministack import Running
from emulation.paths import ROOT, RUNTIME, home, write_whole

LOCAL = "local"
"""The stack that lives in the emulator; every other one lives in an account."""
POLICIES = ROOT / "policies"
NAMESPACE = "warmline"
ENDPOINT_KEY = f"{NAMESPACE}:endpoint_url"
SECRETS_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")
UNREADABLE = "[secret]"
"""Stands for an encrypted value where the key to it is not asked for."""
KEY_SERVICES = ("awskms://", "azurekeyvault://", "gcpkms://", "hashivault://")
STATE_WAY_OUT = (
    "Say where state is kept, with deployment.backend_url in the stack file (`warmline bootstrap` "
    "makes a bucket), PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN or `pulumi login`; and give AWS "
    "credentials."
)


class Reach(StrEnum):
    """What the engine can reach in a run."""

    EMULATOR = "emulator"
    NOTHING = "nothing"
    """Echo providers answer; no account, no credentials."""
    ACCOUNT = "account"
    """The user's own backend and credentials."""


def open_stack(
    stack: str, engine: Engine, reach: Reach, *, emulator: Running | None = None
) -> auto.Stack:
    """Select the stack, made when it does not exist.

    Raises `Failure` for a stack without a file, or one that goes to an account without naming its
    secrets provider, before the engine is started.
    """
    source = read_stack_file(stack)
    if reach is Reach.ACCOUNT:
        require_secrets_provider(stack, source)
        folder, provider = ROOT, source.get("secretsprovider")
    else:
        url = None if emulator is None else emulator.endpoint_url
        folder = write_workspace(stack, source, endpoint_url=url)
        provider = "passphrase"
    options = auto.LocalWorkspaceOptions(
        pulumi_command=command_for(engine, reach, source, emulator, deploying=True),
        secrets_provider=provider,
    )
    try:
        return auto.create_or_select_stack(stack, work_dir=str(folder), opts=options)
    except CommandError as error:
        if reach is Reach.ACCOUNT:
            raise out_of_reach(stack, error) from error
        raise


def out_of_reach(stack: str, error: CommandError) -> Failure:
    """The engine could not work with the state of a stack in an account: what it said."""
    said = str(error).partition("stderr:")[2].strip() or str(error).strip()
    return Failure(
        f"the engine cannot reach the state of stack {stack}: {said}",
        STATE_WAY_OUT,
    )


def command_for(
    engine: Engine,
    reach: Reach,
    source: Mapping[str, Any],
    emulator: Running | None = None,
    *,
    deploying: bool = False,
) -> EngineCommand:
    """The engine's command line, with the environment that `reach` allows.

    `deploying`: as the role that may, where the emulator enforces IAM.
    """
    if reach is Reach.ACCOUNT:
        environ = environment.own(
            os.environ,
            first_on_path=_first_on_path(engine, None),
            backend_url=backend_of(source, os.environ.get("PULUMI_BACKEND_URL")),
        )
    else:
        environ = sealed_environment(engine, reach, source, emulator=emulator)
        if deploying and emulator is not None and emulator.ca_bundle is not None:
            from automation import deployer  # imports boto3, which only such an emulator needs

            environ |= deployer.keys(emulator, region_of(source))
    return EngineCommand(engine.command, engine.version, environ)


def backend_of(source: Mapping[str, Any], shell: str | None) -> str | None:
    """Where the stack file keeps the state; None = the shell or the login says.

    Raises `Failure` where the shell says something else: with the state of another stack, or with
    none, `up` would make everything a second time.
    """
    deployment = (source.get("config") or {}).get(f"{NAMESPACE}:deployment")
    said = deployment.get("backend_url") if isinstance(deployment, dict) else None
    if said and shell and said != shell:
        raise Failure(
            f"deployment.backend_url is {said!r} and PULUMI_BACKEND_URL is {shell!r}; the state "
            "of a stack is in one place",
            "Unset PULUMI_BACKEND_URL in this shell, or correct the stack file.",
        )
    return said or None


def sealed_environment(
    engine: Engine, reach: Reach, source: Mapping[str, Any], *, emulator: Running | None
) -> dict[str, str]:
    """The engine's whole environment in a run that must not reach an account."""
    bin_folder = RUNTIME / "bin" / ("local" if reach is Reach.EMULATOR else "preview")
    sealed = environment.sealed(
        os.environ,
        first_on_path=_first_on_path(engine, bin_folder),
        home=home(),
        passphrase_file=passphrase_file(),
    )
    if emulator is not None:
        sealed |= environment.emulated(
            emulator.endpoint_url, region_of(source), ca_bundle=emulator.ca_bundle
        )
    return sealed


def stack_file(stack: str) -> Path:
    """`WARMLINE_LOCAL_STACK` names another file for the local stack, to try other settings."""
    other = os.environ.get("WARMLINE_LOCAL_STACK")
    if other and stack == LOCAL:
        return Path(other)
    return ROOT / f"Pulumi.{stack}.yaml"


def stack_names() -> list[str]:
    """The stacks that have a committed file."""
    return sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def read_stack_file(stack: str) -> dict[str, Any]:
    """Raises `Failure` when the clone has no such stack, or its file is no stack file."""
    path = stack_file(stack)
    if not path.is_file():
        raise Failure(
            f"there is no stack {stack!r}: {path.name} does not exist",
            f"Stacks of this clone: {', '.join(stack_names()) or 'none'}.",
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Failure(f"{path.name} is not YAML: {error}", f"Correct {path.name}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise Failure(
            f"{path.name} has no settings: it must have a mapping `config`, with a key for each "
            "section",
            f"Correct {path.name}; docs/settings.md lists the sections and keys.",
        )
    return content


def check_settings(stack: str, source: Mapping[str, Any]) -> settings.Settings | None:
    """The stack's settings, read before anything is started.

    The program makes the same check; this one spares the wait for an engine. A file with
    encrypted values is left to the program, as only the engine can read them: None.
    Raises `Failure` with every problem of the stack file.
    """
    config = source["config"]
    if _readable(config) != config:
        return None
    set_all_config({key: _as_engine_says(value) for key, value in config.items()})
    way_out = f"Correct Pulumi.{stack}.yaml; docs/settings.md says what each key means and may be."
    try:
        loaded = settings.load(pulumi.Config(NAMESPACE), stack)
    except pulumi.RunError as error:
        raise Failure(str(error), way_out) from error
    if stack != LOCAL and loaded.functions.architecture == "machine":
        raise Failure(
            f"functions.architecture is 'machine' in Pulumi.{stack}.yaml; only stack {LOCAL} may "
            "say so, because archives built for this machine need not run on Lambda",
            way_out,
        )
    return loaded


def _as_engine_says(value: Any) -> str:
    """Objects reach a program as JSON, everything else as text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def region_of(source: Mapping[str, Any]) -> str:
    config = source.get("config") or {}
    return str(config.get("aws:region") or config.get(f"{NAMESPACE}:region") or environment.REGION)


def require_secrets_provider(stack: str, source: Mapping[str, Any]) -> None:
    """A stack under deletion protection names its secrets provider in its file: otherwise the
    engine would choose on every machine anew, and a later run could not read what an earlier one
    encrypted.
    """
    config = source.get("config") or {}
    protection = config.get(f"{NAMESPACE}:protection") or {}
    provider = str(source.get("secretsprovider") or "")
    if provider.startswith(KEY_SERVICES) or not protection.get("deletion_protection"):
        return
    state = f"is {provider!r}" if provider else "is missing"
    raise Failure(
        f"secretsprovider {state} in Pulumi.{stack}.yaml, whose deletion_protection is on; it must "
        f"name a key of a key service ({', '.join(KEY_SERVICES)}), so that every run and every "
        "machine can read the stack's secrets",
        "Make a KMS key with an alias in the account (`warmline bootstrap` does), and add this "
        f"line to Pulumi.{stack}.yaml:\n"
        f"  secretsprovider: awskms://alias/{NAMESPACE}-{stack}-secrets?region={region_of(source)}",
    )


def workspace_folder(stack: str) -> Path:
    return home() / "workspace" / stack


def write_workspace(stack: str, source: Mapping[str, Any], *, endpoint_url: str | None) -> Path:
    """Write the workspace's two settings files and return its folder."""
    folder = workspace_folder(stack)
    (home() / "state").mkdir(parents=True, exist_ok=True)
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    _write_yaml(folder / "Pulumi.yaml", _relocated(project))
    path = folder / f"Pulumi.{stack}.yaml"
    copy = sealed_settings(source, endpoint_url=endpoint_url)
    if path.is_file():
        # The engine keeps the salt of its passphrase here; a lost one would orphan the state.
        before = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        copy |= {key: before[key] for key in ("encryptionsalt",) if key in before}
    _write_yaml(path, copy)
    return folder


def sealed_settings(source: Mapping[str, Any], *, endpoint_url: str | None) -> dict[str, Any]:
    """The stack file for a run outside any account: no secrets provider, no encrypted value."""
    copy = {key: value for key, value in source.items() if key not in SECRETS_KEYS}
    config = {key: _readable(value) for key, value in (source.get("config") or {}).items()}
    if endpoint_url is not None:
        config[ENDPOINT_KEY] = endpoint_url
    return copy | {"config": config}


def passphrase_file() -> Path:
    """A random passphrase for the laptop's state, made at first use and readable by its owner."""
    path = home() / "passphrase"
    if path.is_file():
        if path.stat().st_size:
            return path
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(prefix=".passphrase-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32))
        # Not moved there: of two commands at once the first wins, for both.
        with suppress(FileExistsError):
            path.hardlink_to(made)
    finally:
        Path(made).unlink()
    return path


def _relocated(project: dict[str, Any]) -> dict[str, Any]:
    """The project as seen from another folder: program and virtual environment by full path."""
    named: str | dict[str, Any] = project.get("runtime", "python")
    runtime: dict[str, Any] = {"name": named} if isinstance(named, str) else dict(named)
    options = dict(runtime.get("options") or {})
    options["virtualenv"] = str(Path(sys.prefix))
    return project | {"main": str(ROOT), "runtime": runtime | {"options": options}}


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return UNREADABLE
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value


def _first_on_path(engine: Engine, bin_folder: Path | None) -> list[Path]:
    launchers = [] if bin_folder is None else [bin_folder]
    return [*launchers, *engine.path_entries, Path(sys.prefix) / "bin"]


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    # JSON first: it drops YAML's own types such as dates, which the engine reads as text.
    plain = json.loads(json.dumps(dict(content), default=str))
    write_whole(path, yaml.safe_dump(plain, sort_keys=False))
