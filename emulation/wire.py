"""Property values as the engine sends them, as plain Python values and back.

Numbers, text, lists and maps arrive as themselves (whole numbers as `int`). Three things have a
form of their own: `UNKNOWN` (a value that a preview cannot know), `Secret` and `Asset`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

Properties = dict[str, Any]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- the protocol's mark, no secret
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a Boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # a map
    }
)


class Unknown:
    """A value that is known only once its resource exists."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine must encrypt in the state."""

    value: Any


@dataclass(frozen=True)
class Asset:
    """A file or a text; `hash` is the engine's digest of its content."""

    hash: str = ""
    path: str = ""
    text: str = ""

    def __eq__(self, other: object) -> bool:
        """Assets are equal when their content is: a file may move."""
        if not isinstance(other, Asset):
            return False
        if self.hash and other.hash:
            return self.hash == other.hash
        return (self.path, self.text) == (other.path, other.text)

    def __hash__(self) -> int:
        return hash(self.hash)


def load(struct: Struct) -> Properties:
    """Reads a property map."""
    return {key: _load(value) for key, value in struct.fields.items()}


def dump(properties: Mapping[str, Any]) -> Struct:
    """Writes a property map; a property that is None is left out."""
    fields = {key: _dump(value) for key, value in properties.items() if value is not None}
    return Struct(fields=fields)


def has_unknown(value: Any) -> bool:
    """Says whether anything in the value is unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def _load(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "list_value":
            return [_load(item) for item in value.list_value.values]
        case "struct_value":
            return _load_struct(value.struct_value)
        case _:
            return None


def _load_struct(struct: Struct) -> Any:
    fields = struct.fields
    if _SIGNATURE not in fields:
        return load(struct)
    match fields[_SIGNATURE].string_value:
        case signature if signature == _SECRET:
            return Secret(_load(fields["value"]))
        case signature if signature == _ASSET:
            known = ("hash", "path", "text")
            return Asset(**{key: fields[key].string_value for key in known if key in fields})
        case signature if signature == _OUTPUT:
            value = _load(fields["value"]) if "value" in fields else UNKNOWN
            secret = "secret" in fields and fields["secret"].bool_value
            return Secret(value) if secret else value
        case signature if signature == _RESOURCE:
            reference = fields["id"] if "id" in fields else fields["urn"]
            return _load(reference)
        case signature:
            raise ValueError(
                f"a property has the form {signature}, which is not one of secret, asset, output "
                "and resource reference; pass the file itself (pulumi.FileAsset) instead"
            )


def _dump(value: Any) -> Value:
    match value:
        case None:
            return Value(null_value=NULL_VALUE)
        case Unknown():
            return Value(string_value=_UNKNOWN_TEXT)
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case Secret():
            return _dump({_SIGNATURE: _SECRET, "value": value.value})
        case Asset():
            content = {"path": value.path, "text": value.text, "hash": value.hash}
            return _dump({_SIGNATURE: _ASSET} | {k: v for k, v in content.items() if v})
        case Mapping():
            fields = {str(key): _dump(item) for key, item in value.items()}
            return Value(struct_value=Struct(fields=fields))
        case Sequence() | Iterable():
            return Value(list_value=ListValue(values=[_dump(item) for item in value]))
        case _:
            raise TypeError(f"{type(value).__name__} has no form in the engine's protocol")
