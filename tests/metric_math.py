"""CloudWatch's metric math and alarm rules, as far as our alarms use them: the very texts that an
account is given are evaluated here, against counted requests instead of an account.

Not CloudWatch: that arithmetic on a missing point is missing, that a division by zero is too, and
that FILL also fills a series without any point, is how its documentation is read.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import add, ge, lt, mul, sub, truediv
from typing import Any


@dataclass(frozen=True)
class Point:
    """A value of a series at one time; None = missing."""

    value: float | None

    def _with(self, other: Any, apply: Callable[[float, float], float]) -> "Point":
        left, right = self.value, other.value if isinstance(other, Point) else other
        if left is None or right is None or (apply is truediv and right == 0):
            return Point(None)
        return Point(apply(left, right))

    def __add__(self, other: Any) -> "Point":
        return self._with(other, add)

    def __sub__(self, other: Any) -> "Point":
        return self._with(other, sub)

    def __rsub__(self, other: float) -> "Point":
        return Point(other)._with(self, sub)

    def __mul__(self, other: Any) -> "Point":
        return self._with(other, mul)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> "Point":
        return self._with(other, truediv)

    def __lt__(self, other: Any) -> "Point":
        return self._with(other, lt)

    def __ge__(self, other: Any) -> "Point":
        return self._with(other, ge)


def _fill(point: Point, value: float) -> Point:
    return Point(value) if point.value is None else point


def _if(condition: Point, then: Any, otherwise: Any) -> Point:
    if condition.value is None:
        return Point(None)
    chosen = then if condition.value else otherwise
    return chosen if isinstance(chosen, Point) else Point(chosen)


def evaluate(
    expressions: Mapping[str, str], given: Mapping[str, float | None], period: int
) -> dict[str, float | None]:
    """Values of the expressions, each of which may use those before it."""
    known: dict[str, Point] = {name: Point(value) for name, value in given.items()}
    functions: dict[str, Any] = {"IF": _if, "FILL": _fill, "PERIOD": lambda _: Point(period)}
    for name, text in expressions.items():
        known[name] = eval(text, {"__builtins__": {}}, functions | known)  # noqa: S307 - our own texts
    return {name: known[name].value for name in expressions}


def holds(rule: str, alarming: Iterable[str]) -> bool:
    """Whether a composite alarm's rule is true while these alarms are on."""
    on = set(alarming)
    judged = re.sub(r'ALARM\("([^"]+)"\)', lambda found: str(found[1] in on), rule)
    judged = judged.replace(" AND ", " and ").replace(" OR ", " or ")
    assert re.fullmatch(r"(True|False|and|or|[() ])+", judged), judged
    return bool(eval(judged, {"__builtins__": {}}))  # noqa: S307 - nothing but the words above
