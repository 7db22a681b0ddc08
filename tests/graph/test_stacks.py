"""The three committed stacks as wholes."""

import ast
import re
from pathlib import Path

import pytest

from components.packaging import ROOT
from tests.graph.programs import STACKS, graph_of, run, stack_file
from tests.harness import Graph

pytestmark = pytest.mark.graph

SNAPSHOTS = Path(__file__).parent / "urns"
STATEFUL = (
    "aws:kms/key:Key",
    "aws:dynamodb/table:Table",
    "aws:cognito/userPool:UserPool",
    "aws:s3/bucket:Bucket",
)
OUTPUTS = {
    *("api_url", "token_url", "client_id", "user_pool_id", "tenants", "model_bucket"),
    *("registry_table", "signing_key_arn", "signing_key_name"),
    *("alarm_topic_arn", "page_topic_arn", "images", "region", "stack"),
    *("serving_groups", "release"),
}


@pytest.mark.parametrize("stack", STACKS)
def test_the_urns_are_those_of_the_snapshot(stack: str) -> None:
    """A line that goes or changes is a resource that is deleted or replaced.

    To accept a change: `python -m tests.graph.snapshot`.
    """
    assert graph_of(stack).urns() == (SNAPSHOTS / f"{stack}.txt").read_text().splitlines()


def test_dev_and_prod_are_the_same_but_for_network_front_door_and_objectives(
    dev: Graph, prod: Graph
) -> None:
    def others(graph: Graph) -> list[str]:
        apart = (":Network", "-predict-network", ":InferenceApi", "::observability-availability-")
        apart += ("::observability-latency-", "Dashboard::observability-")
        return [urn for urn in graph.urns() if not any(part in urn for part in apart)]

    assert [urn.replace("pulumi:dev", "pulumi:prod") for urn in others(dev)] == others(prod)


def test_a_program_that_runs_twice_in_one_process_gives_one_inventory() -> None:
    first, second = run("dev"), run("dev")
    assert first.urns() == second.urns()
    assert first.outputs == second.outputs


def test_the_outputs_are_those_that_scripts_rely_on(graph: Graph) -> None:
    pool = graph.all("aws:cognito/userPool:UserPool")
    assert set(graph.outputs) == (OUTPUTS if pool else OUTPUTS - {"user_pool_id"})
    assert graph.outputs["api_url"].startswith("https://")
    assert not graph.outputs["api_url"].endswith("/")


def test_no_output_is_or_holds_a_client_secret(graph: Graph) -> None:
    clients = graph.all("aws:cognito/userPoolClient:UserPoolClient")
    assert bool(clients) is bool(graph.all("aws:cognito/userPool:UserPool"))
    assert all("clientSecret" in client.secret_outputs for client in clients)
    secrets = [client.outputs["clientSecret"] for client in clients]
    assert not [secret for secret in secrets if secret in str(graph.outputs)]


def test_every_tenant_is_an_item_with_its_client_id_as_claim(graph: Graph) -> None:
    tenants = graph.outputs["tenants"]
    items = {
        item.name.removeprefix("registry-tenant-"): item.inputs["item"]
        for item in graph.all("aws:dynamodb/tableItem:TableItem")
    }
    assert set(items) == set(tenants)
    for name, client in tenants.items():
        assert f'"pk": {{"S": "TENANT#{client}"}}' in items[name]


def test_prod_guards_its_data_and_local_gives_it_up(prod: Graph) -> None:
    for kept in (r for type_ in STATEFUL for r in prod.all(type_)):
        assert kept.protect or "artefacts" in kept.name, kept.urn
    table = prod.one("aws:dynamodb/table:Table", "registry")
    assert table.inputs["deletionProtectionEnabled"] is True
    pool = prod.one("aws:cognito/userPool:UserPool", "identity")
    assert pool.inputs["deletionProtection"] == "ACTIVE"

    local = graph_of("local")
    assert not [r.urn for r in local.resources if r.protect]
    assert all(b.inputs["forceDestroy"] for b in local.all("aws:s3/bucket:Bucket"))


@pytest.mark.parametrize(("stack", "days", "window"), [("local", 1, 7), ("prod", 365, 30)])
def test_logs_are_kept_and_keys_outlive_an_order_to_delete_as_the_settings_say(
    stack: str, days: int, window: int
) -> None:
    graph = graph_of(stack)
    groups, keys = graph.all("aws:cloudwatch/logGroup:LogGroup"), graph.all("aws:kms/key:Key")
    assert {"health", "serving-predict", "api-access"} <= {group.name for group in groups}
    assert {group.inputs["retentionInDays"] for group in groups} == {days}
    assert {key.inputs["deletionWindowInDays"] for key in keys} == {window}


def test_everything_that_takes_tags_says_whose_it_is(graph: Graph) -> None:
    untagged = {
        *("aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/queryDefinition:QueryDefinition"),
        "aws:iam/rolePolicy:RolePolicy",
        *("aws:lambda/alias:Alias", "aws:lambda/permission:Permission", "aws:kms/alias:Alias"),
        *("aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy"),
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        *("aws:s3/bucketObjectv2:BucketObjectv2", "aws:signer/signingJob:SigningJob"),
    }
    tagged = [r for r in graph.resources if "tags" in r.inputs]
    assert tagged
    for resource in tagged:
        assert set(resource.inputs["tags"]) == {
            *("Name", "project", "stack", "environment", "owner", "cost-centre", "data-class")
        }, resource.urn
    bare = {r.type for r in graph.resources if r.custom and "tags" not in r.inputs}
    takes_no_tags = re.compile(
        r"aws:(s3/bucket.+|apigatewayv2/(route|integration|authorizer|apiMapping):.+"
        r"|apigateway/(?!restApi:|stage:|domainName:).+|wafv2/webAcl(Association|Logging).+"
        r"|route53/.+|sqs/queuePolicy:.+|sns/topicPolicy:.+|dynamodb/tableItem:.+"
        r"|ec2/route(TableAssociation)?:.+|efs/(mountTarget|fileSystemPolicy|backupPolicy):.+"
        r"|cognito/(resource|userPool[CD]).+)"
    )
    assert not {type_ for type_ in bare - untagged if not takes_no_tags.fullmatch(type_)}


def test_the_stack_files_have_the_same_keys() -> None:
    local, dev, prod = (stack_file(stack) for stack in STACKS)
    assert _alike(local, dev)
    assert _alike(dev, prod)


def test_no_code_asks_which_stack_it_is_in() -> None:
    sources = [ROOT / "__main__.py", *(ROOT / "components").rglob("*.py")]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                assert "stack" not in names, f"{path.name}:{node.lineno}"


def test_no_module_makes_a_resource_or_an_output_when_it_is_imported() -> None:
    for path in (ROOT / "components").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
                text = ast.unparse(node)
                assert not re.search(r"\baws\.", text), f"{path.name}: {text[:60]}"
                assert "Output." not in text, f"{path.name}: {text[:60]}"


def _alike(one: object, other: object) -> bool:
    """Whether both have the same keys; where a section may be null, either may leave it out."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return not (isinstance(one, dict) or isinstance(other, dict)) or None in (one, other)
