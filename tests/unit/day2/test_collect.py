"""Each deletion asks again just before, and an interrupted run is finished by the next."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.day2.collect import collect
from automation.day2.collected import Collected, Rules
from automation.errors import Failure
from contracts import registry as items
from contracts.registry import ModelRecord, VersionRecord, VersionState
from contracts.release import ReleaseRecord, encode_release
from tests.unit.models.fake_aws import FakeStack, refused

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLD = NOW - timedelta(days=100)
STATE = [
    {"type": "aws:lambda/function:Function", "outputs": {"name": "predict"}},
    {
        "type": "aws:s3/bucket:Bucket",
        "outputs": {"bucket": "code", "tags": {"data-class": "code"}},
    },
    {
        "type": "aws:s3/bucket:Bucket",
        "outputs": {"bucket": "models", "tags": {"data-class": "models"}},
    },
]


@dataclass
class Cloud(FakeStack):
    """A function with versions 1 to 6, its archives, and a model."""

    aliases: dict[str, str] = field(default_factory=lambda: {"live": "6"})
    versions: list[str] = field(default_factory=lambda: [str(n) for n in range(1, 7)])
    warm: set[str] = field(default_factory=set)
    archives: dict[tuple[str, str], datetime] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Key -> entity tag."""
    stored_at: dict[str, datetime] = field(default_factory=dict)
    """Of files; those that are not here were stored long ago."""
    before_delete: dict[str, Callable[[], Any]] = field(default_factory=dict)
    """Happens at the deletion of that version, key or file, once."""

    def clients(self, service: str) -> Any:
        return self if service in ("lambda", "s3", "signer") else super().clients(service)

    def list_versions_by_function(self, **_: Any) -> Any:
        return {"Versions": [self._about(one) for one in ["$LATEST", *self.versions]]}

    def _about(self, number: str) -> dict[str, Any]:
        digest = number.encode() if number != "$LATEST" else self.versions[-1].encode()
        return {
            "Version": number,
            "CodeSize": 10,
            "LastModified": "2026-08-01T00:00:00.000+0000",
            "CodeSha256": base64.b64encode(digest.rjust(32, b"0")).decode(),
        }

    def list_provisioned_concurrency_configs(self, **_: Any) -> Any:
        prefix = "arn:aws:lambda:eu-test-1:1:function:predict"
        return {
            "ProvisionedConcurrencyConfigs": [
                {
                    "FunctionArn": f"{prefix}:{one}",
                    "RequestedProvisionedConcurrentExecutions": 1,
                    "AvailableProvisionedConcurrentExecutions": 1,
                    "Status": "READY",
                }
                for one in self.warm
            ]
        }

    def get_provisioned_concurrency_config(self, **_: Any) -> Any:
        raise refused("ProvisionedConcurrencyConfigNotFoundException", 404)

    def delete_function(self, **request: Any) -> None:
        assert request["FunctionName"] == "predict"
        number = request["Qualifier"]
        self.before_delete.pop(number, lambda: None)()
        if number in self.aliases.values():
            raise refused("ResourceConflictException", 409)
        if number not in self.versions:
            raise refused("ResourceNotFoundException", 404)
        self.versions.remove(number)

    def delete_object(self, **request: Any) -> None:
        key = request["Key"]
        self.before_delete.pop(key, lambda: None)()
        if request["Bucket"] == "code":
            self.archives.pop((key, request["VersionId"]), None)
        elif self.files.get(key) != request["IfMatch"]:
            raise refused("PreconditionFailed", 412)
        else:
            del self.files[key]

    def get_paginator(self, operation: str) -> Any:
        return Pages(self, operation)


@dataclass
class Pages:
    cloud: Cloud
    operation: str

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        cloud = self.cloud
        match self.operation:
            case "list_aliases":
                yield {
                    "Aliases": [
                        {"Name": name, "FunctionVersion": version}
                        for name, version in cloud.aliases.items()
                    ]
                }
            case "list_object_versions":
                yield {
                    "Versions": [
                        {"Key": key, "VersionId": id_, "Size": 5, "LastModified": stored}
                        for (key, id_), stored in cloud.archives.items()
                        if key.startswith(request["Prefix"])
                    ]
                }
            case "list_objects_v2":
                yield {
                    "Contents": [
                        {
                            "Key": key,
                            "ETag": tag,
                            "Size": 7,
                            "LastModified": cloud.stored_at.get(key, OLD),
                        }
                        for key, tag in sorted(cloud.files.items())
                        if key.startswith(request["Prefix"])
                    ]
                }
            case other:
                raise AssertionError(other)


def silent(_text: str) -> None:
    return None


def run(cloud: Cloud, *, dry_run: bool = False) -> Collected:
    rules = Rules(keep=2, older_than=timedelta(days=30), now=NOW)
    return collect(cloud, STATE, rules, dry_run=dry_run, progress=silent)


