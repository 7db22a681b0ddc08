"""Between the provider's properties and an operation's parameters, by botocore's model of it.

A type maps its properties to members in a table. Inside blocks the names differ only in case, and
the model knows them, as it knows where the API wants a whole number, a text or a list.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emulation.aws.calls import Aws
from emulation.wire import Properties


def request(
    aws: Aws, service: str, operation: str, names: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters of an operation: `names` maps each property to its member in the call."""
    shape = aws.client(service).meta.service_model.operation_model(operation).input_shape
    return {
        member: to_api(shape.members[member], given[name])
        for name, member in names.items()
        if given.get(name) is not None and member in shape.members
    }


def to_api(shape: Any, value: Any) -> Any:
    """A property value as the API's shape wants it."""
    match shape.type_name:
        case "structure":
            members = {member.lower(): member for member in shape.members}
            return {
                members.get(key.lower(), key): to_api(shape.members[members[key.lower()]], item)
                if key.lower() in members
                else item
                for key, item in value.items()
                if item is not None
            }
        case "list":
            items = value if isinstance(value, list) else [value]
            return [to_api(shape.member, item) for item in items]
        case "map":
            return {key: to_api(shape.value, item) for key, item in value.items()}
        case "integer" | "long":
            return int(value)
        case "double" | "float":
            return float(value)
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() == "true"
        case "string":
            return str(value)
        case _:
            return value


def as_text(value: object) -> str:
    """A value where an API takes texts only."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def seen(answer: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What an answer holds, as properties: `names` maps each one to its member in the answer."""
    return {
        name: blocks(answer[member])
        for name, member in names.items()
        if answer.get(member) not in (None, "")
    }


def blocks(value: Any) -> Any:
    """A value with property names inside; free maps (tags, variables) must not pass here."""
    if isinstance(value, Mapping):
        return {camel(key): blocks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [blocks(item) for item in value]
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def camel(name: str) -> str:
    """`MemorySize` as `memorySize`, `ID` as `id`, `KMSMasterKeyID` as `kmsMasterKeyId`."""
    if name.isupper():
        return name.lower()
    capitals = len(name) - len(name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    head = max(1, capitals - 1)
    name = name[:head].lower() + name[head:]
    return name.removesuffix("ID") + "Id" if name.endswith("ID") else name


def tag_list(tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value") -> list[Any]:
    """Tags as the list of pairs that many APIs take."""
    return [{key: name, value: text} for name, text in sorted((tags or {}).items())]


def tag_map(pairs: list[dict[str, str]] | None, key: str = "Key", value: str = "Value") -> Any:
    """A list of pairs as tags."""
    return {pair[key]: pair[value] for pair in pairs or []}


def retag(
    aws: Aws,
    service: str,
    old: Properties,
    new: Properties,
    *,
    kind: str = "Resource",
    form: Callable[[dict[str, str]], Any] = dict,
    members: tuple[str, str] = ("Tags", "TagKeys"),
    **where: str,
) -> None:
    """Sets and removes what differs between the tags of old and new inputs.

    `where` is the parameter that names the resource; `kind`, `form` and `members` are how the
    service's operations Tag<kind> and Untag<kind> are called.
    """
    was, will = old.get("tags") or {}, new.get("tags") or {}
    tags, keys = members
    if removed := sorted(was.keys() - will.keys()):
        aws.call(service, f"Untag{kind}", **where, **{keys: removed})
    if put := {key: value for key, value in will.items() if was.get(key) != value}:
        aws.call(service, f"Tag{kind}", **where, **{tags: form(put)})
