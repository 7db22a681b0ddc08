"""Named stages of a long command: what runs, how long it took, and which one failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from automation.errors import StageFailure

PLAIN_INTERVAL_SECONDS = 5.0
"""Where the output is no terminal, a stage prints at most one progress line in this time."""
RUN_AGAIN = "Run the same command again: it goes on from here."


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A stage that ended well."""

    name: str
    seconds: float
    result: str


class Stage:
    """The running stage: call it with what is going on; set `result` to what came out."""

    def __init__(self, name: str, show: Callable[[str], None]) -> None:
        self.name = name
        self.result = ""
        self._show = show

    def __call__(self, text: str) -> None:
        self._show(text)


class Stages:
    """Prints stages one after another: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self.finished: list[Finished] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run one stage.

        Raises `StageFailure` in place of any `Exception` of the body; a `KeyboardInterrupt` passes.
        """
        start = self._clock()
        with self._live(name, start) as show:
            stage = Stage(name, show)
            try:
                yield stage
            except Exception as error:
                raise _named(name, error) from error
        seconds = self._clock() - start
        self.finished.append(Finished(name=name, seconds=seconds, result=stage.result))
        line = f"[green]✓[/] {name:<12} {seconds:6.1f} s  {escape(stage.result)}"
        self._console.print(line.rstrip(), highlight=False, soft_wrap=True)

    @contextmanager
    def _live(self, name: str, start: float) -> Iterator[Callable[[str], None]]:
        if not self._console.is_terminal:
            yield self._plain(name, start)
            return
        with Status(f"{name} ...", console=self._console) as status:

            def show(text: str) -> None:
                elapsed = self._clock() - start
                status.update(f"{name:<12} {elapsed:6.1f} s  {escape(text)}")

            yield show

    def _plain(self, name: str, start: float) -> Callable[[str], None]:
        last = start - PLAIN_INTERVAL_SECONDS

        def show(text: str) -> None:
            nonlocal last
            now = self._clock()
            if now - last < PLAIN_INTERVAL_SECONDS:
                return
            last = now
            line = f"  {name:<12} {now - start:6.1f} s  {escape(text)}"
            self._console.print(line, highlight=False, soft_wrap=True)

        return show


def _named(name: str, error: Exception) -> StageFailure:
    """Errors of other rooms that say `cause` and `way_out` keep them; others get what there is."""
    if isinstance(error, StageFailure):
        return error
    cause = getattr(error, "cause", None) or str(error).strip() or type(error).__name__
    return StageFailure(name, str(cause), getattr(error, "way_out", "") or RUN_AGAIN)
