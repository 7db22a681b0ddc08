"""The shared file system of models: who gets in, and what waits for what."""

import json
from typing import Any

import pytest

from components.model_file_system import FileSystemMount, unreachable
from components.network import Subnet
from contracts.env import OPTIONAL, PredictEnv
from functions.predict.config import Config
from tests.graph.programs import changed, graph_of, run
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

FUNCTION = "aws:lambda/function:Function"
TARGET = "aws:efs/mountTarget:MountTarget"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
POINT = "aws:efs/accessPoint:AccessPoint"
SUBNET = "aws:ec2/subnet:Subnet"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


@pytest.fixture
def efs() -> Graph:
    return graph_of("prod-nat-efs")


def predict(graph: Graph) -> Resource:
    return graph.one(FUNCTION, "serving-predict")


def group(graph: Graph, name: str) -> str:
    return graph.one("aws:ec2/securityGroup:SecurityGroup", name).outputs["id"]


def statements(graph: Graph, type_: str, name: str) -> dict[str, Any]:
    policy = graph.one(type_, name).inputs["policy"]
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def test_no_committed_stack_has_one() -> None:
    for stack in ("local", "dev", "prod"):
        graph_of(stack).none(FILE_SYSTEM)
        graph_of(stack).none(TARGET)


def test_there_is_a_target_in_every_subnet_that_the_function_uses(efs: Graph) -> None:
    subnets = [target.inputs["subnetId"] for target in efs.all(TARGET)]
    assert subnets == predict(efs).inputs["vpcConfig"]["subnetIds"]
    assert len(set(subnets)) == 3


def test_the_function_waits_for_every_target_and_for_what_opens_them(efs: Graph) -> None:
    function = predict(efs)
    needed = [*efs.all(TARGET), efs.one("aws:efs/fileSystemPolicy:FileSystemPolicy", "model-files")]
    needed += [efs.one(INGRESS, "model-files-from-functions")]
    needed += [efs.one("aws:iam/rolePolicy:RolePolicy", "serving-predict-files")]
    assert not [each.urn for each in needed if each.urn not in function.dependencies]


def test_only_the_functions_group_reaches_the_targets_and_only_by_nfs(efs: Graph) -> None:
    targets, functions = group(efs, "model-files"), group(efs, "network-functions")
    assert all(target.inputs["securityGroups"] == [targets] for target in efs.all(TARGET))
    (rule,) = [each for each in efs.all(INGRESS) if each.inputs["securityGroupId"] == targets]
    assert rule.inputs["referencedSecurityGroupId"] == functions
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (2049, 2049)
    out = efs.one(EGRESS, "model-files-of-functions").inputs
    assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == (functions, targets)


def test_it_is_mounted_where_the_function_looks_for_it(efs: Graph) -> None:
    function = predict(efs).inputs
    assert function["fileSystemConfig"] == {
        "arn": efs.one(POINT, "model-files").outputs["arn"],
        "localMountPath": "/mnt/models",
    }
    environment = function["environment"]["variables"]
    assert set(environment) == {name.value for name in PredictEnv}
    config = Config.from_environ(environment)
    assert (config.efs_folder, config.efs_cache_mb) == ("/mnt/models", 20_480)


