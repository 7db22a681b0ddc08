"""Stops the program where the installed pulumi-aws is not one that it was written for.

A release too old refuses values that it does not know yet, one resource at a time and in the
middle of a deployment; one with another major number gives resources other shapes.
"""

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

import pulumi

PACKAGE: Final = "pulumi-aws"
FLOOR: Final = (7, 51, 1)
"""The oldest release that the tests ran with; docs/upgrading.md says how to move it."""
BAD: Final[Mapping[str, str]] = {}
"""Releases above the floor that must not be used -> why. None is known (checked 2026-11)."""


def require(installed: str | None = None, bad: Mapping[str, str] = BAD) -> None:
    """Raises `pulumi.RunError`; `installed` is the release in this environment when not given."""
    found = version(PACKAGE) if installed is None else installed
    floor = ".".join(map(str, FLOOR))
    way_out = (
        f"Install the locked release (make setup), or follow docs/upgrading.md to take another; "
        f"this program needs {PACKAGE} {floor} or newer, below {FLOOR[0] + 1}.0.0"
    )
    if _numbers(found) < FLOOR:
        raise pulumi.RunError(f"{PACKAGE} is {found}, older than {floor}. {way_out}")
    if _numbers(found)[0] > FLOOR[0]:
        raise pulumi.RunError(
            f"{PACKAGE} is {found}; resources have other shapes in {_numbers(found)[0]} than in "
            f"{FLOOR[0]}. {way_out}"
        )
    if found in bad:
        raise pulumi.RunError(f"{PACKAGE} is {found}, which {bad[found]}. {way_out}")


def _numbers(text: str) -> tuple[int, ...]:
    """The release's first three numbers: those of `7.52.0a1` are 7, 52 and 0."""
    starts = [re.match(r"\d*", part) for part in text.split(".")[:3]]
    return tuple(int(start[0] or 0) for start in starts if start)
