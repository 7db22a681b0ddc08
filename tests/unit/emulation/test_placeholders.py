"""Stand-ins for what AWS computes have its shapes, and say nothing of what is unknown."""

import pytest

from emulation.placeholders import physical
from emulation.wire import UNKNOWN

pytestmark = pytest.mark.unit


def test_a_placeholder_follows_from_the_name_alone() -> None:
    first = physical("aws:kms/key:Key", "keys", {}, "eu-west-1")
    assert first == physical("aws:kms/key:Key", "keys", {"description": "x"}, "eu-west-1")
    assert first != physical("aws:kms/key:Key", "other", {}, "eu-west-1")
    key_id, computed = first
    assert computed["arn"] == f"arn:aws:kms:eu-west-1:123456789012:key/{key_id}"


def test_what_hangs_on_an_unknown_name_has_no_made_up_arn() -> None:
    _, computed = physical("aws:lambda/alias:Alias", "live", {"functionName": UNKNOWN}, "eu-west-1")
    assert "arn" not in computed