def archive(number: str) -> str:
    return f"predict/{number.encode().rjust(32, b'0').hex()}.zip"


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.archives = {(archive(number), "a"): OLD for number in made.versions}
    return made


def retire(cloud: Cloud, state: VersionState = VersionState.RETIRED) -> None:
    """Version 1 of a model that has a version 11, too."""
    record = VersionRecord(
        model="fraud",
        version=1,
        state=state,
        manifest="{}",
        signature=None,
        created_at="2026-08-01T00:00:00+00:00",
    )
    for item in (
        items.encode_version(record),
        items.encode_version(replace(record, version=11, state=VersionState.READY)),
        items.encode_model(ModelRecord(model="fraud", serving_group="default")),
    ):
        cloud.items[item["pk"]["S"], item["sk"]["S"]] = item
    cloud.files = {"models/fraud/1/model.onnx": '"tag"', "models/fraud/11/model.onnx": '"tag"'}


def test_old_versions_go_with_their_archives_and_nothing_else(cloud: Cloud) -> None:
    result = run(cloud)
    assert cloud.versions == ["5", "6"]
    assert set(cloud.archives) == {(archive("5"), "a"), (archive("6"), "a")}
    assert sum(one.size_bytes for one in result.found) == 4 * 10 + 4 * 5
    assert run(cloud).found == []


def test_a_dry_run_tells_the_same_and_changes_nothing(cloud: Cloud) -> None:
    looked = run(cloud, dry_run=True)
    assert len(cloud.versions) == len(cloud.archives) == 6
    names = [(one.kind, one.name, one.size_bytes) for one in looked.found]
    assert names == [(one.kind, one.name, one.size_bytes) for one in run(cloud).found]


def test_a_version_that_an_alias_takes_meanwhile_is_spared_with_its_archive(cloud: Cloud) -> None:
    """Lambda's own refusal stands behind the second look."""
    cloud.before_delete["2"] = lambda: cloud.aliases.update(live="2")
    result = run(cloud)
    assert "predict 2" in result.spared
    assert "2" in cloud.versions
    assert (archive("2"), "a") in cloud.archives


def test_after_an_alias_moved_back_nothing_newer_goes(cloud: Cloud) -> None:
    cloud.before_delete["1"] = lambda: cloud.aliases.update(live="3")
    run(cloud)
    assert cloud.versions == ["2", "3", "4", "5", "6"]


def test_what_a_running_release_names_stays(cloud: Cloud) -> None:
    record = encode_release(ReleaseRecord(function="predict", revision=1, old="2", new="6"))
    cloud.items[record["pk"]["S"], record["sk"]["S"]] = record
    cloud.warm = {"3"}
    run(cloud)
    assert cloud.versions == ["2", "3", "5", "6"]


def test_an_archive_that_is_uploaded_again_meanwhile_stays(cloud: Cloud) -> None:
    again = (archive("1"), "b")
    cloud.before_delete["4"] = lambda: cloud.archives.update({again: NOW})
    run(cloud)
    assert again in cloud.archives


def test_an_upload_during_the_deletion_itself_stays(cloud: Cloud) -> None:
    again = (archive("1"), "b")
    cloud.before_delete[archive("1")] = lambda: cloud.archives.update({again: NOW})
    run(cloud)
    assert again in cloud.archives
    assert (archive("1"), "a") not in cloud.archives


@pytest.mark.parametrize("thing", ["3", archive("2"), "models/fraud/1/model.onnx"])
def test_an_interrupted_run_is_finished_by_the_next(cloud: Cloud, thing: str) -> None:
    retire(cloud)

    def stop() -> None:
        raise KeyboardInterrupt

    cloud.before_delete[thing] = stop
    with pytest.raises(KeyboardInterrupt):
        run(cloud)
    run(cloud)
    assert cloud.versions == ["5", "6"]
    assert len(cloud.archives) == 2
    assert list(cloud.files) == ["models/fraud/11/model.onnx"]


def test_files_of_a_retired_version_go_and_those_of_others_stay(cloud: Cloud) -> None:
    retire(cloud)
    run(cloud)
    assert list(cloud.files) == ["models/fraud/11/model.onnx"]
    retire(cloud, VersionState.READY)
    run(cloud)
    assert len(cloud.files) == 2


def test_a_file_that_changes_meanwhile_is_spared(cloud: Cloud) -> None:
    retire(cloud)
    key = "models/fraud/1/model.onnx"
    cloud.before_delete[key] = lambda: cloud.files.update({key: '"other"'})
    assert key in run(cloud).spared
    assert key in cloud.files


def test_a_version_that_is_no_longer_retired_stops_the_run(cloud: Cloud) -> None:
    retire(cloud)

    def overtake(text: str) -> None:
        if text == "files of fraud version 1":
            retire(cloud, VersionState.READY)

    rules = Rules(keep=2, older_than=timedelta(days=30), now=NOW)
    with pytest.raises(Failure, match="is not any more"):
        collect(cloud, STATE, rules, dry_run=False, progress=overtake)
    assert len(cloud.files) == 2
