"""`warmline release` against a function in memory that keeps Lambda's rules."""

import pytest

from automation.errors import Failure
from automation.release.run import Request, releases
from contracts.release import Goal, ReleaseRecord, decode_release, encode_release
from tests.unit.release.fake_lambda import FakeCloud, Fate
from tests.unit.release.faulty import PUT, calls

pytestmark = pytest.mark.unit


def test_a_new_version_is_warm_checked_live_and_watched_before_the_old_one_cools(
    cloud: FakeCloud,
) -> None:
    ended = cloud.release().run(Request())
    assert (ended.old, ended.new, ended.live, ended.problem) == ("1", "2", "2", "")
    assert [step.split(" ")[0] for step in ended.steps] == [
        *("put", "send", "move", "note", "remove")
    ]
    assert cloud.flipped_at is not None
    assert cloud.now - cloud.flipped_at >= 15 * 60
    assert set(cloud.capacity) == {"2"}


def test_code_that_is_newer_than_the_newest_version_is_published(cloud: FakeCloud) -> None:
    cloud.latest = "c"
    assert cloud.release().run(Request()).live == "3"
    assert cloud.published["3"] == "c"


def test_nothing_to_release_is_said_and_writes_nothing(cloud: FakeCloud) -> None:
    cloud.release().run(Request())
    before, record = len(cloud.calls.names), cloud.record
    ended = cloud.release().run(Request())
    assert (ended.live, ended.steps, ended.problem) == ("2", (), "")
    assert cloud.record == record
    names = set(cloud.calls.names[before:])
    assert not {"update_alias", PUT, "publish_version", "transact_write_items"} & names


def test_another_number_of_warm_environments_is_put_on_the_live_version(cloud: FakeCloud) -> None:
    cloud.release().run(Request())
    cloud.keep_warm(5)
    cloud.release().run(Request())
    assert cloud.capacity["2"].requested == 5
    cloud.keep_warm(0)
    cloud.release().run(Request())
    assert cloud.capacity == {}
    assert cloud.live == "2"


def test_the_first_release_of_a_stack_warms_the_version_that_up_made() -> None:
    cloud = FakeCloud()
    ended = cloud.release().run(Request())
    assert (ended.live, cloud.live) == ("1", "1")
    assert cloud.capacity["1"].requested == 2


def test_golden_requests_answered_otherwise_leave_the_alias_on_the_old_version(
    cloud: FakeCloud,
) -> None:
    cloud.answers["2"] = 1.5
    ended = cloud.release().run(Request())
    assert ended.live == "1"
    assert "golden request 1 of m 1: output y: element 0 is 1.5, not 1.0" in ended.problem
    assert set(cloud.capacity) == {"1"}
    assert calls(cloud, "update_alias") == 0


def test_warm_capacity_that_fails_leaves_the_alias_and_tells_lambdas_reason(
    cloud: FakeCloud,
) -> None:
    cloud.fates["2"] = Fate(30, "FAILED")
    ended = cloud.release().run(Request())
    assert ended.live == "1"
    assert ended.problem == "warm capacity of version 2 FAILED: not enough capacity in the zone"
    assert set(cloud.capacity) == {"1"}


def test_a_version_is_left_alone_until_lambda_has_made_it_ready_to_run(cloud: FakeCloud) -> None:
    """With a snapshot or a network that takes minutes, and every call is refused."""
    cloud.settings(provisioned_concurrency=0)
    cloud.pending["2"] = cloud.now + 180
    ended = cloud.release().run(Request())
    assert ended.live == "2"
    assert calls(cloud, "invoke") == 3
    assert not {1, 2, 4} & set(cloud.sleeps)


def test_a_version_that_never_gets_ready_is_given_up(cloud: FakeCloud) -> None:
    cloud.pending["2"] = cloud.now + 10_000
    ended = cloud.release().run(Request())
    assert (ended.live, ended.problem) == ("1", "version 2 was still Pending after 10 minutes")


def test_a_version_that_lambda_could_not_prepare_is_given_up(cloud: FakeCloud) -> None:
    cloud.states["2"] = "Failed"
    ended = cloud.release().run(Request())
    assert ended.live == "1"
    assert ended.problem == "Lambda could not make version 2 ready to run"


def test_an_alarm_during_the_bake_time_moves_the_alias_back(cloud: FakeCloud) -> None:
    cloud.alarms["errors"] = lambda: cloud.live == "2"
    ended = cloud.release().run(Request())
    assert (ended.live, cloud.live) == ("1", "1")
    assert ended.problem == "alarm errors went on after the alias moved"
    assert set(cloud.capacity) == {"1"}


