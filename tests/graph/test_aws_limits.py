"""What AWS refuses although each input is well formed: names, sizes and orders of creation."""

import copy
import json
import re
from typing import Any

import pytest

from tests.aws_requests import Unsent, faults
from tests.graph.programs import run, stack_file
from tests.harness import Graph

pytestmark = pytest.mark.graph

ENVIRONMENT_BYTES = 4_096
ACCESS_LOG_FORMAT_BYTES = 3_072
TAGS = 50
"""Of one resource, 2026-11; object tags, which are fewer, are not used."""
TAG_TEXT = re.compile(r"[A-Za-z0-9 _.:/=+@-]{1,128}")
NAMES: dict[str, tuple[str, int]] = {
    "aws:lambda/function:Function": (r"[A-Za-z0-9_-]+", 64),
    "aws:iam/role:Role": (r"[A-Za-z0-9+=,.@_-]+", 64),
    "aws:iam/rolePolicy:RolePolicy": (r"[A-Za-z0-9+=,.@_-]+", 128),
    "aws:s3/bucket:Bucket": (r"[a-z0-9][a-z0-9-]*[a-z0-9]", 63),
    "aws:sqs/queue:Queue": (r"[A-Za-z0-9_-]+", 80),
    "aws:sns/topic:Topic": (r"[A-Za-z0-9_-]+", 256),
    "aws:dynamodb/table:Table": (r"[A-Za-z0-9_.-]+", 255),
    "aws:kms/alias:Alias": (r"alias/(?!aws/)[A-Za-z0-9/_-]+", 256),
    "aws:cloudwatch/dashboard:Dashboard": (r"[A-Za-z0-9_-]+", 255),
    "aws:cloudwatch/logGroup:LogGroup": (r"[A-Za-z0-9_/.#-]+", 512),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (r"[ -~]+", 255),
    "aws:cognito/userPool:UserPool": (r"[\w\s+=,.@-]+", 128),
    "aws:cognito/userPoolClient:UserPoolClient": (r"[\w\s+=,.@-]+", 128),
}
"""Type -> pattern and length of its physical name, 2026-11."""
AUTO_SUFFIX = "-0123abc"
"""What Pulumi adds to a logical name."""
NAME_PROPERTY = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
}


def longest_settings() -> dict[str, Any]:
    """The dev stack with every name as long as the settings let it be, and as many of them."""
    config = copy.deepcopy(stack_file("dev"))
    keys = [f"{'k' * 39}{index}" for index in range(5)]
    scopes = ["models/infer", "models/read", "models/write"]
    tenants = [
        {"name": f"{'t' * 38}{index:02}", "claim_value": None, "scopes": scopes, "models": ["*"]}
        for index in range(50)
    ]
    label = "A" + "b @._-" * 10 + "9"
    config["warmline:signing_keys"] = keys
    config["warmline:tenants"] = tenants
    largest = config["warmline:groups"][0] | {"memory_mb": 10_240, "tmp_mb": 10_240}
    config["warmline:groups"] = [
        largest | {"name": "d" * 32},
        largest | {"name": "g" * 32, "models": [f"{'m' * 61}{index:02}" for index in range(20)]},
    ]
    config["warmline:naming"] = {
        "owner": label,
        "cost_centre": label,
        "environment": "e" * 40,
    }
    return config


@pytest.fixture(scope="module")
def longest() -> Graph:
    return run("s" * 40, longest_settings())


def test_no_name_is_too_long_or_holds_what_its_service_refuses(longest: Graph) -> None:
    seen: set[str] = set()
    for resource in longest.resources:
        if resource.type not in NAMES:
            continue
        pattern, length = NAMES[resource.type]
        given = resource.inputs.get(NAME_PROPERTY.get(resource.type, "name"))
        name = given or f"{resource.name}{AUTO_SUFFIX}"
        assert re.fullmatch(pattern, name), f"{resource.urn}: {name}"
        assert len(name) <= length, f"{resource.urn}: {name} has {len(name)} characters"
        seen.add(resource.type)
    assert seen == set(NAMES)


def test_the_services_take_every_request_with_the_longest_names(
    longest: Graph, aws: Unsent
) -> None:
    made = [resource for resource in longest.resources if resource.type.startswith("aws:")]
    assert len(made) > 150
    assert faults(made, aws) == []


