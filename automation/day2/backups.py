"""Backups of the registry table: DynamoDB's own, and the tables that they are restored into."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from automation.errors import Failure
from automation.models.stack import Progress, Stack
from contracts.registry import Item

LATEST = "latest"
MISSING = frozenset({"ResourceNotFoundException", "TableNotFoundException"})
POLL_SECONDS = 2.0
LIMIT_SECONDS = 7200
"""AWS promises no time for a restore, and says that most of small tables end within an hour."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that DynamoDB keeps, encrypted with the table's key, until somebody deletes it."""

    arn: str
    name: str
    table: str
    made_at: str
    """ISO 8601."""


def prefix_of(stack: Stack) -> str:
    return f"warmline-{stack['stack']}-registry-"


def create(stack: Stack, progress: Progress) -> Backup:
    """Back the registry table up, whole and at one moment; it outlives the table."""
    db, table = stack.clients("dynamodb"), stack["registry_table"]
    name = prefix_of(stack) + datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    arn = db.create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]

    def available() -> bool:
        details = db.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
        return details["BackupStatus"] == "AVAILABLE"

    _wait(available, f"backup {name}", progress)
    return next(one for one in known(stack) if one.arn == arn)


def known(stack: Stack) -> list[Backup]:
    """The backups that `create` made of this stack's registry, oldest first."""
    ours = re.compile(rf"{re.escape(prefix_of(stack))}\d{{8}}T\d{{6}}\.\d{{6}}Z")
    found = [
        Backup(
            arn=one["BackupArn"],
            name=one["BackupName"],
            table=one["TableName"],
            made_at=one["BackupCreationDateTime"].astimezone(UTC).isoformat(),
        )
        for one in _summaries(stack.clients("dynamodb"))
        if ours.fullmatch(one["BackupName"]) and one["BackupStatus"] == "AVAILABLE"
    ]
    return sorted(found, key=lambda one: (one.made_at, one.name))


def _summaries(db: Any) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"BackupType": "ALL"}
    while True:
        page = db.list_backups(**request)
        yield from page["BackupSummaries"]
        if not page.get("LastEvaluatedBackupArn"):
            return
        request["ExclusiveStartBackupArn"] = page["LastEvaluatedBackupArn"]


def chosen(stack: Stack, wanted: str, progress: Progress) -> str:
    """The ARN of a backup; `latest` is the newest that `create` made of this stack's registry.

    Anybody who may make backups picks their names: of which table it is and when it was made, which
    DynamoDB says, is told.
    """
    if wanted != LATEST:
        return wanted
    found = known(stack)
    if not found:
        raise Failure(
            f"no backup is called {prefix_of(stack)}...: `warmline backup registry` made none of "
            f"stack {stack['stack']}",
            "Name a backup by its ARN. When a table with point-in-time recovery is deleted, "
            "DynamoDB makes one and keeps it 35 days: "
            "aws dynamodb list-backups --backup-type SYSTEM",
        )
    newest = found[-1]
    progress(f"taking {newest.name}, made of table {newest.table} at {newest.made_at}")
    return newest.arn


def restored_table(
    stack: Stack, *, backup: str | None, moment: datetime | None, progress: Progress
) -> str:
    """The name of a table with the items of a backup, or of the registry at a moment.

    It stands beside the registry table, so nothing is lost when this is wrong. Run again, it takes
    the table that an interrupted run began. Exactly one of `backup` and `moment` is given.
    """
    db, live = stack.clients("dynamodb"), stack["registry_table"]
    source = backup if moment is None else moment.astimezone(UTC).isoformat()
    digest = hashlib.sha256(f"{live}|{source}".encode()).hexdigest()[:12]
    name = f"{live}-restore-{digest}"
    _wait(lambda: _status(db, name) != "DELETING", f"the end of an earlier {name}", progress)
    if _status(db, name) is None:
        progress(f"restoring into {name}")
        key = _key_of(db, live)
        if moment is None:
            db.restore_table_from_backup(
                TargetTableName=name, BackupArn=source, SSESpecificationOverride=key
            )
        else:
            db.restore_table_to_point_in_time(
                SourceTableName=live,
                TargetTableName=name,
                RestoreDateTime=moment,
                SSESpecificationOverride=key,
            )

    _wait(lambda: _status(db, name) == "ACTIVE", f"table {name}", progress)
    # A restored table has no tags, and what has no owner stays for ever.
    tags = _tags(db, live)
    if tags:
        db.tag_resource(ResourceArn=_described(db, name)["TableArn"], Tags=tags)
    return name


def drop(stack: Stack, table: str) -> None:
    """Delete a table that `restored_table` made."""
    stack.clients("dynamodb").delete_table(TableName=table)


def items(stack: Stack, table: str) -> Iterator[Item]:
    """Every item of a table, read with strong consistency."""
    db = stack.clients("dynamodb")
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        page = db.scan(**request)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _described(db: Any, table: str) -> dict[str, Any]:
    return db.describe_table(TableName=table)["Table"]


def _status(db: Any, table: str) -> str | None:
    """None = there is no such table."""
    try:
        return _described(db, table)["TableStatus"]
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise


def _key_of(db: Any, table: str) -> dict[str, Any]:
    """The encryption of the table, for one that is made beside it."""
    described = _described(db, table).get("SSEDescription", {})
    return {
        "Enabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": described["KMSMasterKeyArn"],
    }


def _tags(db: Any, table: str) -> list[dict[str, str]]:
    arn = _described(db, table)["TableArn"]
    return db.list_tags_of_resource(ResourceArn=arn).get("Tags", [])


def _wait(ready: Callable[[], bool], what: str, progress: Progress) -> None:
    """Raises `Failure` after `LIMIT_SECONDS`; the same command then goes on waiting."""
    start = time.monotonic()
    while not ready():
        waited = time.monotonic() - start
        if waited > LIMIT_SECONDS:
            raise Failure(
                f"{what} is not ready after {LIMIT_SECONDS} seconds",
                "Run the same command again: it goes on from here.",
            )
        progress(f"waiting for {what}")
        time.sleep(POLL_SECONDS)
