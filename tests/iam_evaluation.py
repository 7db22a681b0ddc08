"""Decides on a request by policy documents, as IAM's evaluation logic says (user guide, 2026-11).

Only the operators that our documents use; any other is a fault of the test. A key that the request
lacks fails a condition, holds a negated one, and is what `Null` asks for.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from components.documents import Document, Statement

OPERATORS = {
    "StringEquals": (False, str.__eq__),
    "StringNotEquals": (True, str.__eq__),
    "StringEqualsIfExists": (False, str.__eq__),
    "StringLike": (False, fnmatchcase),
    "ArnEquals": (False, fnmatchcase),
    "ArnLike": (False, fnmatchcase),
    "ArnNotEquals": (True, fnmatchcase),
    "Bool": (False, str.__eq__),
}
"""Operator -> whether it is negated, and what it compares by."""


def allowed(
    action: str,
    resource: str,
    policies: Iterable[Document],
    *,
    boundary: Document | None = None,
    context: Mapping[str, str] | None = None,
) -> bool:
    """For a principal of the account: granted by a policy and by the boundary, denied by none."""
    granting, limits = list(policies), [] if boundary is None else [boundary]

    def says(effect: str, document: Document) -> bool:
        return any(
            statement["Effect"] == effect and applies(statement, action, resource, context or {})
            for statement in document["Statement"]
        )

    if any(says("Deny", document) for document in (*granting, *limits)):
        return False
    return any(says("Allow", document) for document in granting) and all(
        says("Allow", document) for document in limits
    )


def applies(statement: Statement, action: str, resource: str, context: Mapping[str, str]) -> bool:
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    return (
        any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement.get("Resource", "*")))
        and all(
            holds(operator, context.get(key), listed(wanted))
            for operator, keys in conditions.items()
            for key, wanted in keys.items()
        )
    )


def holds(operator: str, found: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    negated, same = OPERATORS[operator]
    if found is None:
        return negated or operator.endswith("IfExists")
    matched = any(same(found, each) for each in wanted)
    return matched is not negated


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
