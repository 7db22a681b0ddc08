"""A release that is refused, stopped or overtaken, and gone on with."""

import pytest
from botocore.exceptions import ClientError

from automation.errors import Failure
from automation.release.records import AtWork
from automation.release.run import Request
from tests.unit.release.fake_lambda import FakeCloud, Fault
from tests.unit.release.faulty import PUT, calls, crashed, first

pytestmark = pytest.mark.unit


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


def test_an_alarm_while_the_new_version_warms_up_keeps_the_alias_where_it_is(
    cloud: FakeCloud,
) -> None:
    cloud.alarms["errors"] = lambda: calls(cloud, PUT) > 0
    ended = cloud.release().run(Request())
    assert (ended.live, ended.problem) == ("1", "alarm errors was on before the alias moved")
    assert calls(cloud, "update_alias") == 0
    assert set(cloud.capacity) == {"1"}


def test_an_alias_that_someone_else_moved_ends_the_release_and_says_so(cloud: FakeCloud) -> None:
    crashed(cloud, PUT)
    cloud.deploy("c")
    cloud.live = "3"
    ended = cloud.release().run(Request())
    assert ended.live == "3"
    assert "neither 1 nor 2: someone else moved it" in ended.problem
    assert cloud.release().run(Request()).live == "3"
    assert set(cloud.capacity) == {"3"}
