"""Engine operations on a stack: deploy, destroy, preview, and the repairs before them."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation.errors import CommandError

from automation.errors import Failure
from automation.report import MANDATORY, STILL, Report
from automation.workspace import NAMESPACE, POLICIES
from emulation.locking import LockTimeout, exclusive
from emulation.paths import home, write_whole

Show = Callable[[str], None]
LAST_LINES = 15


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold this home for the whole of a command that changes it.

    The engine's Python runtime and the emulator are shared by everything in a home, so commands
    wait for no one: a second one is refused.
    """
    with ExitStack() as held:
        try:
            held.enter_context(exclusive(home() / "lock", lambda _seconds: None, limit_seconds=0))
        except LockTimeout as error:
            raise Failure(
                f"another warmline command (process {error.holder}) is at work in {home()}",
                "Wait for its end, or stop it with Ctrl-C where it runs.",
            ) from None
        yield


def release_stale_locks(stack: auto.Stack) -> bool:
    """Drop the state's locks of engines that are no more; True when there was one.

    Raises `Failure` when the engine of an earlier command still runs.
    """
    folder = _state() / "locks" / "organization" / NAMESPACE / stack.name
    locks = sorted(folder.glob("*.json"))
    for path in locks:
        pid = _pid_of(path)
        if pid is not None and is_engine(pid):
            raise Failure(
                f"the engine of an earlier command (process {pid}) still works on stack "
                f"{stack.name}",
                f"It ends by itself; try again in a minute. Or end it: kill {pid}",
            )
    if locks:
        stack.cancel()
    return bool(locks)


def _pid_of(lock: Path) -> int | None:
    try:
        return int(json.loads(lock.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_engine(pid: int) -> bool:
    """Whether `pid` is a running engine, and not another program that got an old number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    command_line = Path(f"/proc/{pid}/cmdline")
    if not command_line.is_file():
        return True
    return b"pulumi" in command_line.read_bytes().split(b"\0")[0]


def mend_state(name: str) -> bool:
    """Put the copy before it in place of a state file that a killed engine left half-written.

    True when there was one; without a whole copy the stack starts without state. To be called
    before the stack is opened, by the one command of this home.
    """
    path = _state() / "stacks" / NAMESPACE / f"{name}.json"
    copy = path.with_name(f"{path.name}.bak")
    if not path.is_file() or _is_whole(path):
        return False
    if copy.is_file() and _is_whole(copy):
        write_whole(path, copy.read_text(encoding="utf-8"), mode=0o600)
    else:
        path.unlink()
    return True


def _state() -> Path:
    """Where the engine keeps the state of stacks that no account holds."""
    return home() / "state" / ".pulumi"


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def pending(stack: auto.Stack) -> int:
    """How many operations an interrupted engine had begun and not ended."""
    deployment: Mapping[str, Any] = stack.export_stack().deployment or {}
    return len(deployment.get("pending_operations") or [])


def clear_pending(stack: auto.Stack, show: Show) -> None:
    """Settle those operations: what exists is read, what is not known to exist is dropped."""
    show("settling what an interrupted run had begun")
    report = Report(show)
    with _explained(stack, "refresh", report):
        stack.refresh(clear_pending_creates=True, on_event=report.on_event, color="never")


def deploy(stack: auto.Stack, show: Show) -> Report:
    """Make the stack what the program says, policy pack included.

    Refreshes first, so that what was changed or deleted behind the engine's back is repaired.
    """
    report = Report(show)
    _up(stack, report, refresh=True)
    if report.outdated:
        _deploy_again(stack, report)
    return report


def _up(stack: auto.Stack, report: Report, **options: Any) -> None:
    with _explained(stack, "up", report):
        stack.up(
            policy_packs=_packs(),
            on_event=report.on_event,
            color="never",
            suppress_outputs=True,
            suppress_progress=True,
            **options,
        )


def _deploy_again(stack: auto.Stack, report: Report) -> None:
    """A REST API's deployment is a copy, made before the engine deletes anything: what was to go is
    answered until there is another (pulumi/pulumi-aws#3683)."""
    report.show("routes were taken away: deploying the API again, without them")
    again = Report(report.show)
    try:
        _up(stack, again, replace=report.outdated)
    except Failure as failure:
        urns = " ".join(f"--replace '{urn}'" for urn in report.outdated)
        raise Failure(
            f"the API still answers on routes that were taken away:\n{failure.cause}",
            f"{failure.way_out}\nThen deploy it without them, as no later run does by itself: "
            f"pulumi up --stack {stack.name} {urns}",
        ) from failure
    report.changes.update({op: n for op, n in again.changes.items() if op not in STILL})


def preview(stack: auto.Stack, show: Show) -> Report:
    """What `deploy` would do. A mandatory rule's finding is part of the report, not an error."""
    report = Report(show)
    try:
        with _explained(stack, "preview", report):
            stack.preview(
                policy_packs=_packs(),
                on_event=report.on_event,
                color="never",
                suppress_outputs=True,
                suppress_progress=True,
            )
    except Failure:
        if not report.of_level(MANDATORY):
            raise
    return report


def compare(stack: auto.Stack, show: Show, seen: Callable[[auto.EngineEvent], None]) -> None:
    """Read all that the state describes, and change neither: `seen` gets the engine's events.

    Secrets in the events are hidden.
    """
    report = Report(show)

    def on_event(event: auto.EngineEvent) -> None:
        report.on_event(event)
        seen(event)

    with _explained(stack, "drift", report):
        stack.preview_refresh(
            on_event=on_event,
            color="never",
            show_secrets=False,
            suppress_outputs=True,
            suppress_progress=True,
        )


def destroy(stack: auto.Stack, show: Show) -> Report:
    report = Report(show)
    with _explained(stack, "destroy", report):
        stack.destroy(
            on_event=report.on_event, color="never", suppress_outputs=True, suppress_progress=True
        )
    return report


def forget(stack: auto.Stack) -> None:
    """Drop the stack's state without touching what it describes."""
    stack.workspace.remove_stack(stack.name, force=True, preserve_config=True)


def _packs() -> list[str] | None:
    return [str(POLICIES)] if (POLICIES / "PulumiPolicy.yaml").is_file() else None


@contextmanager
def _explained(stack: auto.Stack, operation: str, report: Report) -> Iterator[None]:
    """Turn the engine's failure into a cause and a way out; its whole output goes to a log."""
    try:
        yield
    except CommandError as error:
        log = home() / "log" / f"{stack.name}-{operation}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(str(error), encoding="utf-8")
        raise Failure(_cause(report, str(error)), _way_out(log)) from error


def _cause(report: Report, output: str) -> str:
    violations = [f"  {violation.text}" for violation in report.of_level(MANDATORY)]
    if violations:
        violations.insert(0, f"{len(violations)} violations of mandatory rules:")
    if violations or report.errors:
        return "\n".join([*violations, *report.errors])
    lines = [line for line in output.splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])


def _way_out(log: Path) -> str:
    return (
        "Mend what is said above, then run the same command again: it goes on from here.\n"
        f"The engine's output: {log}"
    )
