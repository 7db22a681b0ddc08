"""Collects what nothing needs in the model bucket: files of retired versions, what pushes that
never ended left behind, and golden requests of versions that are gone.

Everything goes behind delete markers: the bucket keeps what was there for a while.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from automation.day2 import model_files
from automation.day2.collected import Collected, Rules, gone
from automation.day2.garbage import ModelVersion, StoredFile, golden_files, version_files
from automation.errors import Failure
from automation.models.registry import Registry
from automation.models.stack import Progress, Stack
from contracts.registry import VersionState


@dataclass(kw_only=True)
class StoredModels:
    """One run over the model bucket of a stack."""

    stack: Stack
    rules: Rules
    result: Collected
    progress: Progress

    def __post_init__(self) -> None:
        self._s3 = self.stack.clients("s3")
        self._bucket = self.stack["model_bucket"]
        self._registry = Registry.of(self.stack)

    def collect(self) -> None:
        made = self._table_made()
        self.progress("files of models")
        for version, files in version_files(self._stored("models/")).items():
            if self._is_retired(version):
                self._retired(version, files)
            elif self._is_free(version, files, made):
                self._left_over(version, files)
        self.progress("golden requests")
        for version, file in golden_files(self._stored("golden/")).items():
            free = self._is_retired(version) or self._is_free(version, [file], made)
            if free and file.stored_at <= self.rules.before:
                self._delete("golden", file, partial(self._is_unused, version))

    def _retired(self, version: ModelVersion, files: Collection[StoredFile]) -> None:
        self.progress(f"files of {version}")
        for file in files:
            self._delete("model file", file, partial(self._require_retired, version))

    def _left_over(self, version: ModelVersion, files: Collection[StoredFile]) -> None:
        """A push that goes on meanwhile uploads what is missing after it registered the version; a
        version that was registered before that is made whole here."""
        self.progress(f"what a push of {version} left")
        for file in files:
            self._delete("leftover", file, partial(self._is_unused, version))
        if not self.result.dry_run and self._registry.version(*version.key) is not None:
            model_files.restore(self.stack, *version.key, self.progress)
            self.result.take_back(file.key for file in files)

    def _is_free(
        self, version: ModelVersion, files: Collection[StoredFile], table_made: datetime
    ) -> bool:
        """Whether nothing knows the version, nothing of it is young, and the registry can tell."""
        if any(file.stored_at > self.rules.before for file in files) or self._is_used(version):
            return False
        if all(file.stored_at > table_made for file in files):
            return True
        self.result.unknown += [file.key for file in files]
        return False

    def _is_used(self, version: ModelVersion) -> bool:
        """Whether the registry knows the version: as one, or by a route that there is or was."""
        if self._registry.version(*version.key) is not None:
            return True
        named = self._routed(version.model)
        for change in self._registry.history(version.model):
            named |= set(change.route.versions)
        return version.number in named

    def _routed(self, model: str) -> set[int]:
        route = self._registry.route(model)
        return set() if route is None else set(route.versions)

    def _is_retired(self, version: ModelVersion) -> bool:
        record = self._registry.version(*version.key)
        if record is None or record.state is not VersionState.RETIRED:
            return False
        old = datetime.fromisoformat(record.created_at) <= self.rules.before
        return old and version.number not in self._routed(version.model)

    def _require_retired(self, version: ModelVersion) -> bool:
        if not self._is_retired(version):
            raise Failure(
                f"{version} was retired, and is not any more: something else writes to the "
                "registry",
                "Find out what; then run the same command again.",
            )
        return True

    def _is_unused(self, version: ModelVersion) -> bool:
        return self._is_retired(version) or not self._is_used(version)

    def _delete(self, kind: str, file: StoredFile, may: Callable[[], bool]) -> None:
        if self.result.dry_run or (may() and self._gone(file)):
            self.result.note(kind, file.key, file.size_bytes)
        else:
            self.result.spared.append(file.key)

    def _gone(self, file: StoredFile) -> bool:
        return gone(
            lambda: self._s3.delete_object(Bucket=self._bucket, Key=file.key, IfMatch=file.etag)
        )

    def _stored(self, prefix: str) -> Iterator[StoredFile]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for one in (one for page in pages for one in page.get("Contents", ())):
            yield StoredFile(
                key=one["Key"],
                etag=one["ETag"],
                size_bytes=one["Size"],
                stored_at=one["LastModified"],
            )

    def _table_made(self) -> datetime:
        found: Any = self._registry.db.describe_table(TableName=self._registry.table)
        return found["Table"]["CreationDateTime"]