def test_five_signing_keys_with_long_names_leave_room_in_the_environment(longest: Graph) -> None:
    variables = longest.one("aws:lambda/function:Function", "serving-predict").inputs[
        "environment"
    ]["variables"]
    assert len(json.loads(variables["WARMLINE_KEYRING"])) == 5
    assert len(json.dumps(variables).encode()) < ENVIRONMENT_BYTES - 512


def test_every_tag_is_one_that_all_services_take(longest: Graph) -> None:
    tagged = [resource for resource in longest.resources if "tags" in resource.inputs]
    assert len(tagged) > 30
    for resource in tagged:
        tags = resource.inputs["tags"]
        assert len(tags) <= TAGS
        for text in (*tags, *tags.values()):
            assert TAG_TEXT.fullmatch(text), f"{resource.urn}: {text}"
            assert not text.startswith("aws:")


def test_every_client_is_an_audience_of_the_one_authorizer(longest: Graph) -> None:
    jwt = longest.one("aws:apigatewayv2/authorizer:Authorizer", "api").inputs["jwtConfiguration"]
    assert len(jwt["audiences"]) == 50


def test_the_access_log_fits_its_limit_and_a_policy_that_does_not_grow(graph: Graph) -> None:
    stages = ("aws:apigatewayv2/stage:Stage", "aws:apigateway/stage:Stage")
    (stage,) = (each for type_ in stages for each in graph.all(type_))
    settings = stage.inputs["accessLogSettings"]
    assert len(settings["format"].encode()) <= ACCESS_LOG_FORMAT_BYTES
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "api-access").inputs["name"]
    assert group.startswith("/aws/vendedlogs/")


def test_no_log_group_has_a_name_under_which_lambda_would_have_made_it_already(
    graph: Graph,
) -> None:
    for group in graph.all("aws:cloudwatch/logGroup:LogGroup"):
        assert not group.inputs.get("name", "").startswith("/aws/lambda/")
    for function in graph.all("aws:lambda/function:Function"):
        logging = function.property_dependencies["loggingConfig"]
        assert {urn.split("::")[2].split("$")[-1] for urn in logging} >= {
            "aws:cloudwatch/logGroup:LogGroup"
        }
    for policy in graph.all("aws:iam/rolePolicy:RolePolicy"):
        assert "logs:CreateLogGroup" not in policy.inputs["policy"]


def test_reads_are_logged_only_after_the_log_bucket_may_be_written_to(graph: Graph) -> None:
    policy = graph.one("aws:s3/bucketPolicy:BucketPolicy", "store-access-logs")
    logging = graph.all("aws:s3/bucketLogging:BucketLogging")
    assert len(logging) == 2
    for each in logging:
        assert policy.urn in each.dependencies


def test_a_bucket_policy_waits_for_the_public_access_block(graph: Graph) -> None:
    for policy in graph.all("aws:s3/bucketPolicy:BucketPolicy"):
        block = graph.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", policy.name)
        assert block.urn in policy.dependencies


def test_rules_on_noncurrent_versions_come_after_versioning(graph: Graph) -> None:
    for rules in graph.all("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"):
        versioning = graph.one("aws:s3/bucketVersioning:BucketVersioning", rules.name)
        assert versioning.urn in rules.dependencies


def test_a_tenant_item_reads_back_as_it_was_written(graph: Graph) -> None:
    # The store gives the members of a set back in an order of its own, which looks like a change.
    for item in graph.all("aws:dynamodb/tableItem:TableItem"):
        kinds = {kind for value in json.loads(item.inputs["item"]).values() for kind in value}
        assert kinds <= {"S", "N", "L", "M"}


def test_cloudwatch_may_use_the_key_of_the_alarm_topic(graph: Graph) -> None:
    topic = graph.one("aws:sns/topic:Topic", "observability")
    key = next(
        key
        for key in graph.all("aws:kms/key:Key")
        if key.outputs["arn"] == topic.inputs["kmsMasterKeyId"]
    )
    statements = json.loads(key.inputs["policy"])["Statement"]
    (mine,) = [s for s in statements if s["Sid"] == "PublishAlarms"]
    assert "cloudwatch.amazonaws.com" in mine["Principal"]["Service"]
    assert set(mine["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_one_domain_that_a_pool_may_have_goes_before_another_comes(dev: Graph) -> None:
    domain = dev.one("aws:cognito/userPoolDomain:UserPoolDomain", "identity")
    assert domain.delete_before_replace
