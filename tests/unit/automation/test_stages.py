"""Named stages: what a person sees while `up` runs, and when it fails."""

import io

import pytest
from rich.console import Console

from automation.errors import Failure, StageFailure
from automation.stages import PLAIN_INTERVAL_SECONDS, RUN_AGAIN, Stages

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=80)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_finished_stage_prints_its_name_time_and_result(clock: Clock) -> None:
    console = plain()
    stages = Stages(console, clock)
    with stages.stage("engine") as stage:
        clock.now += 12.34
        stage.result = "Pulumi 3.274.1"
    assert text(console) == "✓ engine         12.3 s  Pulumi 3.274.1\n"
    assert stages.finished[0].seconds == pytest.approx(12.34)


def test_progress_outside_a_terminal_is_a_line_every_few_seconds_and_not_one_per_event(
    clock: Clock,
) -> None:
    console = plain()
    with Stages(console, clock).stage("deploy") as stage:
        for number in range(100):
            stage(f"{number} resources")
            clock.now += PLAIN_INTERVAL_SECONDS / 64
    lines = text(console).splitlines()
    assert [line.split()[-2] for line in lines[:-1]] == ["0", "64"]


def test_a_progress_text_with_brackets_is_printed_as_it_is(clock: Clock) -> None:
    console = plain()
    with Stages(console, clock).stage("deploy") as stage:
        stage("models[0] is [red]")
    assert "models[0] is [red]" in text(console)


def test_a_live_line_on_a_terminal_shows_the_stage_and_what_is_going_on() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with Stages(console).stage("build") as stage:
        stage("archive of predict")
    assert "archive of predict" in text(console)


def test_a_failing_stage_names_itself_the_cause_and_the_way_out(clock: Clock) -> None:
    with (
        pytest.raises(StageFailure) as caught,
        Stages(plain(), clock).stage("emulator"),
    ):
        raise Failure("port 4566 is taken", "Free it, or set another.")
    assert caught.value.stage == "emulator"
    assert (caught.value.cause, caught.value.way_out) == (
        "port 4566 is taken",
        "Free it, or set another.",
    )


def test_an_error_nobody_foresaw_still_names_the_stage_and_says_to_run_again(clock: Clock) -> None:
    with (
        pytest.raises(StageFailure) as caught,
        Stages(plain(), clock).stage("model"),
    ):
        raise OSError
    assert (caught.value.stage, caught.value.cause) == ("model", "OSError")
    assert caught.value.way_out == RUN_AGAIN


def test_a_failed_stage_is_not_listed_as_finished(clock: Clock) -> None:
    console = plain()
    stages = Stages(console, clock)
    with pytest.raises(StageFailure), stages.stage("build"):
        raise Failure("no", "")
    assert stages.finished == []
    assert "✓" not in text(console)


def test_ctrl_c_passes_through_a_stage_unchanged(clock: Clock) -> None:
    with pytest.raises(KeyboardInterrupt), Stages(plain(), clock).stage("deploy"):
        raise KeyboardInterrupt