def test_it_is_encrypted_with_the_models_key_which_efs_may_use(efs: Graph) -> None:
    key = efs.one("aws:kms/key:Key", "keys-models")
    made = efs.one(FILE_SYSTEM, "model-files").inputs
    assert (made["encrypted"], made["kmsKeyId"]) == (True, key.outputs["arn"])
    uses = {s["Sid"]: s for s in json.loads(key.inputs["policy"])["Statement"]}
    services = uses["UseThroughService"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert "elasticfilesystem.us-east-1.amazonaws.com" in services
    assert "GrantToService" in uses


def test_without_a_file_system_its_service_may_not_use_the_models_key(prod: Graph) -> None:
    assert "elasticfilesystem" not in prod.one("aws:kms/key:Key", "keys-models").inputs["policy"]


def test_whoever_comes_without_tls_or_beside_the_access_point_is_refused(efs: Graph) -> None:
    policy = statements(efs, "aws:efs/fileSystemPolicy:FileSystemPolicy", "model-files")
    assert set(policy) == {"DenyWithoutTls", "DenyOtherWaysIn"}
    for statement in policy.values():
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert "elasticfilesystem:ClientMount" in statement["Action"]
    assert policy["DenyWithoutTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert policy["DenyOtherWaysIn"]["Condition"] == {
        "ArnNotEquals": {
            "elasticfilesystem:AccessPointArn": efs.one(POINT, "model-files").outputs["arn"]
        }
    }


def test_the_role_may_mount_and_write_through_the_access_point_and_is_never_root(
    efs: Graph,
) -> None:
    (statement,) = statements(
        efs, "aws:iam/rolePolicy:RolePolicy", "serving-predict-files"
    ).values()
    assert statement["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    assert statement["Resource"] == efs.one(FILE_SYSTEM, "model-files").outputs["arn"]
    assert list(statement["Condition"]) == ["ArnEquals"]


def test_everyone_is_one_user_in_one_folder_that_only_that_user_enters(efs: Graph) -> None:
    point = efs.one(POINT, "model-files").inputs
    info = point["rootDirectory"]["creationInfo"]
    assert point["posixUser"] == {"uid": 1000, "gid": 1000}
    assert (info["ownerUid"], info["ownerGid"], info["permissions"]) == (1000, 1000, "0700")


@pytest.mark.parametrize(
    ("backup", "days", "status", "transition"),
    [
        (True, 1, "ENABLED", "AFTER_1_DAY"),
        (False, 90, "DISABLED", "AFTER_90_DAYS"),
        (False, None, "DISABLED", None),
    ],
)
def test_backups_and_cheaper_storage_are_as_the_settings_say(
    backup: bool, days: int | None, status: str, transition: str | None
) -> None:
    section = {"cache_mb": 64, "infrequent_access_days": days, "backup": backup, "stand_in": None}
    graph = run("prod", changed("prod", {"storage": {"efs": section}}))
    assert graph.one("aws:efs/backupPolicy:BackupPolicy", "model-files").inputs["backupPolicy"] == {
        "status": status
    }
    policies = graph.one(FILE_SYSTEM, "model-files").inputs.get("lifecyclePolicies", [])
    assert [p["transitionToIa"] for p in policies if "transitionToIa" in p] == (
        [transition] if transition else []
    )


def test_in_an_existing_network_the_targets_are_in_the_given_subnets() -> None:
    section = {"cache_mb": 64, "infrequent_access_days": 30, "backup": False, "stand_in": None}
    config = changed("prod-existing-network", {"storage": {"efs": section}})
    graph = run("prod", config)
    subnets = [target.inputs["subnetId"] for target in graph.all(TARGET)]
    assert subnets == config["warmline:network"]["subnet_ids"]


def mount(*subnets: str) -> FileSystemMount:
    return FileSystemMount(
        access_point_arn="arn",
        path="/mnt/models",
        policy="{}",
        subnets=frozenset(subnets),
        targets=(),
    )


def test_a_function_in_a_subnet_without_a_target_is_told_which() -> None:
    subnets = tuple(Subnet(name=name, id=name) for name in "abc")
    assert unreachable(subnets, mount("a", "b", "c")) == ""
    assert unreachable(subnets, mount("a", "b")).startswith("its subnets c have no mount target")
    assert "joins no network" in unreachable((), mount("a"))


def test_a_folder_of_this_machine_stands_in_on_the_laptop() -> None:
    section = {
        "cache_mb": 64,
        "infrequent_access_days": None,
        "backup": False,
        "stand_in": "/var/cache/models",
    }
    graph = run("local", changed("local", {"storage": {"efs": section}}))
    graph.none(FILE_SYSTEM)
    environment = predict(graph).inputs["environment"]["variables"]
    assert {name: environment[name] for name in OPTIONAL} == {
        PredictEnv.EFS_FOLDER: "/var/cache/models",
        PredictEnv.EFS_CACHE_MB: "64",
    }
