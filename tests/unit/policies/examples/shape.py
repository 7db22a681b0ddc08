"""What an example is: a compliant resource, and for each way to fail one changed field with its
message. Values that could be secret carry MARKER, which must never be printed.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.tokens import Token

MARKER = "MARKER-123"
ABSENT = object()
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/0000"
ACCOUNT_ROOT = "arn:aws:iam::111122223333:root"
TAGS = {"owner": MARKER, "environment": "prod", "cost-centre": MARKER, "data-class": "models"}
Path = tuple[str | int, ...]
Props = dict[str, Any]


@dataclass(frozen=True)
class Broken:
    path: Path
    """The one changed field; inside `policy` and its like, a path into the document."""
    value: Any
    says: str


@dataclass(frozen=True)
class Example:
    rule: str
    on: Token
    props: Props
    broken: tuple[Broken, ...]
    fine: tuple[tuple[Path, Any], ...] = ()
    """Changes that leave the resource compliant: the other side of a boundary."""
    exempt: tuple[tuple[Path, Any], ...] = ()
    """Changes after which the rule does not apply."""
    name: str = "subject"
    documents: frozenset[str] = frozenset()
    """Properties that the provider takes as JSON text."""

    def with_change(self, path: Path, value: Any) -> Props:
        return self.as_sent(changed(self.props, path, value))

    def as_sent(self, props: Mapping[str, Any]) -> Props:
        """As the provider takes them: documents as text, where the change left a document."""
        return {
            key: json.dumps(value) if key in self.documents and isinstance(value, dict) else value
            for key, value in props.items()
        }

    def holds(self, path: Path) -> bool:
        """Whether the compliant resource has a value there."""
        found: Any = self.props
        for key in path:
            if isinstance(found, dict) and key not in found:
                return False
            found = found[key]
        return True


def changed(props: Props, path: Path, value: Any) -> Props:
    result = copy.deepcopy(props)
    target: Any = result
    for key in path[:-1]:
        target = target[key]
    if value is ABSENT:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return result


def document(*statements: Props) -> Props:
    return {"Version": "2012-10-17", "Statement": list(statements)}


POLICY = frozenset({"policy"})
AT = ("policy", "Statement", 0)
IN = "policy.Statement[0]"
