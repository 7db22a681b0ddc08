"""Stand-ins for what AWS computes have its shapes, and say nothing of what is unknown."""

import re

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


def signed(**changes: object) -> dict[str, object]:
    source = {"bucket": "b", "key": "unsigned/f.zip", "version": "1"} | changes
    inputs = {
        "profileName": "p_1",
        "source": {"s3": source},
        "destination": {"s3": {"bucket": "b", "prefix": "signed/"}},
    }
    return physical("aws:signer/signingJob:SigningJob", "f", inputs, "eu-west-1")[1]


def test_a_signed_object_is_named_by_its_job_and_another_version_is_another_job() -> None:
    first, second = signed(), signed(version="2")
    assert first == signed()
    assert first["signedObjects"] == [
        {"s3s": [{"bucket": "b", "key": f"signed/{first['jobId']}.zip"}]}
    ]
    assert first["jobId"] != second["jobId"]


def test_what_is_signed_from_an_unknown_version_has_no_made_up_key() -> None:
    assert "signedObjects" not in signed(version=UNKNOWN)


def test_a_profile_is_called_by_its_prefix_and_letters_and_digits() -> None:
    inputs = {"namePrefix": "warmline_dev_"}
    type_ = "aws:signer/signingProfile:SigningProfile"
    id_, computed = physical(type_, "signing", inputs, "eu-west-1")
    assert re.fullmatch(r"warmline_dev_[0-9a-z]{26}", id_)
    assert computed["name"] == id_
    version = computed["version"]
    assert computed["versionArn"] == (
        f"arn:aws:signer:eu-west-1:123456789012:/signing-profiles/{id_}/{version}"
    )
