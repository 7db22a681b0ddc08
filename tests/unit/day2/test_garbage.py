"""Nothing that something needs is ever garbage."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.day2 import garbage
from automation.day2.garbage import CodeVersion, StoredVersion

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLD = NOW - timedelta(days=100)
DIGEST = bytes(range(32))


def version(number: int, published_at: datetime = OLD, signing_job: str = "") -> CodeVersion:
    return CodeVersion(
        number=str(number),
        size_bytes=10,
        published_at=published_at,
        code_sha256=base64.b64encode(DIGEST).decode(),
        signing_job=signing_job,
    )


def free(versions: list[CodeVersion], **protection: object) -> list[str]:
    given = {"aliased": {"9"}, "warm": (), "released": (), "keep": 2, "before": NOW} | protection
    protected = garbage.protected_versions(versions, **given)  # type: ignore[arg-type]
    return [one.number for one in garbage.old_versions(versions, protected)]


ALL = [version(n) for n in range(1, 10)]


def test_the_live_version_and_the_one_before_it_stay() -> None:
    assert free(ALL) == [str(n) for n in range(1, 8)]


def test_an_older_live_version_keeps_its_own_predecessor_and_all_that_is_newer() -> None:
    assert free(ALL, aliased={"5"}) == ["1", "2", "3"]


def test_a_predecessor_is_the_nearest_that_still_exists() -> None:
    assert free([version(n) for n in (1, 2, 9, 10, 11)], aliased={"9"}) == ["1"]


def test_weighted_warm_released_and_young_versions_stay() -> None:
    young = [version(1, published_at=NOW + timedelta(seconds=1)), *ALL[1:]]
    assert free(young, warm={"3"}, released={"4"}, aliased={"9", "6"}) == ["2"]


def test_without_an_alias_nothing_is_known_to_be_old() -> None:
    assert free(ALL, aliased=set()) == []


NUMBERS = st.sets(st.integers(1, 30), min_size=1, max_size=15)


@given(data=st.data(), there=NUMBERS, keep=st.integers(0, 5), age=st.integers(0, 60))
def test_nothing_protected_is_ever_old(
    data: st.DataObject, there: set[int], keep: int, age: int
) -> None:
    some = st.sets(st.sampled_from(sorted(map(str, there))), max_size=3)
    aliased, warm, released = data.draw(some), data.draw(some), data.draw(some)
    days = data.draw(st.lists(st.integers(0, 60), min_size=len(there), max_size=len(there)))
    versions = [
        version(n, published_at=NOW - timedelta(days=old))
        for n, old in zip(sorted(there), days, strict=True)
    ]
    before = NOW - timedelta(days=age)
    gone = free(versions, aliased=aliased, warm=warm, released=released, keep=keep, before=before)
    left = there - set(map(int, gone))
    assert not set(gone) & (aliased | warm | released)
    assert set(sorted(there)[-max(keep, 2) :]) <= left
    for alias in map(int, aliased):
        assert {n for n in there if n > alias} <= left
        older = [n for n in there if n < alias]
        assert not older or max(older) in left
    for one in versions:
        if one.number in gone:
            assert one.published_at <= before
    assert aliased or not gone


def stored(days: int = 100) -> StoredVersion:
    return StoredVersion(id=f"v{days}", size_bytes=5, stored_at=NOW - timedelta(days=days))


SHA = DIGEST.hex()
BEFORE = NOW - timedelta(days=30)


@pytest.mark.parametrize(
    "key",
    [
        "readme.txt",
        "predict/short.zip",
        f"predict/{SHA}.zip.bak",
        f"other/place/{SHA}.zip",
        "unsigned/x.zip",
        "signed/a/b.zip",
    ],
)
def test_what_is_no_archive_of_ours_is_left_alone(key: str) -> None:
    assert garbage.old_archives({key: [stored()]}, set(), BEFORE) == {}


@pytest.mark.parametrize("key", [f"predict/{SHA}.zip", f"unsigned/serving-risk2-predict/{SHA}.zip"])
def test_an_archive_goes_unless_a_version_runs_it_or_it_is_young(key: str) -> None:
    versions = [stored(100), stored(40)]
    assert list(garbage.old_archives({key: versions}, set(), BEFORE)) == [key]
    used = set(garbage.archives_of([version(1)], {}))
    assert garbage.old_archives({key: versions}, used, BEFORE) == {}
    assert garbage.old_archives({key: [*versions, stored(29)]}, set(), BEFORE) == {}


def test_a_signed_archive_stays_with_its_source_as_long_as_a_version_runs_it() -> None:
    source = f"unsigned/predict/{'a' * 64}.zip"
    there = {key: [stored()] for key in ("signed/job-1.zip", "signed/job-2.zip", source)}
    used = set(garbage.archives_of([version(1, signing_job="job-1")], {"job-1": source}))
    assert list(garbage.old_archives(there, used, BEFORE)) == ["signed/job-2.zip"]


def test_what_the_state_knows_is_used() -> None:
    resources = [
        {
            "type": "aws:s3/bucketObjectv2:BucketObjectv2",
            "outputs": {"bucket": "code", "key": "a"},
        },
        {
            "type": "aws:s3/bucketObjectv2:BucketObjectv2",
            "outputs": {"bucket": "other", "key": "b"},
        },
        {
            "type": "aws:signer/signingJob:SigningJob",
            "outputs": {"signedObjects": [{"s3s": [{"bucket": "code", "key": "c"}]}]},
        },
        {"type": "aws:lambda/function:Function", "outputs": {"s3Key": "d"}},
        {"type": "pulumi:pulumi:Stack"},
    ]
    assert list(garbage.keys_in_state(resources, "code")) == ["a", "c", "d"]
