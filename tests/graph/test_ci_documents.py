"""The documents of state and pipeline: linted, within IAM's limits, and wide enough for a stack."""

import json
from typing import Any

import pytest

from components.documents import Document, ci, deploy_actions
from tests.aws_requests import Unsent, faults
from tests.graph.ci_documents import CI_DOCUMENTS, FOOTING, KEYS
from tests.graph.linting import findings
from tests.graph.test_policy_documents import allowed, as_list
from tests.harness import Graph

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
    assert not findings(json.dumps(CI_DOCUMENTS[name]))


@pytest.mark.parametrize("name", CI_DOCUMENTS)
def test_every_wildcard_of_the_pipeline_stands_in_the_table(name: str) -> None:
    for statement in CI_DOCUMENTS[name]["Statement"]:
        for element in ("Resource", "Principal", "Action"):
            for value in as_list(statement.get(element, [])):
                listed = "*" not in value or allowed(statement, element, value)
                assert listed, f"{statement['Sid']} {element} {value}"


def test_the_documents_fit_into_what_iam_and_s3_take() -> None:
    given = CI_DOCUMENTS
    assert size(given["boundary"]) <= MANAGED_CHARACTERS
    assert size(given["see"]) <= MANAGED_CHARACTERS
    assert size(given["change"]) <= MANAGED_CHARACTERS
    assert size(given["apply state"], given["apply roles"]) <= INLINE_CHARACTERS
    assert size(given["state bucket"]) <= BUCKET_POLICY_BYTES
    assert size(given["secrets key"]) <= KEY_POLICY_BYTES
    assert size(given["plan trust"]) <= TRUST_CHARACTERS


def granted(*names: str) -> set[str]:
    return {
        action
        for name in names
        for statement in CI_DOCUMENTS[name]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }


def test_the_plan_role_reads_and_reads_no_data_but_the_state() -> None:
    changing = ("Create", "Delete", "Put", "Update", "Tag", "Untag", "Set", "Add", "Remove")
    actions = granted("see", "plan state")
    assert not [each for each in actions if each.partition(":")[2].startswith(changing)]
    data = {"s3:GetObject", "dynamodb:GetItem", "sqs:ReceiveMessage", "logs:GetLogEvents"}
    assert not granted("see") & data
    assert granted("plan state") & data == {"s3:GetObject"}


def test_both_roles_can_ask_who_signed_an_image() -> None:
    asked = {"BatchGetImage", "GetAuthorizationToken", "GetDownloadUrlForLayer"}
    assert granted("see") >= {f"ecr:{action}" for action in asked}


def test_the_boundary_lets_through_what_the_roles_are_granted() -> None:
    services = tuple(f"{service}:" for service in ci.BOUNDED)
    beyond = granted("see", "plan state", "apply state", "change", "apply roles")
    named = granted("boundary")
    assert not [each for each in beyond if not each.startswith(services) and each not in named]


def test_what_makes_each_resource_of_a_stack_is_granted_to_the_apply_role(graph: Graph) -> None:
    aws, asked = Unsent(), dict[str, str]()
    for resource in graph.resources:
        if resource.type.startswith("aws:"):
            assert not faults([resource], aws)
            for operation in aws.operations:
                asked |= dict.fromkeys(actions_of(*operation.split()), resource.type)
    missing = asked.keys() - granted("see", "apply state", "change", "apply roles")
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
