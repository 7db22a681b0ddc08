"""Between the provider's property names and the API's, by botocore's model of each operation.

The model knows every member's name and type: `s3Bucket` becomes `S3Bucket`, a number becomes an
integer where the API wants one, a single block becomes a list where the API has a list. A type
states only the names that differ by more than their case.
"""

from collections.abc import Mapping
from typing import Any

from emulation.aws.calls import Aws


def request(
    aws: Aws,
    service: str,
    operation: str,
    properties: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The parameters of an operation made from properties; those it does not have are left out."""
    shape = aws.client(service).meta.service_model.operation_model(operation).input_shape
    members = {member.lower(): member for member in shape.members}
    parameters: dict[str, Any] = {}
    for name, value in properties.items():
        member = members.get((names or {}).get(name, name).lower())
        if member and value is not None:
            parameters[member] = to_api(shape.members[member], value)
    return parameters


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


def seen(value: Any) -> Any:
    """What an answer holds, with property names; keys of free maps must not pass through here."""
    if isinstance(value, Mapping):
        return {camel(key): seen(item) for key, item in value.items()}
    if isinstance(value, list):
        return [seen(item) for item in value]
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def camel(name: str) -> str:
    """`MemorySize` as `memorySize`, `ARN` as `arn`, `KMSKeyArn` as `kmsKeyArn`."""
    if name.isupper():
        return name.lower()
    capitals = len(name) - len(name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    head = max(1, capitals - 1) if capitals > 1 else 1
    return name[:head].lower() + name[head:]


def tag_list(tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value") -> list[Any]:
    """Tags as the list of pairs that many APIs take."""
    return [{key: name, value: text} for name, text in sorted((tags or {}).items())]


def tag_map(pairs: list[dict[str, str]] | None, key: str = "Key", value: str = "Value") -> Any:
    """A list of pairs as tags."""
    return {pair[key]: pair[value] for pair in pairs or []}


def tag_changes(
    old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys to remove."""
    was, will = old or {}, new or {}
    put = {key: value for key, value in will.items() if was.get(key) != value}
    return put, sorted(was.keys() - will.keys())
