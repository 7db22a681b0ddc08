"""`warmline restore registry`: items of a backup back into the table that the stack has now.

The table itself is the program's: when it is gone, `warmline up` makes it anew, under a new name
that its state, the functions and their roles then know. So a restore never brings a table into the
state, and none that DynamoDB restored, without tags and recovery, ever serves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from automation.day2 import backups, model_files
from automation.day2.registry_items import Plan, Write, plan
from automation.errors import Failure
from automation.models.registry import IS_NEW, Registry
from automation.models.stack import Progress, Stack
from automation.models.store import ModelStore
from contracts.registry import VersionState

CHANGED_MEANWHILE = "ConditionalCheckFailedException"


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore of the registry did, or would do."""

    table: str
    source: str
    """ARN of a backup, or a moment."""
    written: int
    same: int
    left: int
    kept: list[str]
    dry_run: bool
    damaged_versions: list[str] = field(default_factory=list)
    """`MODEL VERSION` of each that is READY while files of it are not what its manifest says."""


def restore(
    stack: Stack,
    *,
    backup: str | None,
    moment: datetime | None,
    overwrite: bool,
    dry_run: bool,
    progress: Progress,
) -> Restored:
    """Exactly one of `backup` (an ARN, or `latest`) and `moment` (with a time zone) is given.

    Raises `Failure` when someone changes an item meanwhile. The table that the backup was restored
    into is deleted at the end, and taken again by the next run after a failure.
    """
    registry = Registry.of(stack)
    registry.require_home_region()
    arn = None if backup is None else backups.chosen(stack, backup, progress)
    beside = backups.restored_table(stack, backup=arn, moment=moment, progress=progress)
    progress("comparing items")
    wanted = plan(
        backups.items(stack, beside), backups.items(stack, registry.table), overwrite=overwrite
    )
    if not dry_run:
        _write(registry, wanted, progress)
    backups.drop(stack, beside)
    return _summary(stack, registry, wanted, arn or str(moment), dry_run=dry_run)


def _write(registry: Registry, wanted: Plan, progress: Progress) -> None:
    for number, write in enumerate(wanted.writes, start=1):
        progress(f"item {number} of {len(wanted.writes)}")
        try:
            registry.db.put_item(TableName=registry.table, Item=write.item, **_still(write))
        except ClientError as error:
            if error.response["Error"]["Code"] != CHANGED_MEANWHILE:
                raise
            key = " ".join(str(value["S"]) for value in list(write.item.values())[:2])
            raise Failure(
                f"someone changed an item of the registry meanwhile ({key}); {number - 1} of "
                f"{len(wanted.writes)} items are written",
                "Run the same command again: it compares anew and goes on from here.",
            ) from error


def _still(write: Write) -> dict[str, Any]:
    """The condition that the item is as it was when the plan was made."""
    if write.before is None:
        return {"ConditionExpression": IS_NEW}
    names = {f"#a{n}": name for n, name in enumerate(sorted(write.before))}
    return {
        "ConditionExpression": " AND ".join(f"{alias} = :v{alias[2:]}" for alias in names),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {
            f":v{alias[2:]}": write.before[name] for alias, name in names.items()
        },
    }


def _summary(
    stack: Stack, registry: Registry, wanted: Plan, source: str, *, dry_run: bool
) -> Restored:
    return Restored(
        table=registry.table,
        source=source,
        written=len(wanted.writes),
        same=wanted.same,
        left=wanted.left,
        kept=wanted.kept,
        dry_run=dry_run,
        damaged_versions=list(_damaged(stack, registry)),
    )


def _damaged(stack: Stack, registry: Registry) -> Iterator[str]:
    store = ModelStore(s3=stack.clients("s3"), bucket=stack["model_bucket"])
    for model in registry.models():
        for record in registry.versions(model.model):
            if record.state is VersionState.READY and model_files.damaged(store, record):
                yield f"{record.model} {record.version}"
