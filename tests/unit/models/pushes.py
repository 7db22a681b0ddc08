"""Pushes to a stack in memory, and what became READY."""

import hashlib
from pathlib import Path

from automation.models.push import Pushed, push
from contracts.manifest import Manifest, object_key
from contracts.registry import VersionState, decode_version
from tests.unit.models.fake_aws import KEY, FakeStack


def pushed(stack: FakeStack, path: Path, version: int | None = None, **options: object) -> Pushed:
    return push(stack, "tiny", path, version=version, **options)  # type: ignore[arg-type] # open


def ready_versions(stack: FakeStack) -> list[Manifest]:
    """Manifests of READY versions, after checking that each is complete and verifies."""
    found: list[Manifest] = []
    for (_, sort), item in sorted(stack.items.items()):
        if not sort.startswith("VERSION#"):
            continue
        record = decode_version(item)
        manifest = Manifest.parse(record.manifest.encode())
        assert record.state is VersionState.READY
        for file in manifest.files:
            stored = stack.objects[object_key(manifest.model, manifest.version, file.name)]
            assert hashlib.sha256(stored).hexdigest() == file.sha256
        assert record.signature is not None
        assert record.signature.key == KEY
        found.append(manifest)
    return found
