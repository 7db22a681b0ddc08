"""What `warmline gc` takes from the model bucket, and what it never takes."""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from automation.day2 import model_files
from automation.day2.collected import Collected, Rules
from automation.day2.garbage import ModelVersion, StoredFile, golden_files, version_files
from automation.day2.stored_models import StoredModels
from automation.errors import Failure
from automation.models.push import push
from automation.release.golden import golden_key
from contracts import registry as items
from contracts.manifest import object_key
from contracts.registry import ModelRecord, RouteChange, VersionRecord, VersionState
from contracts.route import Route
from tests.tiny_models import linear, save
from tests.unit.day2.test_collect import NOW, OLD, Cloud, silent
from tests.unit.models.fake_aws import FakeStack

pytestmark = pytest.mark.unit

YOUNG = NOW - timedelta(days=3)
READY, RETIRED = VersionState.READY, VersionState.RETIRED
FILES = ("manifest.json", "model.onnx")


def put(cloud: Cloud, item: items.Item) -> None:
    cloud.items[item["pk"]["S"], item["sk"]["S"]] = item


def store(cloud: Cloud, *keys: str, at: datetime = OLD) -> None:
    cloud.files |= dict.fromkeys(keys, '"tag"')
    cloud.stored_at |= dict.fromkeys(keys, at)


def files_of(model: str, version: int) -> list[str]:
    return [object_key(model, version, name) for name in FILES]


def register(cloud: Cloud, model: str, version: int, state: VersionState = READY) -> None:
    put(cloud, items.encode_model(ModelRecord(model=model, serving_group="default")))
    record = VersionRecord(
        model=model, version=version, state=state, manifest="{}", signature=None,
        created_at=OLD.isoformat(),
    )  # fmt: skip
    put(cloud, items.encode_version(record))


def run(cloud: Cloud, *, dry_run: bool = False) -> Collected:
    result = Collected(dry_run=dry_run)
    rules = Rules(keep=2, older_than=timedelta(days=30), now=NOW)
    StoredModels(stack=cloud, rules=rules, result=result, progress=silent).collect()
    return result


def found(result: Collected, kind: str) -> list[str]:
    return [one.name for one in result.found if one.kind == kind]


def test_what_a_broken_push_left_is_told_and_then_goes() -> None:
    cloud = Cloud()
    register(cloud, "fraud", 1)
    store(cloud, *files_of("fraud", 1), *files_of("fraud", 2), *files_of("never", 1))
    left = [*files_of("fraud", 2), *files_of("never", 1)]
    looked = run(cloud, dry_run=True)
    assert found(looked, "leftover") == left
    assert len(cloud.files) == 6
    done = run(cloud)
    assert found(done, "leftover") == left
    assert all(one.deleted for one in done.found)
    assert list(cloud.files) == files_of("fraud", 1)
    assert run(cloud).found == []


def test_a_push_that_may_still_be_at_work_keeps_all_that_it_has_uploaded() -> None:
    cloud = Cloud()
    old, young = files_of("fraud", 1)
    store(cloud, old)
    store(cloud, young, at=YOUNG)
    assert run(cloud).found == []
    assert len(cloud.files) == 2


def test_golden_requests_of_models_that_are_gone_or_retired_go() -> None:
    cloud = Cloud()
    register(cloud, "fraud", 1)
    register(cloud, "fraud", 2, RETIRED)
    keys = [golden_key(*one) for one in (("fraud", 1), ("fraud", 2), ("fraud", 3), ("gone", 1))]
    store(cloud, *keys)
    store(cloud, young := golden_key("young", 1), at=YOUNG)
    assert found(run(cloud, dry_run=True), "golden") == keys[1:]
    assert found(run(cloud), "golden") == keys[1:]
    assert list(cloud.files) == [keys[0], young]


def test_objects_of_somebody_else_are_left_alone() -> None:
    cloud = Cloud()
    keys = ("models/readme.txt", "models/fraud/x/a", "golden/fraud/1.txt", "golden/a.json", "mine")
    store(cloud, *keys)
    assert run(cloud).found == []
    assert set(cloud.files) == set(keys)


def test_a_registry_that_is_younger_than_a_file_cannot_call_it_a_leftover() -> None:
    """The table was lost and made anew, and nobody has restored its items yet."""
    cloud = Cloud(table_made=OLD + timedelta(days=1))
    store(cloud, *files_of("fraud", 1), golden_key("fraud", 1))
    result = run(cloud)
    assert result.found == []
    assert result.unknown == [*files_of("fraud", 1), golden_key("fraud", 1)]
    assert len(cloud.files) == 3


@pytest.mark.parametrize("named", ["route", "history"])
def test_a_version_that_only_a_route_names_stays(named: str) -> None:
    cloud = Cloud()
    store(cloud, *files_of("fraud", 4), golden_key("fraud", 4))
    route = Route(model="fraud", revision=1, weights=((4, 10_000),))
    change = RouteChange(route=route, action="route", actor="me", changed_at=OLD.isoformat())
    put(cloud, items.encode_route(route) if named == "route" else items.encode_change(change))
    assert run(cloud).found == []
    assert len(cloud.files) == 3


