"""What exists already is used and not made: keys, and the bucket that takes access logs."""

import json
from functools import cache
from typing import Any

import pytest

from tests.graph.programs import changed, run
from tests.harness import Graph

pytestmark = pytest.mark.graph

KEY = "aws:kms/key:Key"
CLASSES = ("models", "registry", "logs", "queues", "code")


def arn(number: int) -> str:
    return f"arn:aws:kms:us-east-1:123456789012:key/{number:08}-0000-0000-0000-000000000000"


GIVEN = {name: arn(number) for number, name in enumerate(CLASSES, 1)}
SIGNING = arn(9)


@cache
def brownfield() -> Graph:
    keys: dict[str, Any] = {**GIVEN, "signing": [{"name": "release", "arn": SIGNING}]}
    storage = {"access_log_bucket": "central-archive"}
    return run("prod", changed("prod", {"keys": keys, "storage": storage}))


def test_with_all_keys_given_none_and_no_alias_is_made() -> None:
    brownfield().none(KEY)
    brownfield().none("aws:kms/alias:Alias")


def test_everything_is_encrypted_with_the_key_of_its_class() -> None:
    graph = brownfield()
    used = {
        *((r.inputs["kmsKeyId"], "logs") for r in graph.all("aws:cloudwatch/logGroup:LogGroup")),
        *((r.inputs["kmsMasterKeyId"], "queues") for r in graph.all("aws:sqs/queue:Queue")),
        *((r.inputs["kmsMasterKeyId"], "queues") for r in graph.all("aws:sns/topic:Topic")),
        *((r.inputs["kmsKeyArn"], "code") for r in graph.all("aws:lambda/function:Function")),
    }
    table = graph.one("aws:dynamodb/table:Table", "registry").inputs["serverSideEncryption"]
    assert used == {(GIVEN[name], name) for name in ("logs", "queues", "code")}
    assert table["kmsKeyArn"] == GIVEN["registry"]
    encryption = (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    defaults = {
        r.name: r.inputs["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
        for r in graph.all(encryption)
    }
    assert defaults == {"store-models": GIVEN["models"], "store-artefacts": GIVEN["code"]}


def test_roles_name_the_given_keys_and_no_others() -> None:
    named = {
        statement["Resource"]
        for policy in brownfield().all("aws:iam/rolePolicy:RolePolicy")
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if any(action.startswith("kms:") for action in statement["Action"])
    }
    assert named <= set(GIVEN.values())
    assert {GIVEN["models"], GIVEN["registry"], GIVEN["queues"]} <= named


def test_manifests_are_verified_with_the_public_key_of_the_given_one() -> None:
    graph = brownfield()
    assert graph.outputs["signing_key_arn"] == SIGNING
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    ring = json.loads(function.inputs["environment"]["variables"]["WARMLINE_KEYRING"])
    assert list(ring) == ["release"]


def test_one_key_can_be_given_and_the_others_are_made() -> None:
    graph = run("prod", changed("prod", {"keys": {"models": arn(1)}}))
    made = {key.name for key in graph.all(KEY)}
    assert made == {f"keys-{name}" for name in CLASSES[1:]} | {"keys-signing-release"}


def test_access_logs_go_to_the_given_bucket_and_none_is_made_for_them() -> None:
    graph = brownfield()
    buckets = {bucket.name for bucket in graph.all("aws:s3/bucket:Bucket")}
    assert buckets == {"store-models", "store-artefacts"}
    logging = graph.all("aws:s3/bucketLogging:BucketLogging")
    assert {each.inputs["targetBucket"] for each in logging} == {"central-archive"}
    assert {each.inputs["targetPrefix"] for each in logging} == {
        "warmline-prod/store-models/",
        "warmline-prod/store-artefacts/",
    }


def test_the_policy_of_a_bucket_that_others_own_is_left_alone() -> None:
    policies = brownfield().all("aws:s3/bucketPolicy:BucketPolicy")
    assert {each.name for each in policies} == {"store-models", "store-artefacts"}
