"""A push overwrites nothing, and makes READY only what is complete."""

import dataclasses
from pathlib import Path

import pytest

from automation.errors import Failure
from automation.models.failures import VersionExists, WrongRegion
from automation.models.push import push
from automation.models.registry import Registry
from contracts.manifest import ManifestError
from model_images.problems import Refused
from tests.unit.models.fake_aws import Calls, Crash, FakeStack, crash
from tests.unit.models.pushes import pushed, ready_versions

pytestmark = pytest.mark.unit


def test_a_push_stores_files_manifest_and_signature_and_registers(
    stack: FakeStack, path: Path
) -> None:
    result = pushed(stack, path)
    assert result.created
    assert sorted(stack.objects) == [
        "models/tiny/1/manifest.2026a.sig",
        "models/tiny/1/manifest.json",
        "models/tiny/1/model.onnx",
        "models/tiny/1/weights.bin",
    ]
    assert stack.objects["models/tiny/1/manifest.json"] == result.manifest.canonical()
    assert ready_versions(stack) == [result.manifest]
    model = Registry.of(stack).model("tiny")
    assert model is not None
    assert model.serving_group == "default"


def test_the_same_content_is_pushed_once(stack: FakeStack, path: Path) -> None:
    first = pushed(stack, path)
    stack.restarted()
    again = pushed(stack, path)
    assert (again.manifest, again.created) == (first.manifest, False)
    assert again.signature == first.signature
    assert not {"put_object", "transact_write_items", "sign"} & set(stack.calls.names)
    assert not pushed(stack, path, version=1).created


def test_other_content_takes_the_next_number(stack: FakeStack, path: Path, other: Path) -> None:
    pushed(stack, path)
    assert pushed(stack, other).manifest.version == 2
    assert len(ready_versions(stack)) == 2


def test_a_number_can_be_chosen_and_the_next_one_follows_it(
    stack: FakeStack, path: Path, other: Path
) -> None:
    assert pushed(stack, path, version=7).manifest.version == 7
    assert pushed(stack, other).manifest.version == 8


def test_an_existing_version_with_other_content_is_refused(
    stack: FakeStack, path: Path, other: Path
) -> None:
    pushed(stack, path, version=1)
    before = dict(stack.objects), dict(stack.items)
    with pytest.raises(VersionExists, match=r"version 1 of tiny exists .*\(resources differ\)"):
        pushed(stack, other, version=1)
    with pytest.raises(VersionExists, match="max_batch_size is 32, not 3"):
        pushed(stack, path, version=1, max_batch_size=3)
    assert (stack.objects, stack.items) == before


def test_a_retired_version_is_not_pushed_again(stack: FakeStack, path: Path) -> None:
    pushed(stack, path)
    Registry.of(stack).retire("tiny", 1)
    with pytest.raises(VersionExists, match="retired"):
        pushed(stack, path, version=1)
    assert pushed(stack, path).manifest.version == 2


def test_a_number_claimed_by_an_unfinished_push_is_left_alone(
    stack: FakeStack, path: Path, other: Path
) -> None:
    stack.calls = Calls(before_name={"sign": crash})
    with pytest.raises(Crash):
        pushed(stack, other)
    stack.restarted()
    with pytest.raises(VersionExists, match="did not finish"):
        pushed(stack, path, version=1)
    assert pushed(stack, path).manifest.version == 2
    # The unfinished one goes on under the number that it had claimed.
    assert pushed(stack, other, version=1).created
    assert [manifest.version for manifest in ready_versions(stack)] == [1, 2]


def test_the_registry_itself_refuses_other_content_under_a_registered_number(
    stack: FakeStack, path: Path
) -> None:
    first = pushed(stack, path)
    registry = Registry.of(stack)
    record = registry.require_version("tiny", 1)
    later = dataclasses.replace(record, created_at="2027-01-01T00:00:00+00:00")
    assert not registry.register(later, serving_group="default")
    other = dataclasses.replace(first.manifest, memory_mb=77).canonical().decode()
    with pytest.raises(VersionExists, match="memory_mb is 34, not 77"):
        registry.register(dataclasses.replace(record, manifest=other), serving_group="default")
    assert registry.require_version("tiny", 1) == record


def lists(stack: FakeStack, group: str) -> None:
    """From now on the stack file has this group serve every model."""
    (about,) = stack.values["serving_groups"].values()
    stack.values["serving_groups"] = {group: about}


def test_a_model_of_another_serving_group_is_refused_before_anything_is_uploaded(
    stack: FakeStack, path: Path, other: Path
) -> None:
    pushed(stack, path)
    lists(stack, "second")
    before = dict(stack.objects)
    with pytest.raises(Failure, match="tiny belongs to serving group 'default'"):
        pushed(stack, other)
    assert stack.objects == before


def test_the_serving_group_is_also_checked_in_the_transaction(
    stack: FakeStack, path: Path, other: Path
) -> None:
    def overtake() -> None:
        lists(stack, "second")
        pushed(stack, other, version=2)
        lists(stack, "default")

    stack.calls.before_name["sign"] = overtake
    with pytest.raises(Failure, match="belongs to serving group 'second'"):
        pushed(stack, path, version=1)
    assert [manifest.version for manifest in ready_versions(stack)] == [2]


@pytest.mark.parametrize("name", ["Tiny", "../x", "", "a b", "x" * 64])
def test_an_illegal_name_is_refused_before_anything_else(
    stack: FakeStack, path: Path, name: str
) -> None:
    with pytest.raises(ManifestError, match="model is"):
        push(stack, name, path)
    assert stack.calls.names == []


@pytest.mark.parametrize("version", [0, -1, 2**31])
def test_an_illegal_number_is_refused(stack: FakeStack, path: Path, version: int) -> None:
    with pytest.raises(ManifestError, match="version is"):
        pushed(stack, path, version)
    assert stack.objects == {}


def test_a_model_that_cannot_be_served_leaves_no_trace(stack: FakeStack, tmp_path: Path) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    with pytest.raises(Refused):
        pushed(stack, bad)
    assert (stack.objects, stack.items) == ({}, {})


def test_a_model_larger_than_the_stacks_caches_is_refused(stack: FakeStack, path: Path) -> None:
    group = stack.values["serving_groups"]["default"]
    group |= {"memory_cache_mb": 16, "disk_cache_mb": 1}
    with pytest.raises(Refused, match="16 MiB of memory and 1 MiB of disk"):
        pushed(stack, path)
    group |= {"memory_cache_mb": 64}
    assert pushed(stack, path).created


def test_a_push_outside_the_home_region_is_refused_with_its_name(path: Path) -> None:
    stack = FakeStack(client_region="eu-other-2")
    with pytest.raises(WrongRegion, match="home region is 'eu-test-1'"):
        pushed(stack, path)
    assert stack.calls.names == []


def test_progress_ends_at_the_whole_size(stack: FakeStack, path: Path) -> None:
    texts: list[str] = []
    pushed(stack, path, progress=texts.append)
    uploads = [text for text in texts if text.startswith("uploading")]
    assert uploads[-1] == "uploading 0.0 MiB of 0.0 MiB"
    assert texts[0].startswith("checking")
    assert texts[-1] == "registering"
