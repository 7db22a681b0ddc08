"""`warmline release` against a function in memory that keeps Lambda's rules."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from automation.errors import Failure
from automation.release.records import AtWork
from automation.release.run import Request, releases
from contracts.release import Goal, ReleaseRecord, decode_release, encode_release
from tests.unit.models.fake_aws import Crash
from tests.unit.release.fake_lambda import FakeCloud, Fate, Fault

pytestmark = pytest.mark.unit

PUT = "put_provisioned_concurrency_config"


@pytest.fixture
def cloud() -> FakeCloud:
    """Version 1 is live and warm; version 2 was published by `up`."""
    made = FakeCloud()
    made.give("1")
    made.deploy("b")
    return made


def first(name: str, fault: Fault, times: int = 1) -> Callable[[str], Fault | None]:
    """The fault happens at the first calls of a name."""
    left = [times]

    def decide(called: str) -> Fault | None:
        if called != name or not left[0]:
            return None
        left[0] -= 1
        return fault

    return decide


def calls(cloud: FakeCloud, name: str) -> int:
    return cloud.calls.names.count(name)


def crashed(cloud: FakeCloud, name: str, when: str = "after") -> None:
    """A release that dies at the first call of a name."""
    cloud.faults = first(name, (when, "crash"))
    with pytest.raises(Crash):
        cloud.release().run(Request())
    cloud.faults = lambda _name: None


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


def test_the_weights_error_is_tried_again_with_longer_pauses(cloud: FakeCloud) -> None:
    cloud.faults = first(PUT, ("before", "weights"), times=2)
    assert cloud.release().run(Request()).live == "2"
    assert calls(cloud, PUT) == 3
    assert cloud.sleeps[:2] == [1, 2]


def test_another_validation_error_is_not_tried_again(cloud: FakeCloud) -> None:
    cloud.faults = first(PUT, ("before", "other"))
    with pytest.raises(ClientError, match="unreserved concurrency"):
        cloud.release().run(Request())
    assert calls(cloud, PUT) == 1
    assert cloud.live == "1"


def test_a_refusal_that_does_not_pass_ends_the_run_and_the_next_goes_on(cloud: FakeCloud) -> None:
    cloud.faults = lambda name: ("before", "throttle") if name == PUT else None
    with pytest.raises(Failure, match=r"Rate exceeded.*8 times in a row"):
        cloud.release().run(Request())
    assert calls(cloud, PUT) == 8
    cloud.faults = lambda _name: None
    assert cloud.release().run(Request()).live == "2"


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


def test_an_alarm_named_in_the_stack_file_must_exist(cloud: FakeCloud) -> None:
    cloud.settings(alarms=["slo", "errors"])
    with pytest.raises(
        Failure, match=r"release\.alarms names slo, which the account does not have"
    ):
        cloud.release().run(Request())


def test_weights_that_a_failed_move_left_are_cleared(cloud: FakeCloud) -> None:
    cloud.weights = {"2": 0.2}
    ended = cloud.release().run(Request())
    assert cloud.weights == {}
    assert ended.steps[0].startswith("clear the weights")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "name",
    [
        *("transact_write_items", PUT, "invoke", "update_alias"),
        "delete_provisioned_concurrency_config",
    ],
)
def test_the_next_run_goes_on_after_a_crash_at_any_step(
    cloud: FakeCloud, name: str, when: str
) -> None:
    crashed(cloud, name, when)
    ended = cloud.release().run(Request())
    assert (ended.live, ended.problem) == ("2", "")
    assert set(cloud.capacity) == {"2"}


def test_a_process_that_died_keeps_the_next_waiting_for_its_lease_and_no_longer(
    cloud: FakeCloud,
) -> None:
    crashed(cloud, PUT)
    start = cloud.now
    release = cloud.release()
    release.driver.acquire()
    assert 100 < cloud.now - start <= 125


def test_ctrl_c_frees_the_record_at_once(cloud: FakeCloud) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    release = cloud.release()
    release.driver.check = lambda _version: interrupt()
    with pytest.raises(KeyboardInterrupt):
        release.run(Request())
    assert cloud.record is not None
    assert cloud.record.lease_until == 0
    before = cloud.now
    cloud.release().driver.acquire()
    assert cloud.now - before < 1


def test_a_second_release_is_refused_while_the_first_renews_its_lease(cloud: FakeCloud) -> None:
    """The first one works on whenever the second one sleeps."""
    crashed(cloud, PUT)
    record = cloud.record
    assert record is not None

    def renew(name: str) -> Fault | None:
        if name == "get_item" and cloud.record is not None:
            left = cloud.record.lease_until - cloud.now
            if left < 60:
                item = cloud.items["RELEASE", "predict"]
                item["lease_until"] = {"N": str(int(cloud.now + 120))}
        return None

    cloud.faults = renew
    with pytest.raises(AtWork, match="from version 1 to 2"):
        cloud.release().run(Request())


def test_a_process_that_slept_through_its_lease_changes_nothing_any_more(cloud: FakeCloud) -> None:
    """Another one took over meanwhile and ended the release on the old version."""
    taken: list[str] = []

    def sleep_while_another_works(name: str) -> Fault | None:
        if name == "describe_alarms" and cloud.live == "2" and not taken:
            taken.append("yes")
            cloud.now += 300
            cloud.faults = lambda _name: None
            cloud.alarms["errors"] = lambda: cloud.live == "2"
            assert cloud.release().run(Request()).live == "1"
            cloud.alarms["errors"] = lambda: False
        return None

    cloud.faults = sleep_while_another_works
    with pytest.raises(Failure, match="closed by someone else"):
        cloud.release().run(Request())
    assert taken
    assert cloud.live == "1"
    assert cloud.capacity["1"].status == "READY"


def test_back_returns_to_the_version_before_warm_and_without_a_bake_time(cloud: FakeCloud) -> None:
    cloud.release().run(Request())
    start = cloud.now
    ended = cloud.release().run(Request(back=True))
    assert (ended.live, ended.problem) == ("1", "")
    assert cloud.now - start < 120
    assert set(cloud.capacity) == {"1"}
    with pytest.raises(Failure, match="version 2 of predict was taken back"):
        cloud.release().run(Request())


def test_back_ends_an_open_release_on_the_old_version(cloud: FakeCloud) -> None:
    crashed(cloud, "update_alias")
    ended = cloud.release().run(Request(back=True))
    assert (ended.live, ended.problem) == ("1", "")
    assert set(cloud.capacity) == {"1"}


def test_back_tells_a_release_that_is_at_work(cloud: FakeCloud) -> None:
    """The running process reads the record before each step."""
    told: list[str] = []

    def ask(name: str) -> Fault | None:
        if name == "describe_alarms" and cloud.live == "2" and not told:
            told.append("yes")
            release = cloud.release()
            release.driver.turn_back()
        return None

    cloud.faults = ask
    ended = cloud.release().run(Request())
    assert ended.live == "1"
    assert ended.problem == "going back was asked for"


def test_back_without_a_known_version_names_what_is_published(cloud: FakeCloud) -> None:
    with pytest.raises(Failure, match="is not known") as refused:
        cloud.release().run(Request(back=True))
    assert "published are: 1, 2" in refused.value.way_out


def test_a_version_can_be_named(cloud: FakeCloud) -> None:
    cloud.release().run(Request())
    assert cloud.release().run(Request(to="1")).live == "1"
    with pytest.raises(Failure, match="no published version 9"):
        cloud.release().run(Request(to="9"))


def test_an_alias_that_someone_else_moved_ends_the_release_and_says_so(cloud: FakeCloud) -> None:
    crashed(cloud, PUT)
    cloud.deploy("c")
    cloud.live = "3"
    ended = cloud.release().run(Request())
    assert ended.live == "3"
    assert "neither 1 nor 2: someone else moved it" in ended.problem
    assert cloud.release().run(Request()).live == "3"
    assert set(cloud.capacity) == {"3"}


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


def test_an_image_is_not_released_while_nothing_checks_its_signature(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = cloud.release()
    versions: dict[str, Any] = release.function.versions()
    versions["$LATEST"] |= {"PackageType": "Image"}
    monkeypatch.setattr(type(release.function), "versions", lambda _self: versions)
    with pytest.raises(Failure, match="runs an image"):
        release.run(Request())
    assert cloud.record is None


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
