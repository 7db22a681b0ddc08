"""The documents of state and pipeline: linted, within IAM's limits, and wide enough for a stack."""

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from automation.bootstrap.run import BUCKET_NAME_CHARACTERS
from components.documents import Document, ci, deploy_actions, deploy_names
from emulation.echo import INVOKES
from tests.aws_requests import Unsent, faults
from tests.graph.ci_documents import CI_DOCUMENTS, FOOTING, KEYS
from tests.graph.linting import findings
from tests.graph.test_policy_documents import allowed, as_list
from tests.harness import Graph
from tests.iam_evaluation import allowed as evaluated

pytestmark = pytest.mark.graph

MANAGED_CHARACTERS = 6_144  # IAM quotas, without white space, 2026-11
INLINE_CHARACTERS = 10_240
"""Of all inline policies of a role together."""
BUCKET_POLICY_BYTES = 20_480
KEY_POLICY_BYTES = 32_768
TRUST_CHARACTERS = 2_048


def size(*documents: Document) -> int:
    return sum(len(json.dumps(document, separators=(",", ":"))) for document in documents)


@pytest.mark.parametrize("name", CI_DOCUMENTS)
def test_every_document_of_the_pipeline_passes_the_linter(name: str) -> None:
    found = findings(json.dumps(CI_DOCUMENTS[name]))
    if name == "boundary":
        # It names services whole, also what their actions need besides; that it lets through what
        # the roles are granted is a test of its own.
        found = [each for each in found if not each.startswith("RESOURCE_MISMATCH")]
    assert not found


@pytest.mark.parametrize("name", CI_DOCUMENTS)
def test_every_wildcard_of_the_pipeline_stands_in_the_table(name: str) -> None:
    for statement in CI_DOCUMENTS[name]["Statement"]:
        for element in ("Resource", "Principal", "Action"):
            for value in as_list(statement.get(element, [])):
                listed = "*" not in value or allowed(statement, element, value)
                assert listed, f"{statement['Sid']} {element} {value}"


def test_the_documents_fit_into_what_iam_and_s3_take() -> None:
    given = CI_DOCUMENTS
    assert size(given["plan state"], given["plan preview"]) <= INLINE_CHARACTERS
    assert size(given["apply state"], given["apply roles"]) <= INLINE_CHARACTERS
    assert size(given["state bucket"]) <= BUCKET_POLICY_BYTES
    assert size(given["secrets key"]) <= KEY_POLICY_BYTES
    assert size(given["plan trust"]) <= TRUST_CHARACTERS


@pytest.mark.parametrize(("stack", "region"), [("dev", "us-east-1"), (20 * "x", "ap-southeast-1")])
def test_the_managed_policies_of_the_longest_names_fit_into_what_iam_takes(
    stack: str, region: str
) -> None:
    account = replace(FOOTING.account, region=region)
    footing = replace(FOOTING, account=account, stack=stack)
    assert len(footing.bucket) <= BUCKET_NAME_CHARACTERS
    key = footing.kms(f"key/mrk-{32 * '0'}")
    boundary = ci.boundary(footing, state_key_arn=key, secrets_key_arn=key)
    for document in (boundary, ci.see(footing), ci.change(footing), ci.change_named(footing)):
        assert size(document) <= MANAGED_CHARACTERS


def granted(*names: str) -> set[str]:
    return {
        action
        for name in names
        for statement in CI_DOCUMENTS[name]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }


def test_the_plan_role_has_what_a_preview_asks_for_and_nothing_more() -> None:
    looked_up = {action for invoke in INVOKES if (action := LOOKED_UP[invoke])}
    who_signed = {"BatchGetImage", "GetAuthorizationToken", "GetDownloadUrlForLayer"}
    asked = looked_up | {f"ecr:{action}" for action in who_signed}
    assert granted("plan preview") == asked | {"kms:DescribeKey"}
    assert granted("plan state") == {
        *("kms:Decrypt", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket")
    }
    assert granted("see") >= asked


LOOKED_UP = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": "ec2:DescribeAvailabilityZones",
    "aws:index/getCallerIdentity:getCallerIdentity": None,
    "aws:index/getPartition:getPartition": None,
    "aws:index/getRegion:getRegion": None,
    "aws:kms/getPublicKey:getPublicKey": "kms:GetPublicKey",
}
"""What a program of the clone can look up -> the action; None = nobody needs a right for it."""


def test_the_boundary_lets_through_what_the_roles_are_granted() -> None:
    """Each statement as it is meant: with a resource that it names, in its conditions."""
    roles = ("see", "plan state", "plan preview", "apply state", "change", "change named")
    refused = [
        f"{action} on {resource}"
        for name in (*roles, "apply roles")
        for statement in CI_DOCUMENTS[name]["Statement"]
        for action in statement["Action"]
        for resource in concrete(action, statement)
        if not evaluated(
            action,
            resource,
            [CI_DOCUMENTS[name]],
            boundary=CI_DOCUMENTS["boundary"],
            context=as_asked(statement),
        )
    ]
    assert not refused


