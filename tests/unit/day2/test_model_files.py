"""Files of a model version, brought back from older versions of the objects."""

import base64
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from automation.day2 import model_files
from automation.errors import Failure
from automation.models import push
from automation.models.registry import Registry
from contracts.manifest import object_key
from tests import tiny_models
from tests.unit.models.fake_aws import BUCKET, FakeStack, refused

pytestmark = pytest.mark.unit


@dataclass
class VersionedS3:
    """A versioned bucket: key -> contents, oldest first; None is a delete marker."""

    objects: dict[str, list[bytes | None]] = field(default_factory=dict)
    composite: bool = False
    """Stored in parts: the checksum that S3 tells is that of the parts' checksums."""

    def head_object(self, **request: Any) -> Any:
        content = self._content(request)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        told = f"{digest}-2" if self.composite else digest
        return {"ContentLength": len(content), "ChecksumSHA256": told}

    def get_object(self, **request: Any) -> Any:
        return {"Body": io.BytesIO(self._content(request))}

    def copy_object(self, **request: Any) -> Any:
        assert request["CopySource"]["Bucket"] == request["Bucket"] == BUCKET
        assert request["ChecksumAlgorithm"] == "SHA256"
        self.objects[request["Key"]].append(self._content(request["CopySource"]))

    def get_paginator(self, name: str) -> "VersionedS3":
        assert name == "list_object_versions"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        for key, versions in self.objects.items():
            if key.startswith(request["Prefix"]):
                found = [
                    {"Key": key, "VersionId": str(n), "Size": len(content)}
                    for n, content in enumerate(versions)
                    if content is not None
                ]
                yield {"Versions": found[::-1]}

    def _content(self, request: Any) -> bytes:
        versions = self.objects.get(request["Key"], [None])
        content = versions[int(request.get("VersionId", len(versions) - 1))]
        if content is None:
            raise refused("404", 404)
        return content


@dataclass
class Versioned(FakeStack):
    """A stack whose bucket keeps versions."""

    bucket: VersionedS3 = field(default_factory=VersionedS3)

    def clients(self, service: str) -> Any:
        return self.bucket if service == "s3" and self.bucket.objects else super().clients(service)


@pytest.fixture
def stack(tmp_path: Path) -> Versioned:
    """With one pushed model."""
    made = Versioned()
    tiny_models.save(tiny_models.linear(1.0), tmp_path / "model.onnx")
    push.push(made, "fraud", tmp_path / "model.onnx")
    made.bucket.objects = {key: [content] for key, content in made.objects.items()}
    return made


KEY = object_key("fraud", 1, "model.onnx")


def silent(_text: str) -> None:
    return None


@pytest.mark.parametrize("composite", [False, True])
@pytest.mark.parametrize("lost", [b"other bytes", None], ids=["overwritten", "deleted"])
def test_a_lost_file_becomes_what_the_manifest_says(
    stack: Versioned, lost: bytes | None, composite: bool
) -> None:
    stack.bucket.composite = composite
    right = stack.bucket.objects[KEY][0]
    stack.bucket.objects[KEY] += [lost, b"and again"]
    result = model_files.restore(stack, "fraud", 1, silent)
    assert result.brought_back == [KEY]
    assert stack.bucket.objects[KEY][-1] == right
    assert len(stack.bucket.objects[KEY]) == 4, "nothing is taken away"


def test_a_file_of_the_same_size_with_other_bytes_is_not_taken_for_it(stack: Versioned) -> None:
    right = stack.bucket.objects[KEY][0]
    assert right is not None
    stack.bucket.objects[KEY] += [bytes(len(right))]
    model_files.restore(stack, "fraud", 1, silent)
    assert stack.bucket.objects[KEY][-1] == right


def test_a_key_that_only_starts_alike_is_another_object(stack: Versioned) -> None:
    right = stack.bucket.objects[KEY][0]
    stack.bucket.objects[f"{KEY}.old"] = [right]
    stack.bucket.objects[KEY] = [b"bad"]
    with pytest.raises(Failure, match=r"no version of models/fraud/1/model\.onnx"):
        model_files.restore(stack, "fraud", 1, silent)


def test_manifest_and_signature_are_files_too_and_a_whole_version_is_left_alone(
    stack: Versioned,
) -> None:
    for key in stack.bucket.objects:
        stack.bucket.objects[key].append(None)
    assert len(model_files.restore(stack, "fraud", 1, silent).brought_back) == 3
    before = {key: list(value) for key, value in stack.bucket.objects.items()}
    again = model_files.restore(stack, "fraud", 1, silent)
    assert (again.brought_back, again.looked_at) == ([], 3)
    assert stack.bucket.objects == before


def test_what_can_be_brought_back_is_and_the_rest_is_told_with_a_way_out(stack: Versioned) -> None:
    manifest = object_key("fraud", 1, "manifest.json")
    stack.bucket.objects[manifest].append(b"x")
    stack.bucket.objects[KEY] = [b"bad"]
    with pytest.raises(Failure, match=r"manifest\.json") as raised:
        model_files.restore(stack, "fraud", 1, silent)
    assert "storage.noncurrent_version_days" in raised.value.way_out
    assert len(stack.bucket.objects[manifest]) == 3


def test_a_manifest_that_the_stack_did_not_sign_vouches_for_nothing(stack: Versioned) -> None:
    table = stack.items
    (key,) = (k for k in table if k[1].startswith("VERSION#"))
    table[key]["signature"] = {"S": base64.b64encode(b"nonsense").decode()}
    stack.bucket.objects[KEY].append(b"bad")
    with pytest.raises(Failure, match="no signature"):
        model_files.restore(stack, "fraud", 1, silent)
    assert stack.bucket.objects[KEY][-1] == b"bad"
    assert Registry.of(stack).version("fraud", 1) is not None
