"""A part of a stack file, whose rules can be judged while some of its values are wrong."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")
Rule = TypeVar("Rule", bound=Callable[..., Iterator[str]])


class NotValid(AttributeError):
    """A rule asks for a value that the stack file does not say, or says wrongly."""


def rule(method: Rule) -> Rule:
    """Marks a rule between keys. It yields each finding as a line that starts with a key."""
    method.__dict__["is_rule"] = True
    return method


def each(items: Iterable[Item], check: Callable[[Item], Iterator[str]]) -> Iterator[str]:
    """What a check finds in every item; one that lacks what the check needs is passed over."""
    for item in items:
        try:
            yield from check(item)
        except NotValid:
            continue


def once(said: str, values: Iterable[object], what: str) -> Iterator[str]:
    """A finding where a value stands twice; `said` is the key with its verb."""
    listed = [*values]
    if len(set(listed)) != len(listed):
        yield f"{said} {listed}; each {what} once"


def shown(value: object) -> str:
    """As a stack file says it: texts in quotes, `null`, `true`, `[]`."""
    return repr(value) if isinstance(value, str) else json.dumps(value)


class Section(BaseModel):
    """A part of a stack file: fields, and rules between them.

    Every key is required: nothing is defaulted, so the difference of two stack files is the whole
    difference of two environments. Rules between keys state both values and the reason.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    def findings(self) -> Iterator[str]:
        """What the rules find; a rule that needs a value which is not valid finds nothing."""
        rules = [found for found in vars(type(self)).values() if hasattr(found, "is_rule")]
        yield from each(rules, lambda broken: broken(self))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in type(self).model_fields:
                raise NotValid(name)
            return super().__getattr__(name)