def test_a_version_that_is_registered_between_two_deletions_is_made_whole_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud()
    keys = files_of("fraud", 1)
    store(cloud, *keys)
    cloud.before_delete[keys[1]] = lambda: register(cloud, "fraud", 1)

    def restore(_stack: object, model: str, version: int, _progress: object) -> None:
        store(cloud, *files_of(model, version))

    monkeypatch.setattr(model_files, "restore", restore)
    result = run(cloud)
    assert set(cloud.files) == set(keys)
    assert result.found == []
    assert result.spared == keys


def test_a_push_that_registers_after_its_files_were_collected_uploads_them_again(
    tmp_path: Path,
) -> None:
    """The other half: the collection looked before the version was registered."""
    stack, path = FakeStack(), save(linear(1.0), tmp_path / "model.onnx")
    key = object_key("fraud", 1, "model.onnx")
    stack.calls.before_name["transact_write_items"] = lambda: stack.objects.pop(key)
    assert push(stack, "fraud", path).created
    assert stack.objects[key] == path.read_bytes()


REGISTRIES = 100


def planted(seed: int) -> tuple[Cloud, set[str], set[str]]:
    """A random registry and bucket; the keys that must stay, and those that must go."""
    chance = random.Random(seed)
    cloud = Cloud(table_made=OLD - timedelta(days=1))
    stay, go = set[str](), set[str]()
    for model in ("a", "b", "c-3"):
        routed = set[int]()
        for version in range(1, 6):
            fate = chance.choice([READY, READY, RETIRED, None, None])
            if fate is not None:
                register(cloud, model, version, fate)
            in_route = chance.random() < 0.2
            routed |= {version} if in_route else set()
            young = chance.random() < 0.3
            keys = {*files_of(model, version), golden_key(model, version)}
            store(cloud, *keys, at=YOUNG if young else OLD)
            golden = golden_key(model, version)
            if fate is READY or in_route:
                stay |= keys
            elif fate is RETIRED:
                go |= keys - ({golden} if young else set())
                stay |= {golden} if young else set()
            else:
                (stay if young else go).update(keys)
        if routed:
            weighted, *others = sorted(routed)
            current = chance.random() < 0.6
            route = Route(
                model=model, revision=1, weights=((weighted, 10_000),), standby=tuple(others)
            )
            change = RouteChange(route=route, action="route", actor="me", changed_at="x")
            put(cloud, items.encode_route(route))
            put(cloud, items.encode_change(change))
            if not current:
                # Moved on since: the history alone names them, which keeps what is not retired.
                put(cloud, items.encode_route(replace(route, revision=2, standby=())))
                for version in others:
                    key = items.version_key(model, version)
                    item = cloud.items.get((key["pk"]["S"], key["sk"]["S"]))
                    if item is not None and items.decode_version(item).state is RETIRED:
                        keys = {*files_of(model, version), golden_key(model, version)}
                        old = {k for k in keys if cloud.stored_at[k] == OLD or "golden" not in k}
                        stay -= old
                        go |= old
    return cloud, stay, go


def test_no_random_registry_loses_what_it_names_and_each_keeps_no_garbage() -> None:
    totals = [0, 0]
    for seed in range(REGISTRIES):
        cloud, stay, go = planted(seed)
        assert set(cloud.files) == stay | go
        looked = run(cloud, dry_run=True)
        assert {one.name for one in looked.found} == go, seed
        run(cloud)
        assert set(cloud.files) == stay, seed
        totals = [totals[0] + len(stay), totals[1] + len(go)]
    assert min(totals) > 10 * REGISTRIES


def test_what_a_route_names_during_the_collection_is_spared_from_then_on() -> None:
    spared = 0
    for seed in range(REGISTRIES):
        cloud, _, go = planted(seed)
        order = sorted(go, key=lambda key: (key.startswith("golden/"), key))
        if len(order) < 2 or not order[-1].startswith("golden/"):
            continue
        first, last = order[0], order[-1]
        [version] = golden_files(stored(last))
        weights = ((version.number, 10_000),)
        route = items.encode_route(Route(model=version.model, revision=9, weights=weights))
        cloud.before_delete[first] = partial(put, cloud, route)
        # A version that was retired and is in use again stops the run, which spares the rest.
        with suppress(Failure):
            run(cloud)
        assert last in cloud.files, seed
        spared += 1
    assert spared > REGISTRIES / 2


def stored(*keys: str) -> Iterator[StoredFile]:
    for key in keys:
        yield StoredFile(key=key, etag="", size_bytes=1, stored_at=OLD)


def test_only_the_keys_of_versions_are_read_as_such() -> None:
    assert list(version_files(stored("models/a/1/x", "models/a/01/x", "models/A/1/x"))) == [
        ModelVersion("a", 1)
    ]