def test_a_version_that_was_taken_back_is_released_again_only_when_asked(cloud: FakeCloud) -> None:
    cloud.alarms["errors"] = lambda: cloud.live == "2"
    cloud.release().run(Request())
    with pytest.raises(Failure, match="version 2 of predict was taken back: alarm errors"):
        cloud.release().run(Request())
    cloud.alarms["errors"] = lambda: False
    assert cloud.release().run(Request(again=True)).live == "2"


def test_an_alarm_that_is_on_before_stops_the_release_unless_it_is_overlooked(
    cloud: FakeCloud,
) -> None:
    cloud.alarms["errors"] = lambda: True
    with pytest.raises(Failure, match="is on before anything changed") as refused:
        cloud.release().run(Request())
    assert "--despite 'errors'" in refused.value.way_out
    assert cloud.record is None
    assert cloud.release().run(Request(despite=("errors",))).live == "2"


def test_a_bake_time_without_an_alarm_is_refused_because_it_proves_nothing(
    cloud: FakeCloud,
) -> None:
    cloud.alarms.clear()
    with pytest.raises(Failure, match="no alarm watches predict"):
        cloud.release().run(Request())
    cloud.settings(bake_minutes=0)
    assert cloud.release().run(Request()).live == "2"


def test_what_pages_for_the_group_takes_the_version_back_as_well(cloud: FakeCloud) -> None:
    cloud.values["serving_groups"]["default"]["alarms"] = ["availability-page"]
    cloud.composite_alarms |= {
        "availability-page": lambda: cloud.live == "2",
        "of another group": lambda: True,
    }
    ended = cloud.release().run(Request())
    assert (ended.live, ended.problem) == (
        "1",
        "alarm availability-page went on after the alias moved",
    )


def test_an_alarm_named_in_the_stack_file_must_exist(cloud: FakeCloud) -> None:
    cloud.settings(alarms=["slo", "errors"])
    with pytest.raises(Failure, match="the account does not have slo, which a release must watch"):
        cloud.release().run(Request())


def test_back_returns_to_the_version_before_warm_and_without_a_bake_time(cloud: FakeCloud) -> None:
    cloud.release().run(Request())
    start = cloud.now
    ended = cloud.release().run(Request(back=True))
    assert (ended.live, ended.problem) == ("1", "")
    assert cloud.now - start < 120
    assert set(cloud.capacity) == {"1"}
    with pytest.raises(Failure, match="version 2 of predict was taken back"):
        cloud.release().run(Request())


def test_back_without_a_known_version_names_what_is_published(cloud: FakeCloud) -> None:
    with pytest.raises(Failure, match="is not known") as refused:
        cloud.release().run(Request(back=True))
    assert "published are: 1, 2" in refused.value.way_out


def test_a_version_can_be_named(cloud: FakeCloud) -> None:
    cloud.release().run(Request())
    assert cloud.release().run(Request(to="1")).live == "1"
    with pytest.raises(Failure, match="no published version 9"):
        cloud.release().run(Request(to="9"))


def test_a_dry_run_tells_the_steps_and_changes_nothing(cloud: FakeCloud) -> None:
    cloud.latest = "c"
    plan = cloud.release().plan(Request())
    assert (plan.old, plan.new) == ("1", "3")
    assert list(plan.steps) == [
        "publish $LATEST as version 3, or a later number",
        "put warm capacity 2 on version 3",
        "wait until the warm capacity of version 3 is READY (at most 600 s)",
        "send the golden requests to version 3",
        "move the alias to version 3",
        "wait until the bake time is over and no alarm went on (at most 900 s)",
        "remove the warm capacity of version 1",
    ]
    assert cloud.record is None
    assert cloud.live == "1"
    reads = ("get_", "list_", "describe_", "query")
    assert all(name.startswith(reads) for name in cloud.calls.names)


def test_a_stack_whose_alias_moves_with_up_is_not_released(cloud: FakeCloud) -> None:
    cloud.settings(owner="up")
    with pytest.raises(Failure, match=r"release\.owner is 'up'"):
        releases(cloud)


def test_a_serving_group_that_is_not_there_is_named_with_those_that_are(cloud: FakeCloud) -> None:
    with pytest.raises(Failure, match="no serving group 'other'") as refused:
        releases(cloud, group="other")
    assert refused.value.way_out == "Serving groups: default"


def test_a_record_survives_its_own_item() -> None:
    record = ReleaseRecord(
        function="f",
        revision=4,
        old="1",
        new="2",
        goal=Goal.OLD,
        back=True,
        checked=True,
        flipped_at=7,
        ended=True,
        reason="why",
        ignored=("a", "b"),
        previous="3",
        rejected="2",
        holder="h:1:x",
        lease_until=9,
    )
    assert decode_release(encode_release(record)) == record
