"""Every AWS resource is created by requests that botocore's models of the services allow."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.model import StringShape

from tests.aws_requests import Unsent, compiled, faults, faults_in, without_a_request
from tests.graph.programs import STACKS, graph_of
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

WITHOUT_A_REQUEST: Mapping[str, str] = {}
"""Type -> why the local provider does not make it; every other type's request is checked."""

ALARM = ("aws:cloudwatch/metricAlarm:MetricAlarm", "observability-api-5xx")
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "store-models",
)
FUNCTION = ("aws:lambda/function:Function", "serving-predict")
PROFILE = ("aws:signer/signingProfile:SigningProfile", "signing")
JOB = ("aws:signer/signingJob:SigningJob", "serving-predict")
CODE_SIGNING = ("aws:lambda/codeSigningConfig:CodeSigningConfig", "signing")
POLICY = ("policies", "untrustedArtifactOnDeployment")
IN_POLICIES = "CodeSigningPolicies.UntrustedArtifactOnDeployment"
CREATE_SIGNING = "lambda CreateCodeSigningConfig"
ATTACH = "lambda PutFunctionCodeSigningConfig"
LOG_GROUP = ("loggingConfig", "logGroup")
RULE = ("rules", 0)
ALGORITHM = "applyServerSideEncryptionByDefault"
CREATE = "lambda CreateFunction"
ENCRYPT = "s3 PutBucketEncryption"
PUT_ALARM = "cloudwatch PutMetricAlarm"
IN_RULE = "ServerSideEncryptionConfiguration.Rules[0]"
WHERE = f'required parameter in {IN_RULE}.ApplyServerSideEncryptionByDefault: "SSEAlgorithm"'


def planted(of: tuple[str, str], path: tuple[str | int, ...], value: Any) -> Resource:
    """A resource of prod with one input changed, or left out when the value is None."""
    resource = graph_of("prod").one(*of)
    inputs: Any = copy.deepcopy(dict(resource.inputs))
    block = inputs
    for key in path[:-1]:
        block = block[key]
    if value is None:
        del block[path[-1]]
    else:
        block[path[-1]] = value
    return replace(resource, inputs=inputs)


def test_every_type_without_a_request_is_listed_with_its_reason() -> None:
    found = set().union(*(without_a_request(graph_of(stack)) for stack in STACKS))
    assert found == WITHOUT_A_REQUEST.keys()


def test_a_type_that_the_provider_does_not_know_has_no_request() -> None:
    known = graph_of("prod").one(*ALARM)
    graph = Graph([known, replace(known, type="aws:waf/webAcl:WebAcl")])
    assert without_a_request(graph) == {"aws:waf/webAcl:WebAcl"}


def test_the_services_take_every_request_that_creates_a_resource(graph: Graph, aws: Unsent) -> None:
    made = [
        resource
        for resource in graph.resources
        if resource.type.startswith("aws:") and resource.type not in WITHOUT_A_REQUEST
    ]
    assert len(made) > 80
    assert faults(made, aws) == []


@pytest.mark.parametrize(
    ("of", "path", "value", "operation", "fault"),
    [
        (ALARM, ("comparisonOperator",), "AtLeast", PUT_ALARM, "ComparisonOperator: 'AtLeast' is "),
        (ALARM, ("okActions",), ["arn"] * 6, PUT_ALARM, "OKActions: 6 items is more than 5"),
        (ENCRYPTION, (*RULE, ALGORITHM, "sseAlgorithm"), None, ENCRYPT, f"Missing {WHERE}"),
        (ENCRYPTION, (*RULE, "keyOn"), True, ENCRYPT, f'Unknown parameter in {IN_RULE}: "keyOn"'),
        (FUNCTION, ("role",), None, "Check", "role: aws:lambda/function:Function needs 'role'"),
        (FUNCTION, ("memorySize",), 40_960, CREATE, "MemorySize: 40960 is more than "),
        (FUNCTION, LOG_GROUP, "two words", CREATE, "LoggingConfig.LogGroup: 'two words' does not "),
        (FUNCTION, ("tags", "owner"), "a|b", CREATE, "Tags.owner: 'a|b' does not match "),
        (PROFILE, ("platformId",), None, "signer PutSigningProfile", "Missing required parameter"),
        (JOB, ("profileName",), "a-b", "signer StartSigningJob", "profileName: 'a-b' does not "),
        (CODE_SIGNING, POLICY, "Refuse", CREATE_SIGNING, f"{IN_POLICIES}: 'Refuse' is none of"),
        (FUNCTION, ("codeSigningConfigArn",), "csc", ATTACH, "CodeSigningConfigArn: 'csc' does "),
        (FUNCTION, ("handler",), "h" * 129, CREATE, "Handler: 129 characters is more than 128"),
    ],
)
def test_what_a_service_would_refuse_is_reported(
    of: tuple[str, str],
    path: tuple[str | int, ...],
    value: Any,
    operation: str,
    fault: str,
    aws: Unsent,
) -> None:
    resource = planted(of, path, value)
    others = [one for one in graph_of("prod").resources if one.type.startswith("aws:")]
    (found,) = faults([*others, resource], aws)
    assert found.startswith(f"{resource.urn}: {operation}: {fault}")


def test_patterns_mean_what_they_mean_in_java() -> None:
    assert compiled(r"[\p{L}\p{N}]+").fullmatch("Größe9")
    assert not compiled(r"[\p{L}\p{N}]+").fullmatch("a_b")
    assert not compiled(r"\w+").fullmatch("Größe")


def test_a_pattern_that_python_cannot_read_is_reported() -> None:
    shape = StringShape("Name", {"type": "string", "pattern": r"\p{Print}+"})
    (found,) = faults_in(shape, "name", ".Name")
    assert found.startswith(r"Name: the pattern \p{Print}+ cannot be read: ")
