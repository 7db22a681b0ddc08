"""A push goes on where it stopped, overwrites nothing, and makes READY only what is complete."""

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from automation.errors import Failure
from automation.models.failures import VersionExists, WrongRegion
from automation.models.push import Pushed, push
from automation.models.registry import Registry
from contracts.manifest import Manifest, ManifestError, object_key
from contracts.registry import VersionState, decode_version
from model_images import graph
from model_images.files import MANIFEST_NAME
from model_images.problems import Refused
from tests.tiny_models import linear, save
from tests.unit.models.fake_aws import KEY, Calls, Crash, FakeStack, crash, time_out

pytestmark = pytest.mark.unit


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(linear(1.0), tmp_path / "one" / "model.onnx", external="weights.bin")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return save(linear(2.0), tmp_path / "two" / "model.onnx", external="weights.bin")


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


def count_calls(path: Path) -> int:
    stack = FakeStack()
    pushed(stack, path)
    return len(stack.calls.names)


@pytest.mark.parametrize("version", [None, 1])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("event", [crash, time_out])
def test_a_push_that_stops_at_any_call_goes_on_when_run_again(
    path: Path, version: int | None, when: str, event: object
) -> None:
    calls = count_calls(path)
    assert calls > 10
    for at in range(1, calls + 1):
        stack = FakeStack()
        stack.calls = Calls(**{when: {at: event}})  # type: ignore[arg-type] # chosen by name
        try:
            pushed(stack, path, version)
        except (Crash, BotoCoreError, Failure):
            assert len(ready_versions(stack)) <= 1
        stack.restarted()
        assert pushed(stack, path, version).manifest.version == 1
        assert len(ready_versions(stack)) == 1


def test_an_object_of_an_unfinished_push_without_a_checksum_is_compared_by_its_bytes(
    stack: FakeStack, path: Path
) -> None:
    stack.keeps_checksums = False
    stack.calls.before_name["sign"] = crash
    with pytest.raises(Crash):
        pushed(stack, path)
    assert pushed(stack, path).created


@pytest.mark.parametrize("keeps_checksums", [True, False])
def test_a_stored_file_with_other_bytes_is_never_made_ready(
    stack: FakeStack, path: Path, keeps_checksums: bool
) -> None:
    stack.keeps_checksums = keeps_checksums
    stack.calls.before_name["sign"] = crash
    with pytest.raises(Crash):
        pushed(stack, path)
    key = "models/tiny/1/weights.bin"
    stack.objects[key] = stack.objects[key][:-1] + b"!"
    with pytest.raises(VersionExists, match=r"weights\.bin"):
        pushed(stack, path, version=1)
    assert ready_versions(stack) == []


def test_a_file_that_appears_with_other_bytes_between_look_and_upload_is_never_made_ready(
    stack: FakeStack, path: Path
) -> None:
    def appear() -> None:
        stack.objects["models/tiny/1/model.onnx"] = b"other bytes"

    def plan() -> None:
        stack.calls.before_name["put_object"] = appear

    stack.calls.before_name["head_object"] = plan
    with pytest.raises(VersionExists, match="holds other bytes"):
        pushed(stack, path, version=1)
    assert ready_versions(stack) == []


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


def test_a_foreign_signature_beside_the_manifest_is_refused(stack: FakeStack, path: Path) -> None:
    stack.objects["models/tiny/1/manifest.2026a.sig"] = b'{"key":"2026a","value":"AAAA"}'
    with pytest.raises(Failure, match="no signature of key '2026a'"):
        pushed(stack, path, version=1)
    assert ready_versions(stack) == []


def test_a_push_that_goes_on_after_the_key_rotated_signs_with_the_new_key(
    stack: FakeStack, path: Path
) -> None:
    stack.calls.before_name["transact_write_items"] = crash
    with pytest.raises(Crash):
        pushed(stack, path)
    stack.values["signing_key_name"] = "2027a"
    signature = pushed(stack, path).signature
    assert signature is not None
    assert signature.key == "2027a"
    assert "models/tiny/1/manifest.2026a.sig" in stack.objects


def test_a_file_that_changes_while_it_is_pushed_is_refused(stack: FakeStack, path: Path) -> None:
    weights = path.with_name("weights.bin")

    def change() -> None:
        weights.write_bytes(b"\1" * weights.stat().st_size)

    stack.calls.before_name["put_object"] = change
    with pytest.raises(Failure, match="did not arrive as it was read first"):
        pushed(stack, path)
    assert ready_versions(stack) == []


@pytest.mark.parametrize("name", ["model.onnx", "weights.bin"])
@pytest.mark.parametrize("exchange", ["written", "replaced", "linked"])
def test_what_is_signed_is_what_was_judged(
    stack: FakeStack, path: Path, other: Path, name: str, exchange: str
) -> None:
    judged, unjudged = path.with_name(name), other.with_name(name)
    content, times = unjudged.read_bytes() + b"\0", judged.stat()

    def change(text: str) -> None:
        if not text.startswith("reading"):
            return
        if exchange == "written":
            judged.write_bytes(content)
            os.utime(judged, ns=(times.st_atime_ns, times.st_mtime_ns))
        else:
            judged.unlink()
            judged.symlink_to(unjudged) if exchange == "linked" else judged.write_bytes(content)

    with pytest.raises(Failure, match=f"{name} changed while it was checked"):
        pushed(stack, path, progress=change)
    assert ready_versions(stack) == []
    assert stack.objects == {}


def test_a_model_that_is_exchanged_after_its_graph_was_read_is_refused(
    stack: FakeStack, path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = graph.parse

    def then_exchange(judged: Path):
        found = parse(judged)
        judged.write_bytes(other.read_bytes())
        return found

    monkeypatch.setattr(graph, "parse", then_exchange)
    with pytest.raises(Failure, match=r"model\.onnx changed while it was checked"):
        pushed(stack, path)
    assert stack.objects == {}


def test_two_pushes_of_one_number_with_other_content_make_one_version(
    stack: FakeStack, path: Path, other: Path
) -> None:
    def overtake() -> None:
        assert pushed(stack, other, version=1).created

    stack.calls.before_name["put_object"] = overtake
    with pytest.raises(VersionExists):
        pushed(stack, path, version=1)
    [manifest] = ready_versions(stack)
    assert sorted(key for key in stack.objects if "/1/" in key) == sorted(
        object_key("tiny", 1, name)
        for name in (MANIFEST_NAME, "manifest.2026a.sig", *(file.name for file in manifest.files))
    )


@pytest.mark.parametrize("overtaken_at", ["put_object", "sign", "transact_write_items"])
def test_two_pushes_of_the_same_content_end_well_with_one_signature(
    stack: FakeStack, path: Path, overtaken_at: str
) -> None:
    winners: list[Pushed] = []
    stack.calls.before_name[overtaken_at] = lambda: winners.append(pushed(stack, path))
    late = pushed(stack, path)
    assert not late.created
    assert late.signature == winners[0].signature
    assert len(ready_versions(stack)) == 1


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


def test_collisions_with_other_transactions_are_waited_out(stack: FakeStack, path: Path) -> None:
    stack.collisions = 2
    assert pushed(stack, path).created


def test_collisions_without_end_are_told(stack: FakeStack, path: Path) -> None:
    stack.collisions = 1000
    with pytest.raises(ClientError, match="TransactionCanceled"):
        pushed(stack, path)
    stack.collisions = 0
    assert pushed(stack, path).created


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
