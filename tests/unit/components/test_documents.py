"""Builders of policy documents, and other arithmetic beside the components."""

import re

import pytest

from components.account import Account
from components.derived import domain_name, near_timeout_ms, visibility_seconds
from components.documents import document, key
from components.documents.body_limit import above
from components.documents.bucket import encrypted_bucket
from components.documents.wildcards import WILDCARDS
from components.tags import DataClass, Tags
from tests.iam_evaluation import allowed

pytestmark = pytest.mark.unit

HERE = Account(id="123456789012", region="eu-central-1", partition="aws")
ENCRYPTED = [data for data in DataClass if data is not DataClass.NONE]


@pytest.mark.parametrize("data", ENCRYPTED)
def test_a_key_can_be_administered_by_the_account_and_used_only_under_a_condition(
    data: DataClass,
) -> None:
    administration, *uses = key.encryption_key(data, HERE)["Statement"]
    assert administration == key.administration("arn:aws:iam::123456789012:root")
    assert uses
    for use in uses:
        assert "123456789012" in str(use["Condition"]), use["Sid"]
        assert not [a for a in use["Action"] if a.startswith(("kms:Put", "kms:Schedule"))]


def test_administration_cannot_read_data() -> None:
    actions = key.administration("root")["Action"]
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:Sign"} & set(actions)


def test_what_holds_no_data_has_no_key() -> None:
    with pytest.raises(ValueError, match="has no key"):
        key.encryption_key(DataClass.NONE, HERE)


def test_a_models_key_is_used_through_s3_of_this_region_alone() -> None:
    _, use = key.encryption_key(DataClass.MODELS, HERE)["Statement"]
    assert use["Condition"]["StringEquals"] == {
        "kms:ViaService": ["s3.eu-central-1.amazonaws.com"],
        "kms:CallerAccount": "123456789012",
    }


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"": "aws:kms", "-aws-kms-key-id": "arn:aws:kms:r:1:key/ours"}, True),
        ({"": "aws:kms", "-aws-kms-key-id": "arn:aws:kms:r:1:key/other"}, False),
        ({"": "AES256"}, False),
    ],
)
def test_an_upload_may_leave_encryption_to_the_bucket_but_not_ask_for_another(
    headers: dict[str, str], passes: bool
) -> None:
    """A key that a request lacks holds a negated condition, with `IfExists` and without."""
    everything = document({"Effect": "Allow", "Action": ["*"], "Resource": "*"})
    bucket = encrypted_bucket("arn:aws:s3:::b", "arn:aws:kms:r:1:key/ours")
    context = {f"s3:x-amz-server-side-encryption{name}": value for name, value in headers.items()}
    context["aws:SecureTransport"] = "true"
    upload = allowed("s3:PutObject", "arn:aws:s3:::b/x", [everything, bucket], context=context)
    assert upload is passes


def test_an_upload_that_asks_for_a_key_of_kms_without_naming_one_is_refused() -> None:
    # S3 takes AWS's own key then, and not the bucket's: anyone's grant of S3 would read it.
    *_, unnamed, _ = encrypted_bucket("arn:aws:s3:::b", "arn:key")["Statement"]
    assert (unnamed["Effect"], unnamed["Principal"]) == ("Deny", "*")
    assert unnamed["Condition"] == {
        "Null": {
            "s3:x-amz-server-side-encryption": "false",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "true",
        }
    }


def test_nobody_writes_an_object_under_a_key_of_their_own() -> None:
    # With SSE-C the caller keeps the key: what is overwritten so is held to ransom.
    *_, own_key = encrypted_bucket("arn:aws:s3:::b", "arn:key")["Statement"]
    assert (own_key["Effect"], own_key["Principal"]) == ("Deny", "*")
    assert (own_key["Action"], own_key["Resource"]) == (["s3:PutObject"], "arn:aws:s3:::b/*")
    assert own_key["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}
    }


def test_every_wildcard_has_a_reason() -> None:
    for row in WILDCARDS:
        assert len(row.reason) > 30
        assert "*" in row.shape


@pytest.mark.parametrize("stack", ["dev", "aws-Amazon_cognito", "x" * 100])
def test_a_domain_is_one_that_cognito_takes_whatever_the_stack_is_called(stack: str) -> None:
    name = domain_name("warmline", stack, HERE)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", name)
    assert not re.search("aws|amazon|cognito", name)


def test_a_domain_tells_no_account_and_differs_by_region_and_stack() -> None:
    name = domain_name("warmline", "dev", HERE)
    elsewhere = Account(id=HERE.id, region="us-east-1", partition="aws")
    assert HERE.id not in name
    assert name == domain_name("warmline", "dev", HERE)
    assert name != domain_name("warmline", "dev", elsewhere)
    assert name != domain_name("warmline", "prod", HERE)


def test_tags_name_the_resource_and_what_it_holds() -> None:
    tags = Tags(project="p", stack="s", environment="e", owner="o", cost_centre="c")
    assert tags.named("queue", DataClass.QUEUES) == {
        "Name": "queue",
        "project": "p",
        "stack": "s",
        "environment": "e",
        "owner": "o",
        "cost-centre": "c",
        "data-class": "queues",
    }
    assert tags.named("role")["data-class"] == "none"


def test_times_are_derived_from_the_functions_timeout() -> None:
    assert visibility_seconds(25) == 150
    assert near_timeout_ms(25, 80) == 20_000


@pytest.mark.parametrize(
    "limit", [1, 9, 10, 99, 1_000, 4_200_000, 5_999_999, 6_000_000, 10_000_000]
)
def test_a_limit_as_a_pattern_holds_for_every_number_around_it(limit: int) -> None:
    pattern = re.compile(above(limit))
    assert len(above(limit)) <= 200, "WAF takes no longer pattern"
    near = {
        *range(max(0, limit - 50), limit + 50),
        0,
        limit // 2,
        limit * 2,
        limit * 10,
        limit * 99,
    }
    for number in near:
        assert bool(pattern.search(str(number))) == (number > limit), number
        assert bool(pattern.search(f"00{number}")) == (number > limit), number
