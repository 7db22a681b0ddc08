"""Reads a resource's inputs, whatever form they come in.

Under the engine inputs are wrapped so that touching an unknown raises, and a wrapped map is not a
`dict`; recorded graphs hold plain maps with secrets and unknowns as marked values. Rules see
neither difference.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, Self, cast

from pulumi_policy import proxy
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import UnknownValueError

_UNKNOWNS = frozenset(
    {
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    }
)


class MalformedError(Exception):
    """A value has a shape its property cannot have. The text never contains the value."""

    def __init__(self, path: str, text: LiteralString) -> None:
        super().__init__(f"{path} {text}")
        self.path, self.text = path, text


@dataclass(frozen=True)
class Props:
    """A map of inputs. Every read raises `UnknownValueError` for a value not known yet, and
    `MalformedError` for one of the wrong kind; an absent property reads as its default.
    """

    values: Mapping[str, Any]
    where: str = ""

    def path(self, key: str) -> str:
        """The address of a property, as messages print it."""
        return f"{self.where}.{key}" if self.where else key

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the properties that are present, known or not."""
        return tuple(self.values)

    def is_text(self, key: str) -> bool:
        """For properties of two shapes, as the principal of a statement."""
        return isinstance(self._value(key), str)

    def text(self, key: str, default: str = "") -> str:
        value = self._value(key)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        raise MalformedError(self.path(key), "is not text")

    def number(self, key: str, default: float = 0) -> float:
        value = self._value(key)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise MalformedError(self.path(key), "is not a number")

    def flag(self, key: str) -> bool:
        """False when absent."""
        value = self._value(key)
        if value is None:
            return False
        if isinstance(value, bool):
            return value
        raise MalformedError(self.path(key), "is not true or false")

    def child(self, key: str) -> "Props":
        """A map inside; empty when absent."""
        value = self._value(key)
        if value is None:
            return Props({}, self.path(key))
        if isinstance(value, Mapping):
            return Props(cast("Mapping[str, Any]", value), self.path(key))
        raise MalformedError(self.path(key), "is not a map")

    def children(self, key: str) -> list["Props"]:
        """A list of maps inside; empty when absent. One map may stand for a list of one."""
        value = self._value(key)
        if isinstance(value, Mapping):
            return [self.child(key)]
        found: list[Props] = []
        for path, plain in self._items(key):
            if not isinstance(plain, Mapping):
                raise MalformedError(path, "is not a map")
            found.append(Props(cast("Mapping[str, Any]", plain), path))
        return found

    def texts(self, key: str) -> list[str]:
        """A list of texts. As in IAM documents one may stand for a list of one, and `true` for
        "true".
        """
        value = self._value(key)
        items = [(self.path(key), value)] if isinstance(value, str | bool) else self._items(key)
        found: list[str] = []
        for path, plain in items:
            if not isinstance(plain, str | bool):
                raise MalformedError(path, "is not text")
            found.append(str(plain).lower() if isinstance(plain, bool) else plain)
        return found

    def document(self, key: str) -> "Props":
        """A JSON document, given as text or as a map; empty when absent."""
        value = self._value(key)
        if not isinstance(value, str):
            return self.child(key)
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            # Not from the parser's error, which quotes the document.
            raise MalformedError(self.path(key), "is not a JSON object") from None
        return Props(cast("dict[str, Any]", parsed), self.path(key))

    def _items(self, key: str) -> Iterator[tuple[str, Any]]:
        value = self._value(key)
        if value is None:
            return
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise MalformedError(self.path(key), "is not a list")
        items = cast("Sequence[Any]", value)
        for index in range(len(items)):
            path = f"{self.path(key)}[{index}]"
            yield path, _plain(items[index], path)

    def _value(self, key: str) -> Any:
        # `key in values` would read the value, and a wrapped unknown raises the SDK's own error.
        return _plain(self.values[key], self.path(key)) if key in self.names else None


@dataclass(frozen=True)
class Resource(Props):
    """One resource as rules see it."""

    token: str = ""
    name: str = ""
    """Logical name."""
    urn: str = ""
    references: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Input property -> URNs of the resources whose outputs it was made from."""


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, for rules that need a resource's neighbours."""

    resources: tuple[Resource, ...] = ()

    def referring(self, resource: Resource, token: str, key: str) -> list[Resource]:
        """Resources of a type whose property `key` was made from `resource`."""
        return [
            other
            for other in self.resources
            if other.token == token and resource.urn in other.references.get(key, ())
        ]

    @classmethod
    def of(cls, *resources: Resource) -> Self:
        return cls(resources)


def _plain(value: Any, path: str) -> Any:
    if isinstance(value, str) and value in _UNKNOWNS:
        raise UnknownValueError(value, [path])
    if isinstance(value, Mapping) and SPECIAL_SIG_KEY in tuple(cast("Mapping[str, Any]", value)):
        marked = cast("Mapping[str, Any]", value)
        if marked[SPECIAL_SIG_KEY] == SPECIAL_SECRET_SIG:
            return _plain(marked["value"], path)
    return cast("Any", value)
