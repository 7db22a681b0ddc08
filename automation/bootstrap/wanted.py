"""What a bootstrap is to make, for whom, and what its steps share."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from automation.bootstrap.step import Step, holds, nothing_against, same_document
from automation.clients import Clients
from components.documents import Document
from components.documents.footing import Footing
from components.tags import Tags

NOT_MADE = "(not made yet)"
"""Stands for a key's ARN where bootstrap only looks."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """What is to be there, for whom."""

    footing: Footing
    repository: str
    branch: str
    environment: str | None
    tags: Tags
    clients: Clients
    shared_account: bool = False
    """Whether the account may hold another stack's pipeline."""
    rest_api: bool = False
    """Whether the stack has a REST API in front."""
    key_arns: dict[str, str] = field(default_factory=dict)
    """Alias -> ARN, as soon as it is known."""

    def arn(self, alias: str) -> str:
        return self.key_arns.get(alias, NOT_MADE)

    def state(self, build: Callable[..., Document]) -> Document:
        """A document that names both keys."""
        return build(
            self.footing,
            state_key_arn=self.arn(self.footing.state_alias),
            secrets_key_arn=self.arn(self.footing.secrets_alias),
        )

    def tags_of(self, name: str) -> dict[str, str]:
        return self.tags.named(name)

    @property
    def mark(self) -> dict[str, str]:
        """The tags by which a thing is this stack's."""
        return {"project": self.tags.project, "stack": self.tags.stack}

    def foreign(self, what: str, theirs: Mapping[str, str]) -> str:
        """Why a thing of that name is not taken: it does not carry the stack's tags."""
        if holds(self.mark, theirs):
            return ""
        said = " and ".join(f"{name}={value}" for name, value in self.mark.items())
        return (
            f"{what} exists and is not this bootstrap's: it lacks the tags {said}. Rename or "
            "remove it, or give it those tags if it is to be taken over"
        )


def document_step(
    what: str,
    read: Callable[[], Any],
    wanted: Callable[[], Document],
    write: Callable[[str], Any],
    against: Callable[[Any], str] = nothing_against,
) -> Step:
    """A policy document: ours word for word, or written anew."""

    def as_wanted() -> Any:
        found = read()
        return {"same": same_document(wanted(), found)} if found else None

    return Step(
        what=what,
        read=as_wanted,
        wanted=lambda: {"same": True},
        write=lambda: write(json.dumps(wanted(), separators=(",", ":"))),
        against=against,
    )


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def mapping(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}
