"""The one place where a function is made, and everything that is wired to it."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.account import Account
from components.encrypted_bucket import EncryptedBucket, EncryptedBucketArgs
from components.function import (
    FailureDestination,
    Function,
    FunctionArgs,
    QueueSource,
)
from components.tags import DataClass
from contracts.env import OPTIONAL, HealthEnv, PredictEnv
from functions.health.config import Config as HealthConfig
from functions.predict.config import Config as PredictConfig
from tests.graph.programs import ARCHIVE_DIGEST, KEY, TAGS, function_common, unbuilt
from tests.harness import ACCOUNT_ID, REGION, Graph, deploy

pytestmark = pytest.mark.graph

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:q"


def built(**arguments: Any) -> Graph:
    """A function with `arguments` beside what every one needs."""

    def build() -> None:
        package = unbuilt("predict", python_version="3.13", architecture="arm64")
        Function(
            "f",
            FunctionArgs(
                common=function_common(),
                package=package,
                memory_mb=512,
                timeout_seconds=7,
                **arguments,
            ),
        )

    return deploy(build)


def test_it_is_published_behind_an_alias_of_a_concrete_version() -> None:
    graph = built()
    function = graph.one(FUNCTION, "f")
    alias = graph.one(ALIAS, "f")
    assert function.inputs["publish"] is True
    assert alias.inputs["name"] == "live"
    assert alias.inputs["functionVersion"] == function.outputs["version"] != "$LATEST"
    assert "routingConfig" not in alias.inputs


def test_the_code_is_named_by_its_function_its_content_and_the_version_of_the_upload() -> None:
    graph = built()
    function = graph.one(FUNCTION, "f").inputs
    upload = graph.one("aws:s3/bucketObjectv2:BucketObjectv2", "f")
    assert upload.inputs["key"] == function["s3Key"] == f"f/{ARCHIVE_DIGEST}.zip"
    assert function["s3ObjectVersion"] == upload.outputs["versionId"]
    assert "sourceCodeHash" not in function


def test_the_upload_waits_for_versioning_and_encryption_of_the_bucket() -> None:
    graph = built()
    upload = graph.one("aws:s3/bucketObjectv2:BucketObjectv2", "f")
    for side in ("BucketVersioning", "BucketServerSideEncryptionConfiguration"):
        urns = [r.urn for r in graph.resources if r.type.endswith(f":{side}")]
        assert urns
        assert set(urns) <= upload.dependencies, side


def policies_not_waited_for(graph: Graph) -> set[str]:
    policies = {p.urn for p in graph.all("aws:iam/rolePolicy:RolePolicy")}
    assert len(policies) == 3
    return policies - graph.one(FUNCTION, "f").dependencies


def test_the_function_waits_for_every_policy_of_its_role() -> None:
    graph = built(policies={"one": "{}", "two": "{}"})
    assert not policies_not_waited_for(graph)


def test_one_edge_that_is_missing_is_noticed() -> None:
    graph = built(policies={"one": "{}", "two": "{}"})
    function, (policy, *_) = graph.one(FUNCTION, "f"), graph.all("aws:iam/rolePolicy:RolePolicy")
    graph.resources.remove(function)
    graph.resources.append(replace(function, dependencies=function.dependencies - {policy.urn}))
    assert policies_not_waited_for(graph) == {policy.urn}


def test_it_is_traced_logged_and_described_by_its_arguments() -> None:
    graph = built(tmp_mb=1024, environment={"A": "b"}, reserved_concurrency=4)
    function = graph.one(FUNCTION, "f").inputs
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "f")
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["loggingConfig"] == {
        "logFormat": "Text",
        "logGroup": group.outputs["name"],
    }
    assert group.inputs["retentionInDays"] == 14
    assert group.inputs["kmsKeyId"] == function["kmsKeyArn"] == KEY
    assert function["environment"] == {"variables": {"A": "b"}}
    assert function["ephemeralStorage"] == {"size": 1024}
    assert function["reservedConcurrentExecutions"] == 4
    assert (function["memorySize"], function["timeout"]) == (512, 7)
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["arm64"])
    assert function["handler"] == "functions.predict.handler.handler"


def test_an_asynchronous_function_sends_failed_events_away_and_may_do_so() -> None:
    graph = built(failures=FailureDestination(queue_arn=QUEUE, kms_key_arn=KEY))
    assert graph.one(FUNCTION, "f").inputs["deadLetterConfig"] == {"targetArn": QUEUE}
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "f-failures").inputs["policy"]
    assert QUEUE in policy
    assert "sqs:SendMessage" in policy


def test_a_synchronous_function_has_no_failure_destination() -> None:
    assert "deadLetterConfig" not in built().one(FUNCTION, "f").inputs


def test_a_queue_calls_the_alias_and_gets_failures_back_one_by_one() -> None:
    source = QueueSource(queue_arn=QUEUE, batch_size=5, maximum_concurrency=2)
    graph = built(source=source)
    mapping = graph.one("aws:lambda/eventSourceMapping:EventSourceMapping", "f").inputs
    assert mapping["functionName"] == graph.one(ALIAS, "f").outputs["arn"]
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["eventSourceArn"], mapping["batchSize"]) == (QUEUE, 5)
    assert mapping["scalingConfig"] == {"maximumConcurrency": 2}


def test_the_unqualified_function_is_no_output() -> None:
    promised = set(Function.__annotations__)
    assert promised == {
        *("alias_arn", "alias_invoke_arn", "alias_metrics", "alias_name", "architecture"),
        *("function_name", "log_group_name", "timeout_seconds"),
    }


def test_whatever_calls_a_function_calls_its_alias(graph: Graph) -> None:
    aliases = {a.outputs["arn"]: a for a in graph.all(ALIAS)}
    invoke_arns = {a.outputs["invokeArn"] for a in aliases.values()}
    for mapping in graph.all("aws:lambda/eventSourceMapping:EventSourceMapping"):
        assert mapping.inputs["functionName"] in aliases
    for integration in graph.all("aws:apigatewayv2/integration:Integration"):
        assert integration.inputs["integrationUri"] in invoke_arns
    for integration in graph.all("aws:apigateway/integration:Integration"):
        assert integration.inputs["uri"] in invoke_arns
    for permission in graph.all("aws:lambda/permission:Permission"):
        assert permission.inputs["qualifier"] == "live"


def test_the_inference_function_gets_exactly_the_environment_that_it_reads(graph: Graph) -> None:
    environment = graph.one(FUNCTION, "serving-predict").inputs["environment"]["variables"]
    optional = {name.value for name in OPTIONAL}
    assert set(environment) - optional == {name.value for name in PredictEnv} - optional
    assert set(environment) & optional in (set(), optional)
    config = PredictConfig.from_environ(environment)
    assert config.model_bucket == graph.outputs["model_bucket"]
    assert config.registry_table == graph.outputs["registry_table"]
    assert [config.serving_group] == list(graph.outputs["serving_groups"])


def test_the_health_function_gets_exactly_the_environment_that_it_reads(graph: Graph) -> None:
    environment = graph.one(FUNCTION, "health").inputs["environment"]["variables"]
    assert set(environment) == {name.value for name in HealthEnv}
    assert HealthConfig.from_environ(environment).registry_table == graph.outputs["registry_table"]


def test_every_environment_fits_into_lambdas_four_kilobytes(graph: Graph) -> None:
    for function in graph.all(FUNCTION):
        variables = function.inputs["environment"]["variables"]
        assert sum(len(k) + len(v) for k, v in variables.items()) < 4_096


def test_the_caches_fit_into_what_the_function_has(graph: Graph) -> None:
    function = graph.one(FUNCTION, "serving-predict").inputs
    environment = function["environment"]["variables"]
    assert int(environment[PredictEnv.MEMORY_CACHE_MB]) < function["memorySize"]
    assert int(environment[PredictEnv.DISK_CACHE_MB]) <= function["ephemeralStorage"]["size"]


def test_a_component_gives_its_options_to_none_of_its_children() -> None:
    def build() -> None:
        grandparent = pulumi.ComponentResource("a:b:Grandparent", "g")
        EncryptedBucket(
            "bucket",
            EncryptedBucketArgs(
                data=DataClass.MODELS,
                account=Account(id=ACCOUNT_ID, region=REGION, partition="aws"),
                kms_key_arn=KEY,
                access_log_bucket=None,
                force_destroy=False,
                protect=True,
                tags=TAGS,
                noncurrent_days=1,
            ),
            pulumi.ResourceOptions(parent=grandparent),
        )

    graph = deploy(build)
    made = [r for r in graph.resources if r.custom]
    assert made
    for child in made:
        assert child.parent.endswith("warmline:components:EncryptedBucket::bucket"), child.urn
