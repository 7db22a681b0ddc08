"""A pulumi-aws that the program was not written for stops it before anything is made."""

import runpy

import pulumi
import pytest

from components import provider_version
from components.packaging import ROOT
from components.provider_version import FLOOR, require

pytestmark = pytest.mark.graph


@pytest.mark.parametrize("installed", [".".join(map(str, FLOOR)), "7.51.2", "7.52.0a1", "7.100.0"])
def test_the_floor_and_what_is_newer_passes(installed: str) -> None:
    require(installed)


def test_the_installed_release_passes() -> None:
    require()


@pytest.mark.parametrize("installed", ["7.51.0", "7.9.9", "6.83.0"])
def test_an_older_release_is_refused_and_both_versions_are_named(installed: str) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        require(installed)
    said = str(raised.value)
    assert f"pulumi-aws is {installed}, older than 7.51.1" in said
    assert "make setup" in said


def test_another_major_number_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"is 8\.0\.0; resources have other shapes in 8"):
        require("8.0.0")


def test_a_bad_release_is_refused_with_its_reason() -> None:
    with pytest.raises(pulumi.RunError, match=r"is 7\.60\.0, which forgets names\. "):
        require("7.60.0", {"7.60.0": "forgets names"})


def test_the_program_stops_before_it_makes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_version, "version", lambda _name: "7.0.0")
    with pytest.raises(pulumi.RunError, match=r"pulumi-aws is 7\.0\.0"):
        runpy.run_path(str(ROOT / "__main__.py"))
