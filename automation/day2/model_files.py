"""`warmline restore model`: brings the files of a version back from the bucket's older versions.

The registry says which bytes a file must have, so a copy is right or it is not: no date is asked.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from automation.errors import Failure
from automation.models import signing
from automation.models.registry import Registry
from automation.models.signing import Signer
from automation.models.stack import Progress, Stack
from automation.models.store import ModelStore
from contracts.manifest import Manifest, ModelFile, object_key
from contracts.registry import VersionRecord
from model_images.files import MANIFEST_NAME, SIGNATURE_PREFIX, SIGNATURE_SUFFIX


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """A file of a model version that is gone, or has other bytes than the manifest says."""

    key: str
    sha256: str
    size_bytes: int
    problem: str
    """`gone` or `other bytes`."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What became of a version's files."""

    model: str
    version: int
    looked_at: int
    brought_back: list[str]
    """Object keys, now with the bytes that the manifest names."""


def damaged(store: ModelStore, record: VersionRecord) -> list[Damaged]:
    """The files of a version that are not what its manifest says. Reads digests, not files."""
    found: list[Damaged] = []
    for key, file in _files(record):
        stored = store.found(key)
        if stored != (file.size_bytes, file.sha256):
            problem = "gone" if stored is None else "other bytes"
            found.append(
                Damaged(key=key, sha256=file.sha256, size_bytes=file.size_bytes, problem=problem)
            )
    return found


def restore(stack: Stack, model: str, version: int, progress: Progress) -> Restored:
    """Make every file of a version what its manifest says; run again, it finds nothing to do.

    Raises `Failure` when the manifest in the registry is not signed by the stack's key, or when no
    version of an object has the right bytes; what was brought back before stays.
    """
    record = Registry.of(stack).require_version(model, version)
    _require_signed(stack, record)
    store = ModelStore(s3=stack.clients("s3"), bucket=stack["model_bucket"])
    progress("comparing digests")
    lost = damaged(store, record)
    brought_back: list[str] = []
    hopeless: list[str] = []
    for file in lost:
        progress(f"looking for {file.key}")
        right = next(_versions_with(store, file), None)
        if right is None:
            hopeless.append(file.key)
            continue
        store.s3.copy_object(
            Bucket=store.bucket,
            Key=file.key,
            CopySource={"Bucket": store.bucket, "Key": file.key, "VersionId": right},
            ChecksumAlgorithm="SHA256",
        )
        brought_back.append(file.key)
    if hopeless:
        raise Failure(
            f"no version of {', '.join(hopeless)} in s3://{store.bucket} has the bytes that the "
            f"manifest of {model} version {version} names; brought back were "
            f"{', '.join(brought_back) or 'none'}",
            "They were kept storage.noncurrent_version_days and are gone. Push the model's files "
            "again, which makes another version, and route to that.",
        )
    still = damaged(store, record)
    if still:
        raise Failure(
            f"{still[0].key} has other bytes again: something writes to the model bucket",
            "Find out what; then run the same command again.",
        )
    return Restored(
        model=model, version=version, looked_at=len(_files(record)), brought_back=brought_back
    )


def _files(record: VersionRecord) -> list[tuple[str, ModelFile]]:
    """Object keys of a version, and what lies there: its files, its manifest and its signature."""
    text = record.manifest.encode()
    files = list(Manifest.parse(text).files)
    files.append(_written(MANIFEST_NAME, text))
    if record.signature is not None:
        name = f"{SIGNATURE_PREFIX}{record.signature.key}{SIGNATURE_SUFFIX}"
        files.append(_written(name, signing.to_bytes(record.signature)))
    return [(object_key(record.model, record.version, file.name), file) for file in files]


def _written(name: str, content: bytes) -> ModelFile:
    return ModelFile(name=name, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def _require_signed(stack: Stack, record: VersionRecord) -> None:
    where = f"the signature of {record.model} version {record.version} in the registry"
    if record.signature is None:
        raise Failure(
            f"{record.model} version {record.version} has no signature in the registry, so nothing "
            "vouches for its manifest",
            "Restore the registry first: warmline restore registry.",
        )
    signer = Signer.of(stack)
    if record.signature.key == signer.key:
        signer.require_valid(Manifest.parse(record.manifest.encode()), record.signature, where)
    # One of an earlier key is left to the functions, which have that key pinned.


def _versions_with(store: ModelStore, file: Damaged) -> Iterator[str]:
    """Ids of the object's versions that have the right bytes, newest first."""
    for version in _versions(store, file.key):
        if version["Size"] == file.size_bytes:
            right = (file.size_bytes, file.sha256)
            if store.found(file.key, version["VersionId"]) == right:
                yield version["VersionId"]


def _versions(store: ModelStore, key: str) -> Iterator[dict[str, Any]]:
    pages: Callable[..., Any] = store.s3.get_paginator("list_object_versions").paginate
    for page in pages(Bucket=store.bucket, Prefix=key):
        yield from (one for one in page.get("Versions", []) if one["Key"] == key)
