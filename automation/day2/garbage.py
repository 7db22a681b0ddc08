"""What nothing needs any more: pure, over what was read of functions, archives and models."""

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.manifest import MODEL_NAME

ARCHIVE = re.compile(r"(?:unsigned/)?[a-z0-9_-]+/([0-9a-f]{64})\.zip|signed/[A-Za-z0-9-]+\.zip")
"""Keys of function archives; anything else in the bucket is somebody else's."""
_VERSION = rf"({MODEL_NAME.pattern})/([1-9][0-9]{{0,9}})"
VERSION_FILE = re.compile(rf"models/{_VERSION}/.+")
GOLDEN = re.compile(rf"golden/{_VERSION}\.json")
LEAST_KEPT = 2
"""The live version, and the one before it, which a rollback needs."""


@dataclass(frozen=True, kw_only=True)
class CodeVersion:
    """A published version of a function."""

    number: str
    size_bytes: int
    published_at: datetime
    code_sha256: str
    """Base64, as Lambda tells it; of a signed archive, its digest after signing."""
    signing_job: str = ""
    """Id of the job that signed it; empty = not signed."""


@dataclass(frozen=True, kw_only=True)
class StoredVersion:
    """A version of an object, or a delete marker, which has no bytes."""

    id: str
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """An object of the model bucket, as it is now."""

    key: str
    etag: str
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True)
class ModelVersion:
    """A version of a model, whether the registry knows it or not."""

    model: str
    number: int

    @property
    def key(self) -> tuple[str, int]:
        return self.model, self.number

    def __str__(self) -> str:
        return f"{self.model} version {self.number}"


def version_files(files: Iterable[StoredFile]) -> dict[ModelVersion, list[StoredFile]]:
    """Files below the prefix of a version; anything else there is somebody else's."""
    found: dict[ModelVersion, list[StoredFile]] = {}
    for file in files:
        if match := VERSION_FILE.fullmatch(file.key):
            found.setdefault(ModelVersion(match[1], int(match[2])), []).append(file)
    return found


def golden_files(files: Iterable[StoredFile]) -> dict[ModelVersion, StoredFile]:
    """Recorded golden requests, by the version that they are of."""
    matches = ((GOLDEN.fullmatch(file.key), file) for file in files)
    return {ModelVersion(match[1], int(match[2])): file for match, file in matches if match}


def protected_versions(
    versions: Iterable[CodeVersion],
    *,
    aliased: Collection[str],
    warm: Collection[str],
    released: Collection[str],
    keep: int,
    before: datetime,
) -> dict[str, str]:
    """Version -> why it stays.

    `aliased` are those that an alias names or gives weight to, `warm` those with provisioned
    concurrency, `released` those of the record of releases. Without an alias everything stays.
    """
    ordered = sorted(versions, key=lambda one: int(one.number), reverse=True)
    numbers = [one.number for one in ordered]
    reasons: dict[str, str] = {}
    oldest = min(map(int, aliased), default=0)
    for place, one in enumerate(ordered):
        if one.published_at > before:
            reasons[one.number] = "it is too young"
        if place < max(keep, LEAST_KEPT):
            reasons[one.number] = "it is among the newest"
        if int(one.number) > oldest:
            reasons[one.number] = "it is newer than what an alias names, and may yet be released"
    for alias in aliased:
        before_it = next((n for n in numbers if int(n) < int(alias)), None)
        if before_it is not None:
            reasons[before_it] = "a rollback goes to it"
    if not aliased:
        reasons |= dict.fromkeys(numbers, "the function has no alias")
    reasons |= dict.fromkeys(released, "a release names it")
    reasons |= dict.fromkeys(warm, "it has provisioned concurrency")
    reasons |= dict.fromkeys(aliased, "an alias names it")
    return reasons


def old_versions(versions: Iterable[CodeVersion], protected: Collection[str]) -> list[CodeVersion]:
    """Those that may go, oldest first."""
    free = [one for one in versions if one.number not in protected]
    return sorted(free, key=lambda one: int(one.number))


def archives_of(versions: Iterable[CodeVersion], sources: Mapping[str, str]) -> Iterator[str]:
    """What the archive of a version is known by: its key's digest, or the whole key.

    `sources` is signing job -> key of the unsigned archive.
    """
    for one in versions:
        yield base64.b64decode(one.code_sha256).hex()
        if one.signing_job:
            yield f"signed/{one.signing_job}.zip"
            if one.signing_job in sources:
                yield sources[one.signing_job]


def old_archives(
    stored: Mapping[str, Collection[StoredVersion]], used: Collection[str], before: datetime
) -> dict[str, list[StoredVersion]]:
    """Key -> every version of an archive that nothing uses and that is old enough throughout.

    `used` holds keys and digests.
    """
    found: dict[str, list[StoredVersion]] = {}
    for key, versions in sorted(stored.items()):
        match = ARCHIVE.fullmatch(key)
        if match is None or key in used or match[1] in used:
            continue
        if versions and all(one.stored_at <= before for one in versions):
            found[key] = sorted(versions, key=lambda one: one.stored_at)
    return found


def keys_in_state(resources: Iterable[Mapping[str, Any]], bucket: str) -> Iterator[str]:
    """Keys of archives that the state knows: what it uploaded, and what its jobs signed."""
    for each in resources:
        outputs = each.get("outputs") or {}
        match each["type"]:
            case "aws:s3/bucketObjectv2:BucketObjectv2" if outputs.get("bucket") == bucket:
                yield outputs["key"]
            case "aws:lambda/function:Function" if outputs.get("s3Key"):
                yield outputs["s3Key"]
            case "aws:signer/signingJob:SigningJob":
                for signed in outputs.get("signedObjects") or ():
                    yield from (one["key"] for one in signed.get("s3s") or ())
            case _:
                pass
