"""Reads IAM policy documents: those of roles, keys, buckets, queues and topics."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from policies.props import Props

ANYONE = "*"
# Global condition keys by which a wildcard principal means somebody in particular.
_NAMING_A_CALLER = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
}
# Operators that fail for a request without the key. `ForAllValues:` holds then, and `Null` asks
# only whether there is one.
_NAMING_OPERATORS = {
    "ArnEquals",
    "ArnLike",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
}
# Resource part of an ARN that names a type but no resource: `table/*`, `function:*`.
_EVERY_OF_A_TYPE = re.compile(r"[a-z-]+[/:]\*")
_WILDCARDS = re.compile(r"[*?]+")
# Their resource parts start with a name: of a bucket, of an API.
_NAMED_FIRST = {"s3", "execute-api"}


@dataclass(frozen=True)
class Statement:
    """One statement; a document that lists none has none."""

    props: Props

    def path(self, key: str) -> str:
        return self.props.path(key)

    @property
    def allows(self) -> bool:
        return self.props.text("Effect") == "Allow"

    @property
    def actions(self) -> list[str]:
        return self.props.texts("Action")

    @property
    def resources(self) -> list[str]:
        return self.props.texts("Resource")

    def names_action(self, wanted: str) -> bool:
        """Whether an action is among those of the statement, as it stands or by a wildcard."""
        return any(fnmatchcase(wanted.lower(), action.lower()) for action in self.actions)

    @property
    def conditioned(self) -> bool:
        return bool(self.props.child("Condition").names)

    @property
    def names_caller_by_condition(self) -> bool:
        """Whether a condition that must hold names an account, a principal or a source."""
        conditions = self.props.child("Condition")
        return any(
            key.lower() in _NAMING_A_CALLER and not any(map(_names_strangers, tests.texts(key)))
            for operator in conditions.names
            if operator.removeprefix("ForAnyValue:") in _NAMING_OPERATORS
            for tests in [conditions.child(operator)]
            for key in tests.names
        )

    def uses(self, key: str) -> bool:
        return key in self.props.names

    @property
    def principals(self) -> list[tuple[str, str]]:
        """(kind, name) pairs: `("Service", "lambda.amazonaws.com")`; a bare `*` is AWS's."""
        if self.props.is_text("Principal"):
            return [("AWS", self.props.text("Principal"))]
        who = self.props.child("Principal")
        return [(kind, name) for kind in who.names for name in who.texts(kind)]

    @property
    def open_to_anyone(self) -> bool:
        return self.uses("NotPrincipal") or any(name == ANYONE for _, name in self.principals)

    @property
    def denies_plain_transport(self) -> bool:
        """Denies anyone whose request is not TLS, and nothing narrows it."""
        conditions = self.props.child("Condition")
        tests = conditions.child("Bool")
        return (
            self.props.text("Effect") == "Deny"
            and ("AWS", ANYONE) in self.principals
            and conditions.names == ("Bool",)
            and [name.lower() for name in tests.names] == ["aws:securetransport"]
            and tests.texts(tests.names[0]) == ["false"]
        )


def statements(document: Props) -> Iterator[Statement]:
    """The statements of a document; one statement may stand without a list."""
    for each in document.children("Statement"):
        yield Statement(each)


def names_everything(resource: str) -> bool:
    """Whether an ARN pattern takes in resources that nobody named: `*`, `arn:aws:s3:::*`,
    `arn:aws:dynamodb:eu-west-1:1234:table/*`. A prefix inside one bucket or log group is named.
    """
    parts = _WILDCARDS.sub("*", resource).split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        return "*" in "".join(parts)
    service, tail = parts[2], parts[5]
    if any("*" in part for part in parts[:5]) or tail.startswith("*"):
        return True
    return service not in _NAMED_FIRST and _EVERY_OF_A_TYPE.fullmatch(tail) is not None


def _names_strangers(caller: str) -> bool:
    """Whether a pattern of an account or an ARN takes in callers of accounts that nobody named."""
    parts = _WILDCARDS.sub("*", caller).split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004 - as above; what is no ARN is an account or an id
        return "*" in "".join(parts)
    account, name = parts[4], parts[5]
    # S3's ARNs have no account: there the bucket's name stands for it.
    return "*" in "".join(parts[:5]) or (not account and name.startswith("*"))