def concrete(action: str, statement: dict[str, Any]) -> list[str]:
    """Resources of the statement, and of the action's service where it names none."""
    service = action.partition(":")[0]
    given = as_list(statement["Resource"])
    if given == ["*"] and service in deploy_names.BOUNDED:
        if action in (*deploy_names.NAMELESS, *deploy_names.OF_MAPPINGS):
            return ["*"]
        given = deploy_names.names(FOOTING, [service])
    of_service = [each for each in given if each == "*" or each.split(":")[2] == service]
    return [each.replace("*", "1234567") if len(each) > 1 else each for each in of_service]


def as_asked(statement: dict[str, Any]) -> dict[str, str]:
    conditions = statement.get("Condition", {})
    met = {key: as_list(value)[0] for held in conditions.values() for key, value in held.items()}
    return {"aws:RequestedRegion": FOOTING.account.region} | {
        key: value.replace("*", "1234567") for key, value in met.items()
    }


NAMED_TYPES = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("cloudwatch", "alarm:", "alarmName"),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch", "dashboard/", "dashboardName"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "log-group:", "name"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "alarm:", "name"),
    "aws:dynamodb/table:Table": ("dynamodb", "table/", "name"),
    "aws:ecr/repository:Repository": ("ecr", "repository/", "name"),
    "aws:lambda/function:Function": ("lambda", "function:", "name"),
    "aws:s3/bucket:Bucket": ("s3", "", "bucket"),
    "aws:sns/topic:Topic": ("sns", "", "name"),
    "aws:sqs/queue:Queue": ("sqs", "", "name"),
}
"""Type -> service, what stands before the name in its ARN, and the input that chooses a name."""


def test_whatever_a_stack_has_is_called_as_the_apply_role_may_change_it(graph: Graph) -> None:
    """A name that nobody chose is the logical name, a hyphen and digits."""
    footing = replace(FOOTING, stack=graph.resources[0].urn.split(":")[2])
    wrong = []
    for type_, (service, kind, chosen) in NAMED_TYPES.items():
        patterns = [each.split(":", 5)[5] for each in deploy_names.names(footing, [service])]
        for resource in graph.all(type_):
            name = kind + (resource.inputs.get(chosen) or f"{resource.name}-1234567")
            if not any(fnmatchcase(name, pattern) for pattern in patterns):
                wrong.append(resource.urn)
    assert not wrong, "add it to documents/deploy_names.py"


def test_what_makes_each_resource_of_a_stack_is_granted_to_the_apply_role(
    graph: Graph, aws: Unsent
) -> None:
    asked: dict[str, str] = {}
    for resource in graph.resources:
        if resource.type.startswith("aws:"):
            assert not faults([resource], aws)
            for operation in aws.operations:
                asked |= dict.fromkeys(actions_of(*operation.split()), resource.type)
    missing = asked.keys() - granted("see", "apply state", "change", "change named", "apply roles")
    unlisted = {action: asked[action] for action in missing}
    assert not unlisted, "add them, and what reads and deletes, to documents/deploy_actions.py"


SERVICE = {"efs": "elasticfilesystem", "elbv2": "elasticloadbalancing"}
"""As botocore names a service -> as IAM does, where they differ."""


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The IAM actions of a request; none for gateways, of which all five methods are granted."""
    if service in ("apigateway", "apigatewayv2"):
        return ()
    call = f"{SERVICE.get(service, service)}:{operation}"
    return deploy_actions.NAMED_OTHERWISE.get(call, (call,))


def test_gateways_are_changed_by_methods_and_by_two_actions_that_guard_a_rest_api() -> None:
    assert {a for a in granted("see", "change") if a.startswith("apigateway:")} == {
        f"apigateway:{method}" for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
    } | {"apigateway:SetWebACL", "apigateway:UpdateRestApiPolicy"}


def test_no_action_is_listed_twice() -> None:
    for actions in (deploy_actions.reads(), deploy_actions.writes()):
        assert len(set(actions)) == len(actions)
    assert not set(deploy_actions.reads()) & set(deploy_actions.writes())


@pytest.mark.parametrize("role", ["plan", "apply"])
def test_a_trust_names_whole_subjects_and_the_audience(role: str) -> None:
    (statement,) = CI_DOCUMENTS[f"{role} trust"]["Statement"]
    assert list(statement["Condition"]) == ["StringEquals"]
    held: dict[str, Any] = statement["Condition"]["StringEquals"]
    assert held[f"{ci.GITHUB}:aud"] == "sts.amazonaws.com"
    assert not [subject for subject in held[f"{ci.GITHUB}:sub"] if "*" in subject]


def test_keys_and_names_of_another_stack_are_not_in_the_documents() -> None:
    text = json.dumps(list(CI_DOCUMENTS.values()))
    assert "prod" not in text
    assert KEYS["state_key_arn"] in text
    assert FOOTING.bucket_arn in text
