"""Pushes a model version: claim its number, upload, sign, register.

| step                                | after a crash here                                         |
|-------------------------------------|------------------------------------------------------------|
| 1. manifest.json claims the number  | the same content goes on; other content is refused         |
| 2. each file, once, by digest       | files that are there are compared and skipped              |
| 3. KMS signs; signature beside it   | the stored signature is verified and used                  |
| 4. one transaction registers READY  | there already, with the same content: nothing to do        |

A version is READY only after every object is in the store, and no object is ever overwritten. So
the same command, run again, is all that a failure at any point needs.
"""

from dataclasses import dataclass
from pathlib import Path

from automation.errors import Failure
from automation.models import signing
from automation.models.failures import VersionExists
from automation.models.groups import group_for
from automation.models.registry import Registry, now, require_same_content
from automation.models.signing import Signer
from automation.models.stack import Progress, Stack
from automation.models.store import ModelStore
from contracts.manifest import (
    MAX_MANIFEST_BYTES,
    MAX_VERSION,
    Manifest,
    ManifestError,
    ModelFile,
    Signature,
    check_model_name,
    object_key,
)
from contracts.registry import VersionRecord, VersionState
from model_images.files import (
    MANIFEST_NAME,
    SIGNATURE_PREFIX,
    SIGNATURE_SUFFIX,
)
from model_images.limits import MIB, Limits
from model_images.onnx_check import Checked, check

MAX_UNFINISHED = 100
"""Numbers above the latest version that may be claimed by unfinished pushes of other content."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A judged model with its digests: everything of a manifest but the version."""

    model: str
    serving_group: str
    checked: Checked
    files: tuple[ModelFile, ...]

    def manifest(self, version: int) -> Manifest:
        checked = self.checked
        return Manifest(
            model=self.model,
            version=version,
            serving_group=self.serving_group,
            target="onnx",
            entrypoint=checked.entrypoint,
            files=self.files,
            inputs=checked.inputs,
            outputs=checked.outputs,
            max_batch_size=checked.max_batch_size,
            memory_mb=checked.memory_mb,
        )


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """A READY version. `created` False = it was registered already, with the same content."""

    manifest: Manifest
    signature: Signature | None
    created: bool


def push(
    stack: Stack,
    model: str,
    path: Path,
    *,
    group: str | None = None,
    version: int | None = None,
    entrypoint: str | None = None,
    max_batch_size: int | None = None,
    memory_mb: int | None = None,
    progress: Progress = lambda _text: None,
) -> Pushed:
    """Make a READY version of what lies at `path`; `version` None takes the next free number,
    `group` None the serving group whose settings take the model.

    Raises `Refused` with every problem of the model, `VersionExists`, `ManifestError` for an
    illegal name or number, and `Failure`.
    """
    check_model_name(model)
    registry = Registry.of(stack)
    registry.require_home_region()
    serving_group = group_for(stack, model, group)
    registry.require_group(model, serving_group)
    progress(f"checking {path}")
    limits = limits_of(stack, serving_group)
    checked = check(
        path,
        limits=limits,
        entrypoint=entrypoint,
        max_batch_size=max_batch_size,
        memory_mb=memory_mb,
    )
    progress(f"reading {_mib(sum(file.size_bytes for file in checked.files))}")
    package = Package(
        model=model,
        serving_group=serving_group,
        checked=checked,
        files=tuple(file.hashed() for file in checked.files),
    )
    store = ModelStore(s3=stack.clients("s3"), bucket=stack["model_bucket"])
    if version is not None:
        return _push_version(
            package.manifest(version), package, registry, store, Signer.of(stack), progress
        )
    latest = registry.latest(model)
    first = 1 if latest is None else latest.version + 1
    if latest is not None and latest.state is VersionState.READY:
        same = package.manifest(latest.version)
        if latest.manifest == _text(same):
            return Pushed(manifest=same, signature=latest.signature, created=False)
    for number in range(first, min(first + MAX_UNFINISHED, MAX_VERSION + 1)):
        manifest = package.manifest(number)
        try:
            return _push_version(manifest, package, registry, store, Signer.of(stack), progress)
        except VersionExists:
            continue  # claimed meanwhile, or by an unfinished push of other content
    raise Failure(
        f"versions {first} to {first + MAX_UNFINISHED - 1} of {model} are all claimed by "
        "unfinished pushes of other content",
        f"Finish one of them, or delete its prefix below models/{model}/ in the bucket.",
    )


