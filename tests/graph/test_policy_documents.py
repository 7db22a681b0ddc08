"""Every policy document of every stack: exact actions, exact resources, and a linter's verdict."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.documents.wildcards import WILDCARDS
from tests.graph.ci_documents import CI_DOCUMENTS
from tests.graph.linting import findings
from tests.graph.programs import STACKS, VARIANTS, graph_of
from tests.harness import Graph

pytestmark = pytest.mark.graph


def documents(graph: Graph) -> Iterator[tuple[str, str]]:
    """(where, document) of everything that has a policy of IAM's kind."""
    for resource in graph.resources:
        if resource.type == "aws:ecr/lifecyclePolicy:LifecyclePolicy":
            continue
        for key in ("policy", "assumeRolePolicy"):
            if resource.custom and key in resource.inputs:
                yield f"{resource.type}::{resource.name}", resource.inputs[key]


def statements(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, document in documents(graph):
        for statement in json.loads(document)["Statement"]:
            yield where, statement


def as_list(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in as_list(inner)]
    return [value] if isinstance(value, str) else list(value)


def allowed(statement: dict[str, Any], element: str, value: str) -> bool:
    return any(
        row.sid == statement["Sid"]
        and row.element == element
        and value.endswith(row.shape)
        and "*" not in value.removesuffix(row.shape)
        for row in WILDCARDS
    )


def test_every_document_passes_the_linter(graph: Graph) -> None:
    found = {where: lines for where, doc in documents(graph) if (lines := findings(doc))}
    assert not found


def test_no_denial_holds_of_what_a_request_leaves_out_while_it_reads_as_if_it_did_not(
    graph: Graph,
) -> None:
    # A negated operator is true of a missing key, with `IfExists` too.
    for where, statement in statements(graph):
        operators = statement.get("Condition", {}) if statement["Effect"] == "Deny" else {}
        misread = [each for each in operators if "Not" in each and each.endswith("IfExists")]
        assert not misread, (where, statement["Sid"])


def test_the_linter_would_speak_up() -> None:
    mistyped = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObjekt"], "Resource": "arn:aws:s3:::b/*"}
        ],
    }
    assert findings(json.dumps(mistyped))


def test_no_action_is_a_wildcard(graph: Graph) -> None:
    for where, statement in statements(graph):
        assert "NotAction" not in statement
        assert not [a for a in statement["Action"] if "*" in a or "?" in a], where


def test_every_other_wildcard_stands_in_the_table_with_its_reason(graph: Graph) -> None:
    for where, statement in statements(graph):
        for element in ("Resource", "Principal"):
            for value in as_list(statement.get(element, [])):
                listed = "*" not in value or allowed(statement, element, value)
                assert listed, f"{where} {statement['Sid']} {element} {value}"


def everywhere() -> Iterator[dict[str, Any]]:
    """Statements of every stack, and of what stands before a stack."""
    for stack in (*STACKS, *VARIANTS):
        yield from (statement for _, statement in statements(graph_of(stack)))
    for document in CI_DOCUMENTS.values():
        yield from document["Statement"]


def test_every_row_of_the_table_is_needed() -> None:
    seen = {
        (statement["Sid"], element, row.shape)
        for statement in everywhere()
        for element in ("Resource", "Principal", "Action")
        for value in as_list(statement.get(element, []))
        for row in WILDCARDS
        if "*" in value and value.endswith(row.shape)
    }
    assert not [row for row in WILDCARDS if (row.sid, row.element, row.shape) not in seen]


def test_a_principal_that_is_everyone_is_refused_or_held_to_account_vpc_or_endpoint(
    graph: Graph,
) -> None:
    for where, statement in statements(graph):
        if "*" in as_list(statement.get("Principal", [])) and statement["Effect"] != "Deny":
            held = statement["Condition"]["StringEquals"]
            if where.startswith("aws:apigateway/restApiPolicy:"):
                assert all(each.startswith("vpce-") for each in held["aws:SourceVpce"]), where
                continue
            assert where.startswith("aws:ec2/vpcEndpoint:"), where
            vpcs = {vpc.outputs["id"] for vpc in graph.all("aws:ec2/vpc:Vpc")}
            by_account = held.get("aws:PrincipalAccount") == "123456789012"
            assert by_account or held.get("aws:SourceVpc") in vpcs, where


def test_every_service_principal_is_held_to_this_account(graph: Graph) -> None:
    """But for trust: a role can only be passed to Lambda by somebody of this account."""
    for where, statement in statements(graph):
        principal = statement.get("Principal")
        if not isinstance(principal, dict) or "Service" not in principal:
            continue
        if principal["Service"] != "lambda.amazonaws.com" or statement["Action"] != [
            "sts:AssumeRole"
        ]:
            assert "123456789012" in json.dumps(statement["Condition"]), where


def test_every_bucket_queue_and_topic_refuses_plain_text_connections(graph: Graph) -> None:
    guarded = {
        "aws:s3/bucketPolicy:BucketPolicy": len(graph.all("aws:s3/bucket:Bucket")),
        "aws:sqs/queuePolicy:QueuePolicy": len(graph.all("aws:sqs/queue:Queue")),
        "aws:sns/topicPolicy:TopicPolicy": len(graph.all("aws:sns/topic:Topic")),
    }
    for type_, count in guarded.items():
        policies = graph.all(type_)
        assert len(policies) == count > 0
        for policy in policies:
            sids = [s["Sid"] for s in json.loads(policy.inputs["policy"])["Statement"]]
            assert "DenyWithoutTls" in sids, policy.urn


def test_the_inference_role_reads_models_so_that_a_missing_file_is_no_refusal(dev: Graph) -> None:
    bucket = dev.one("aws:s3/bucket:Bucket", "store-models").outputs["arn"]
    key = dev.one("aws:kms/key:Key", "keys-models").outputs["arn"]
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "serving-predict-models")
    listing, reading, decrypting = json.loads(policy.inputs["policy"])["Statement"]
    assert (listing["Action"], listing["Resource"]) == (["s3:ListBucket"], bucket)
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "models/*"}}
    assert (reading["Action"], reading["Resource"]) == (["s3:GetObject"], f"{bucket}/models/*")
    assert (decrypting["Action"], decrypting["Resource"]) == (["kms:Decrypt"], key)


def test_the_health_role_reads_the_registry_and_nothing_else(dev: Graph) -> None:
    names = [
        p.name
        for p in dev.all("aws:iam/rolePolicy:RolePolicy")
        if p.inputs["role"] == dev.one("aws:iam/role:Role", "health").outputs["name"]
    ]
    assert names == ["health-logs-and-traces", "health-registry"]
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "health-registry").inputs["policy"]
    actions = [a for s in json.loads(policy)["Statement"] for a in s["Action"]]
    assert actions == ["dynamodb:GetItem", "kms:Decrypt"]


def test_no_role_may_write_to_the_registry(graph: Graph) -> None:
    actions = {
        action
        for where, statement in statements(graph)
        if where.startswith("aws:iam/") and statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert {a for a in actions if a.startswith("dynamodb:")} == {"dynamodb:GetItem"}
