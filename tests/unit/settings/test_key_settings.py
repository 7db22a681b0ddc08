"""Keys and buckets that exist already: which may be named, and why the rest may not."""

from typing import Any

import pytest

from components.tags import DataClass
from settings.keys import Keys
from tests.unit.settings.stack_files import changed, load, refusal

pytestmark = pytest.mark.unit


def arn(digit: str, region: str = "us-east-1") -> str:
    key = "-".join(digit * length for length in (8, 4, 4, 4, 12))
    return f"arn:aws:kms:{region}:123456789012:key/{key}"


def test_every_class_of_data_with_a_key_can_have_an_existing_one() -> None:
    classes = {data.value for data in DataClass if data is not DataClass.NONE}
    assert set(Keys.model_fields) == classes | {"signing"}


def test_keys_of_this_region_are_accepted_multi_region_ones_too() -> None:
    mrk = f"arn:aws:kms:us-east-1:123456789012:key/mrk-{'a' * 32}"
    signing = [{"name": "release", "arn": arn("3")}]
    loaded = load(changed(("keys.models", arn("1")), ("keys.logs", mrk), ("keys.signing", signing)))
    assert loaded.keys.encryption == {"models": arn("1"), "logs": mrk}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            [("keys.models", "arn:aws:kms:us-east-1:123456789012:alias/models")],
            "keys.models: string should match",
        ),
        (
            [("keys.models", arn("1", "eu-west-1"))],
            "it must be in us-east-1, because services use keys of their own region alone",
        ),
        (
            [("keys.models", arn("1")), ("keys.logs", arn("1"))],
            "keys.models, logs are the same key; each class of data has one of its own",
        ),
        (
            [("keys.signing", [{"name": "old", "arn": arn("1")}])],
            "keys.signing.0.name is 'old'; it must be one of signing_keys ['release']",
        ),
        (
            [("keys.signing", [{"name": "release", "arn": arn(d)} for d in "12"])],
            "keys.signing has names ['release', 'release']; each name once",
        ),
        ([("storage.access_log_bucket", "Archive")], "storage.access_log_bucket: string should"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(
    changes: list[tuple[str, Any]], says: str
) -> None:
    assert says in refusal(changed(*changes))