def limits_of(stack: Stack, group: str) -> Limits:
    """The sizes of a serving group's model caches."""
    about = stack["serving_groups"][group]
    memory, disk = int(about["memory_cache_mb"]), int(about["disk_cache_mb"])
    return Limits(
        version_bytes=disk * MIB,
        memory_mb=memory,
        source=f"serving group {group!r} caches models in {memory} MiB of memory and {disk} MiB "
        "of disk",
    )


def _push_version(
    manifest: Manifest,
    package: Package,
    registry: Registry,
    store: ModelStore,
    signer: Signer,
    progress: Progress,
) -> Pushed:
    canonical = manifest.canonical()
    if len(canonical) > MAX_MANIFEST_BYTES:
        raise ManifestError(
            f"manifest has {len(canonical)} bytes; at most {MAX_MANIFEST_BYTES}, because it is "
            "part of a DynamoDB item: push fewer files, or a model with fewer tensors"
        )
    present = registry.version(manifest.model, manifest.version)
    if present is not None:
        require_same_content(present, canonical.decode())
        return Pushed(manifest=manifest, signature=present.signature, created=False)
    _claim(manifest, canonical, store)
    _upload(manifest, package, store, progress)
    progress("signing")
    signature = _signature(manifest, store, signer)
    progress("registering")
    record = VersionRecord(
        model=manifest.model,
        version=manifest.version,
        state=VersionState.READY,
        manifest=canonical.decode(),
        signature=signature,
        created_at=now(),
    )
    created = registry.register(record, serving_group=manifest.serving_group)
    # Garbage collection that met an unregistered version may have taken files until just now.
    _upload(manifest, package, store, lambda _text: None)
    return Pushed(manifest=manifest, signature=signature, created=created)


def _claim(manifest: Manifest, canonical: bytes, store: ModelStore) -> None:
    key = object_key(manifest.model, manifest.version, MANIFEST_NAME)
    if store.claim(key, canonical) != canonical:
        raise VersionExists(
            f"version {manifest.version} of {manifest.model} is claimed by a push of other "
            f"content that did not finish (s3://{store.bucket}/{key})",
            "Leave `--version` out to take the next free number.",
        )


def _upload(manifest: Manifest, package: Package, store: ModelStore, progress: Progress) -> None:
    paths = {file.name: file.path for file in package.checked.files}
    total, done, shown = manifest.size_bytes, 0, ""

    def sent(size: int) -> None:
        nonlocal shown
        text = f"uploading {_mib(done + size)} of {_mib(total)}"
        if text != shown:
            progress(text)
        shown = text

    for file in manifest.files:
        key = object_key(manifest.model, manifest.version, file.name)
        store.upload(key, file, paths[file.name], sent)
        done += file.size_bytes


def _signature(manifest: Manifest, store: ModelStore, signer: Signer) -> Signature:
    """Signed once: whoever comes second takes the signature that is stored, after verifying it."""
    name = f"{SIGNATURE_PREFIX}{signer.key}{SIGNATURE_SUFFIX}"
    key = object_key(manifest.model, manifest.version, name)
    stored = signing.from_bytes(store.claim(key, signing.to_bytes(signer.sign(manifest))))
    signer.require_valid(manifest, stored, f"s3://{store.bucket}/{key}")
    return stored


def _text(manifest: Manifest) -> str:
    return manifest.canonical().decode()


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / MIB:.1f} MiB"
