"""What model commands need of a deployed stack; `automation.outputs.Outputs` is one."""

from collections.abc import Callable
from typing import Any, Protocol

Progress = Callable[[str], None]
"""Takes one short line that replaces the one before."""


class Stack(Protocol):
    """Outputs by name, and clients for the place where the stack lives."""

    def __getitem__(self, name: str, /) -> Any: ...

    @property
    def clients(self) -> Callable[[str], Any]:
        """Service name -> low-level boto3 client."""
        ...


def connect(stack: str) -> Stack:
    """Finds a stack by name."""
    from automation.outputs import read  # imports the engine's packages

    return read(stack)
