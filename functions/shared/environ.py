"""Reading a function's environment: every problem is collected, then told at once."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class ConfigError(ValueError):
    """Lists what is missing or wrong in the environment; names each variable."""


class Reader:
    """Collects problems; after `finish` every value that was read is valid."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._missing: list[str] = []
        self._wrong: list[str] = []

    def text(
        self, name: str, *, pattern: re.Pattern[str] | None = None, may_be_empty: bool = False
    ) -> str:
        value = self._environ.get(name)
        if value is None or not (value or may_be_empty):
            self._missing.append(name)
        elif pattern is not None and not pattern.fullmatch(value):
            self._wrong.append(f"{name} must match {pattern.pattern}")
        return value or ""

    def has(self, name: str) -> bool:
        """For a name that may be absent."""
        return bool(self._environ.get(name))

    def number(self, name: str, lowest: float, highest: float) -> float:
        return self._within(name, float, lowest, highest)

    def whole(self, name: str, lowest: int, highest: int) -> int:
        return self._within(name, int, lowest, highest)

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, TypeError) as error:
            self._wrong.append(f"{name} cannot be read: {error}")
            return None

    def finish(self) -> None:
        problems = [f"{name} is missing" for name in self._missing] + self._wrong
        if problems:
            raise ConfigError("the function's environment is wrong: " + "; ".join(problems))

    def _within(self, name: str, parse: Callable[[str], T], lowest: float, highest: float) -> T:
        value = self.parsed(name, parse)
        if value is None:
            return parse("0")
        if not lowest <= value <= highest:  # type: ignore[operator]  # T is int or float
            self._wrong.append(f"{name} is {value}; from {lowest} to {highest}")
        return value
