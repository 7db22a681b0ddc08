"""A release that was left open is told, with how to go on or back."""

from dataclasses import replace

import pytest

from automation.doctor.examine import examine
from automation.doctor.finding import Verdict
from automation.release.open import OpenRelease, open_releases, way_out
from automation.release.run import Request
from tests.unit.automation.doctor_world import gives, healthy
from tests.unit.release.fake_lambda import FakeCloud
from tests.unit.release.faulty import PUT, crashed

pytestmark = pytest.mark.unit


def found(cloud: FakeCloud) -> list[OpenRelease]:
    return open_releases(cloud, now=cloud.now)


def test_a_stack_without_a_release_and_one_whose_release_ended_have_none_open(
    cloud: FakeCloud,
) -> None:
    assert found(cloud) == []
    cloud.release().run(Request())
    assert found(cloud) == []


def test_a_release_whose_process_died_is_open_and_nobodys_after_its_lease(
    cloud: FakeCloud,
) -> None:
    crashed(cloud, PUT)
    [one] = found(cloud)
    assert (one.old, one.new, one.aim, one.reason) == ("1", "2", "2", "")
    assert one.holder
    cloud.now += 200
    [one] = found(cloud)
    assert str(one) == "default (predict): version 1 to 2; nobody is at work"
    cloud.release().run(Request())
    assert found(cloud) == []


def test_one_that_goes_back_says_so(cloud: FakeCloud) -> None:
    crashed(cloud, "update_alias")
    cloud.release().driver.turn_back()
    [one] = found(cloud)
    assert "version 1 to 2, going back to 1" in str(one)


def test_the_way_out_names_both_commands_and_the_stack() -> None:
    assert way_out("local") == "go on: warmline release; go back: warmline release --back"
    assert "warmline release --back --stack prod --yes" in way_out("prod")


def test_a_release_that_somebody_drives_is_no_problem_for_the_doctor(cloud: FakeCloud) -> None:
    crashed(cloud, PUT)
    probes = replace(healthy("dev"), open_releases=gives(found(cloud)))
    finding = examine(probes).findings["release"]
    assert finding.verdict is Verdict.OK
    assert "is at work" in finding.found
