"""Who signs code: what a stack file may say of it, and why not more."""

from typing import Any

import pytest

from tests.unit.settings.stack_files import PUBLISHER, changed, load, refusal

pytestmark = pytest.mark.unit


def test_archives_of_this_machine_are_not_signed() -> None:
    text = refusal(
        changed(("functions.architecture", "machine"), ("functions.python_version", "machine"))
    )
    assert "has 1 problem(s)" in text
    assert "functions.code_signing is 'enforce' while architecture is 'machine'" in text
    assert "it must be 'off'" in text
    assert "receipt" in text


def test_what_the_laptop_cloud_answers_for_is_not_signed() -> None:
    config: dict[str, Any] = changed(("endpoint_url", "http://127.0.0.1:4566"))
    text = refusal(config)
    assert "has 1 problem(s)" in text
    assert (
        "functions.code_signing is 'enforce' while endpoint_url is 'http://127.0.0.1:4566'" in text
    )
    config["warmline:functions"]["code_signing"] = "off"
    assert load(config).functions.code_signing == "off"


def test_other_publishers_are_named_only_where_signatures_are_asked_for() -> None:
    named = ("functions.extra_publishers", [PUBLISHER])
    assert load(changed(named)).functions.extra_publishers == (PUBLISHER,)
    text = refusal(changed(named, ("functions.code_signing", "off")))
    assert "functions.extra_publishers has 1 entries; it must be [] with code_signing 'off'" in text


@pytest.mark.parametrize(
    ("publishers", "says"),
    [
        (
            [PUBLISHER, PUBLISHER],
            f"extra_publishers is {[PUBLISHER, PUBLISHER]}; each profile version once",
        ),
        ([f"{PUBLISHER[:-2]}{index:02}" for index in range(20)], "extra_publishers: tuple should"),
        ([f"{PUBLISHER}/more"], "extra_publishers.0: string should match"),
        (["arn:aws:iam::123456789012:role/signer"], "extra_publishers.0: string should match"),
    ],
)
def test_publishers_that_lambda_would_refuse_are_refused_here(
    publishers: list[str], says: str
) -> None:
    text = refusal(changed(("functions.extra_publishers", publishers)))
    assert "has 1 problem(s)" in text
    assert f"warmline:functions.{says}" in text


def test_as_many_publishers_as_a_configuration_takes_beside_our_own_are_accepted() -> None:
    publishers = [f"{PUBLISHER[:-2]}{index:02}" for index in range(19)]
    loaded = load(changed(("functions.extra_publishers", publishers)))
    assert loaded.functions.extra_publishers == tuple(publishers)
