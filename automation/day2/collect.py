"""`warmline gc`: finds what nothing needs any more, and deletes it when told to.

Each deletion asks again just before, names exact versions, and can be done twice: an interrupted
run is finished by the next one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from automation.day2 import garbage
from automation.day2.collected import GONE, Collected, Rules, gone
from automation.day2.garbage import CodeVersion, StoredVersion
from automation.day2.stored_models import StoredModels
from automation.models.registry import Registry
from automation.models.stack import Progress, Stack
from automation.release.aws import LATEST, ReleasedFunction
from automation.release.records import Records

FUNCTION, BUCKET = "aws:lambda/function:Function", "aws:s3/bucket:Bucket"
CODE = "code"
"""Data class of the bucket of archives."""


@dataclass(kw_only=True)
class Collector:
    """One run over a stack; `resources` are those of its state."""

    stack: Stack
    resources: Sequence[Mapping[str, Any]]
    rules: Rules
    dry_run: bool
    progress: Progress
    result: Collected = field(init=False)

    def __post_init__(self) -> None:
        self.result = Collected(dry_run=self.dry_run)
        self._lambda = self.stack.clients("lambda")
        self._s3 = self.stack.clients("s3")
        self._registry = Registry.of(self.stack)

    def run(self) -> Collected:
        """Code versions first: an archive is free once no version that stays runs it."""
        staying: list[CodeVersion] = []
        for name in self._names(FUNCTION, "name"):
            self.progress(f"code versions of {name}")
            staying += self._code_versions(name)
        for bucket in self._code_buckets():
            self.progress(f"archives in {bucket}")
            self._archives(bucket, staying)
        StoredModels(
            stack=self.stack, rules=self.rules, result=self.result, progress=self.progress
        ).collect()
        return self.result

    def _names(self, type_: str, output: str) -> list[str]:
        return sorted(r["outputs"][output] for r in self.resources if r["type"] == type_)

    def _code_buckets(self) -> list[str]:
        return sorted(
            r["outputs"]["bucket"]
            for r in self.resources
            if r["type"] == BUCKET and (r["outputs"].get("tags") or {}).get("data-class") == CODE
        )

    # Code versions.

    def _code_versions(self, function: str) -> list[CodeVersion]:
        """Deletes what may go; returns what stays, the unpublished code included."""
        there = {
            number: _code_version(number, about)
            for number, about in self._released(function).versions().items()
        }
        published = [one for number, one in there.items() if number != LATEST]
        numbers = [one.number for one in published]
        free = garbage.old_versions(published, self._protected(function, published, numbers))
        for one in free:
            name = f"{function} {one.number}"
            deleted = not self.dry_run and self._delete_version(function, one, published)
            if deleted or self.dry_run:
                self.result.note("code version", name, one.size_bytes)
                del there[one.number]
            else:
                self.result.spared.append(name)
        return list(there.values())

    def _delete_version(
        self, function: str, one: CodeVersion, published: list[CodeVersion]
    ) -> bool:
        if one.number in self._protected(function, published, [one.number]):
            return False
        return gone(
            lambda: self._lambda.delete_function(FunctionName=function, Qualifier=one.number)
        )

    def _protected(
        self, function: str, published: list[CodeVersion], about: list[str]
    ) -> dict[str, str]:
        """Asked anew each time, with all that can be asked about the versions `about`."""
        aliased: set[str] = set()
        for alias in self._pages("list_aliases", "Aliases", FunctionName=function):
            weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
            aliased |= {alias["FunctionVersion"], *weights} - {LATEST}
        warm = self._released(function).capacity(*about)
        return garbage.protected_versions(
            published,
            aliased=aliased,
            warm=warm,
            released=self._named_by_release(function),
            keep=self.rules.keep,
            before=self.rules.before,
        )

    def _named_by_release(self, function: str) -> set[str]:
        records = Records(
            registry=self._registry, function=function, now=lambda: 0.0, lease_seconds=0.0
        )
        record = records.read()
        named = set() if record is None else {record.old, record.new, record.previous}
        return named - {""}

    def _released(self, function: str) -> ReleasedFunction:
        return ReleasedFunction(lambda_=self._lambda, cloudwatch=None, name=function)

    def _pages(self, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
        for page in self._lambda.get_paginator(operation).paginate(**request):
            yield from page[member]

    # Archives.

    def _archives(self, bucket: str, staying: list[CodeVersion]) -> None:
        used = {
            *garbage.keys_in_state(self.resources, bucket),
            *garbage.archives_of(staying, self._sources(staying)),
        }
        free = garbage.old_archives(self._stored(bucket), used, self.rules.before)
        for key, versions in free.items():
            if self.dry_run or self._delete_archive(bucket, key, versions):
                self.result.note("archive", key, sum(one.size_bytes for one in versions))
            else:
                self.result.spared.append(key)

    def _delete_archive(self, bucket: str, key: str, versions: list[StoredVersion]) -> bool:
        now = self._stored(bucket, key).get(key, [])
        if not {one.id for one in now} <= {one.id for one in versions}:
            return False  # somebody uploaded it again
        for one in versions:
            # By its id, so that one that comes meanwhile stays.
            self._s3.delete_object(Bucket=bucket, Key=key, VersionId=one.id)
        return True

    def _sources(self, staying: list[CodeVersion]) -> dict[str, str]:
        """Signing job -> key of what it signed; a job that is forgotten has none."""
        jobs = {one.signing_job for one in staying if one.signing_job}
        found: dict[str, str] = {}
        for job in sorted(jobs):
            try:
                about = self.stack.clients("signer").describe_signing_job(jobId=job)
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:
                    raise
            else:
                found[job] = about["source"]["s3"]["key"]
        return found

    def _stored(self, bucket: str, key: str = "") -> dict[str, list[StoredVersion]]:
        found: dict[str, list[StoredVersion]] = {}
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for one in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                found.setdefault(one["Key"], []).append(
                    StoredVersion(
                        id=one["VersionId"],
                        size_bytes=one.get("Size", 0),
                        stored_at=one["LastModified"],
                    )
                )
        return found


def collect(
    stack: Stack,
    resources: Sequence[Mapping[str, Any]],
    rules: Rules,
    *,
    dry_run: bool,
    progress: Progress,
) -> Collected:
    """Raises `Failure`; what was deleted before stays deleted, and the next run goes on."""
    collector = Collector(
        stack=stack, resources=resources, rules=rules, dry_run=dry_run, progress=progress
    )
    return collector.run()


def _code_version(number: str, about: Mapping[str, Any]) -> CodeVersion:
    return CodeVersion(
        number=number,
        size_bytes=about["CodeSize"],
        published_at=datetime.fromisoformat(about["LastModified"]),
        code_sha256=about["CodeSha256"],
        signing_job=str(about.get("SigningJobArn") or "").rpartition("/")[2],
    )
