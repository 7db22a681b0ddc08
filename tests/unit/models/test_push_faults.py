"""A push that is stopped, overtaken or deceived makes nothing READY that is not whole."""

import os
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from automation.errors import Failure
from automation.models.failures import VersionExists
from automation.models.push import Pushed
from contracts.manifest import object_key
from model_images import graph
from model_images.files import MANIFEST_NAME
from tests.unit.models.fake_aws import Calls, Crash, FakeStack, crash, time_out
from tests.unit.models.pushes import pushed, ready_versions

pytestmark = pytest.mark.unit


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


def test_collisions_with_other_transactions_are_waited_out(stack: FakeStack, path: Path) -> None:
    stack.collisions = 2
    assert pushed(stack, path).created


def test_collisions_without_end_are_told(stack: FakeStack, path: Path) -> None:
    stack.collisions = 1000
    with pytest.raises(ClientError, match="TransactionCanceled"):
        pushed(stack, path)
    stack.collisions = 0
    assert pushed(stack, path).created
