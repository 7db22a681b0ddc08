"""Reads and writes a function's release record, and keeps two releases of it apart."""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from automation.errors import Failure
from automation.models import transaction
from automation.models.registry import IS_NEW, Registry
from contracts import release as contract
from contracts.release import ReleaseRecord


class Changed(Exception):
    """The record is not what it was when it was read: nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """The record of one function, for one process that may be at work on it."""

    registry: Registry
    function: str
    now: Callable[[], float]
    lease_seconds: float
    holder: str = field(
        default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    )

    def read(self) -> ReleaseRecord | None:
        answer: Any = self.registry.db.get_item(
            TableName=self.registry.table,
            Key=contract.release_key(self.function),
            ConsistentRead=True,
        )
        return contract.decode_release(answer["Item"]) if "Item" in answer else None

    def write(self, record: ReleaseRecord, before: ReleaseRecord | None) -> ReleaseRecord:
        """Put `record` in the place of `before`, as its next revision.

        Raises `Changed` where another process was faster, and `transaction.Unanswered` where only
        a new look can tell.
        """
        revision = before.revision if before else 0
        written = replace(record, revision=revision + 1)
        condition = "revision = :revision" if before else IS_NEW
        values = {":revision": {"N": str(revision)}} if before else None
        try:
            self.registry.write(
                self.registry.put(contract.encode_release(written), condition, values)
            )
        except transaction.Cancelled as error:
            if self.read() == written:
                return written  # an answer was lost, and the client sent the request again
            raise Changed from error
        return written

    def mine(self, record: ReleaseRecord) -> ReleaseRecord:
        """The record with this process at work for another lease."""
        return replace(record, holder=self.holder, lease_until=int(self.now() + self.lease_seconds))

    def held(self, record: ReleaseRecord) -> bool:
        """Whether this process is at work, and will be for half a lease more."""
        return self.is_ours(record) and record.lease_until - self.now() > self.lease_seconds / 2

    def is_ours(self, record: ReleaseRecord) -> bool:
        return record.holder == self.holder

    def taken(self, record: ReleaseRecord | None) -> bool:
        """Whether another process is at work."""
        return (
            record is not None
            and not record.ended
            and bool(record.holder)
            and not self.is_ours(record)
            and record.lease_until > self.now()
        )


class AtWork(Failure):
    """Another process drives the release."""

    def __init__(self, record: ReleaseRecord) -> None:
        super().__init__(
            f"another release of {record.function} is at work ({record.holder}): from version "
            f"{record.old} to {record.new}",
            "Wait for its end. To have it go back now: warmline release --back",
        )
        self.record = record
