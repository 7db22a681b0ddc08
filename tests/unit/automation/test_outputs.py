"""What is said of a stack whose outputs cannot be read, and of an emulator that came anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandResult
from pulumi.automation.errors import CommandError, StackNotFoundError

from automation import outputs, up
from automation.errors import Failure
from automation.workspace import LOCAL
from emulation.ministack import Running

pytestmark = pytest.mark.unit


@pytest.fixture
def engine_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Let every question to the engine end in this error."""

    def use(error: Exception) -> None:
        class Command:
            def run(self, *_args: object) -> Any:
                raise error

        monkeypatch.setattr(outputs.engines, "ensure", lambda _show: None)
        monkeypatch.setattr(outputs, "command_for", lambda *_args: Command())

    return use


def failed(stderr: str) -> CommandResult:
    return CommandResult(stdout="", stderr=stderr, code=3)


def test_a_stack_that_was_never_made_is_not_up(
    engine_says: Callable[[Exception], None],
) -> None:
    engine_says(StackNotFoundError(failed("error: no stack named 'dev' found")))
    with pytest.raises(Failure, match="stack dev is not up"):
        outputs.read("dev")


def test_a_stack_whose_state_cannot_be_reached_is_not_called_down(
    engine_says: Callable[[Exception], None],
) -> None:
    engine_says(CommandError(failed("error: not logged in")))
    with pytest.raises(Failure, match="cannot reach the state of stack dev: error: not logged in"):
        outputs.read("dev")


@pytest.mark.parametrize(
    ("before", "fresh", "said"),
    [
        (None, True, "new"),
        ("one", False, "running"),
        ("another", True, "models pushed to it are gone"),
    ],
)
def test_an_emulator_that_lost_what_was_pushed_says_so(
    before: str | None, fresh: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    if before is not None:
        outputs.remember_emulator(LOCAL, before)
    running = Running(endpoint_url="http://127.0.0.1:1", pid=1, port=1, instance="one", fresh=fresh)
    assert up.history(running).endswith(said)
