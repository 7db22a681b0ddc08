import threading
import time

import pytest

from functions.predict.flight import SingleFlight
from functions.shared.errors import DeadlineExceeded, ModelUnavailable

pytestmark = pytest.mark.unit


def together(count: int, target) -> None:
    threads = [threading.Thread(target=target, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_leader_that_ran_out_of_its_own_time_does_not_fail_those_who_waited() -> None:
    flight: SingleFlight[str] = SingleFlight()
    leading = threading.Event()
    outcomes: dict[str, object] = {}

    def lead() -> None:
        def fetch() -> str:
            leading.set()
            time.sleep(0.05)
            raise DeadlineExceeded("mine is over")

        with pytest.raises(DeadlineExceeded):
            flight.run("k", fetch, lambda: 0.05)
        outcomes["leader"] = "out of time"

    leader = threading.Thread(target=lead)
    leader.start()
    leading.wait()
    outcomes["follower"] = flight.run("k", lambda: "found", lambda: 5)
    leader.join()
    assert outcomes == {"leader": "out of time", "follower": ("found", True)}


def test_a_failure_of_the_thing_reaches_all_who_waited_each_in_an_exception_of_its_own() -> None:
    flight: SingleFlight[str] = SingleFlight()
    calls = []
    errors = []
    start = threading.Barrier(8)

    def fetch() -> str:
        calls.append(1)
        time.sleep(0.5)
        raise ModelUnavailable("the store is down", retry_after_seconds=3)

    def ask(_number: int) -> None:
        start.wait()
        try:
            flight.run("k", fetch, lambda: 5)
        except ModelUnavailable as error:
            errors.append(error)

    together(8, ask)
    assert len(calls) == 1
    assert len({id(error) for error in errors}) == 8
    assert {(e.detail, e.retry_after_seconds) for e in errors} == {("the store is down", 3)}


def test_a_follower_waits_no_longer_than_its_own_deadline() -> None:
    flight: SingleFlight[str] = SingleFlight()
    leading = threading.Event()
    release = threading.Event()

    def fetch() -> str:
        leading.set()
        release.wait(5)
        return "late"

    leader = threading.Thread(target=flight.run, args=("k", fetch, lambda: 5))
    leader.start()
    leading.wait()
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        flight.run("k", lambda: "never", lambda: 0.05)
    assert time.monotonic() - started < 1
    release.set()
    leader.join()


def test_an_exception_nobody_foresaw_leaves_no_flight_behind() -> None:
    flight: SingleFlight[str] = SingleFlight()

    def fetch() -> str:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        flight.run("k", fetch, lambda: 1)
    assert not flight.under_way("k")
    assert flight.run("k", lambda: "fine", lambda: 1) == ("fine", True)
