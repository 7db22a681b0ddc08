"""Data at rest: every resource that holds data is encrypted with a key of ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.programs import graph_of
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

KEY_OF: dict[str, Callable[[Resource], Any]] = {
    "aws:dynamodb/table:Table": lambda r: r.inputs["serverSideEncryption"]["kmsKeyArn"],
    "aws:ecr/repository:Repository": lambda r: r.inputs["encryptionConfigurations"][0]["kmsKey"],
    "aws:sqs/queue:Queue": lambda r: r.inputs["kmsMasterKeyId"],
    "aws:sns/topic:Topic": lambda r: r.inputs["kmsMasterKeyId"],
    "aws:cloudwatch/logGroup:LogGroup": lambda r: r.inputs["kmsKeyId"],
    "aws:lambda/function:Function": lambda r: r.inputs["kmsKeyArn"],
    "aws:efs/fileSystem:FileSystem": lambda r: r.inputs["kmsKeyId"],
}
"""Types that hold data -> where they say their key."""
NO_DATA = {
    "aws:budgets/budget:Budget",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    *("aws:apigateway/apiKey:ApiKey", "aws:apigateway/usagePlan:UsagePlan"),
    "aws:apigateway/usagePlanKey:UsagePlanKey",
    *("aws:apigateway/authorizer:Authorizer", "aws:apigateway/basePathMapping:BasePathMapping"),
    *("aws:apigateway/deployment:Deployment", "aws:apigateway/domainName:DomainName"),
    *("aws:apigateway/integration:Integration", "aws:apigateway/method:Method"),
    *("aws:apigateway/methodSettings:MethodSettings", "aws:apigateway/resource:Resource"),
    *("aws:apigateway/response:Response", "aws:apigateway/restApi:RestApi"),
    *("aws:apigateway/restApiPolicy:RestApiPolicy", "aws:apigateway/stage:Stage"),
    *("aws:apigatewayv2/apiMapping:ApiMapping", "aws:apigatewayv2/domainName:DomainName"),
    *("aws:route53/record:Record", "aws:wafv2/webAcl:WebAcl"),
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    *("aws:apigatewayv2/api:Api", "aws:apigatewayv2/authorizer:Authorizer"),
    *("aws:apigatewayv2/integration:Integration", "aws:apigatewayv2/route:Route"),
    *("aws:apigatewayv2/stage:Stage", "aws:cloudwatch/dashboard:Dashboard"),
    *("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:dynamodb/tableItem:TableItem"),
    *("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:kms/alias:Alias"),
    *("aws:kms/key:Key", "aws:lambda/alias:Alias", "aws:lambda/permission:Permission"),
    *("aws:lambda/eventSourceMapping:EventSourceMapping", "aws:sns/topicPolicy:TopicPolicy"),
    *("aws:sqs/queuePolicy:QueuePolicy", "aws:cognito/resourceServer:ResourceServer"),
    *("aws:signer/signingProfile:SigningProfile", "aws:signer/signingJob:SigningJob"),
    "aws:lambda/codeSigningConfig:CodeSigningConfig",
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    *("aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy"),
    *("aws:cognito/userPoolClient:UserPoolClient", "aws:cognito/userPoolDomain:UserPoolDomain"),
    # Encrypted by their file system.
    *("aws:efs/accessPoint:AccessPoint", "aws:efs/mountTarget:MountTarget"),
    *("aws:efs/backupPolicy:BackupPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy"),
    *("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/eip:Eip"),
    *("aws:ec2/flowLog:FlowLog", "aws:ec2/internetGateway:InternetGateway"),
    *("aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"),
    *("aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/subnet:Subnet"),
    *("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/vpc:Vpc", "aws:ec2/vpcEndpoint:VpcEndpoint"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    # Cognito offers no key of the customer for a pool's directory (2026-11); it holds no person.
    "aws:cognito/userPool:UserPool",
    # Encrypted by their bucket, which is judged below.
    "aws:s3/bucketObjectv2:BucketObjectv2",
}
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


def keys(graph: Graph) -> dict[str, str]:
    return {key.outputs["arn"]: key.name for key in graph.all("aws:kms/key:Key")}


def test_everything_that_holds_data_has_a_key_of_ours(graph: Graph) -> None:
    for resource in graph.resources:
        if not resource.custom or resource.type.startswith("aws:s3/bucket"):
            continue
        assert resource.type in KEY_OF or resource.type in NO_DATA, f"{resource.type}: which?"
        if resource.type in KEY_OF:
            assert KEY_OF[resource.type](resource) in keys(graph), resource.urn


def test_every_bucket_but_the_access_log_has_a_key_of_ours(graph: Graph) -> None:
    """S3 delivers access logs to no bucket whose default encryption is SSE-KMS."""
    buckets = {bucket.name for bucket in graph.all("aws:s3/bucket:Bucket")}
    rules = {r.name: r.inputs["rules"][0] for r in graph.all(ENCRYPTION)}
    assert set(rules) == buckets
    default = "applyServerSideEncryptionByDefault"
    assert rules.pop("store-access-logs")[default] == {"sseAlgorithm": "AES256"}
    assert set(rules) == {"store-models", "store-artefacts"}
    for rule in rules.values():
        assert rule[default]["sseAlgorithm"] == "aws:kms"
        assert rule[default]["kmsMasterKeyId"] in keys(graph)
        assert rule["bucketKeyEnabled"] is True


def test_each_data_class_has_its_own_key(dev: Graph) -> None:
    arns = keys(dev)
    used = {
        arns[KEY_OF[r.type](r)]: r.inputs["tags"]["data-class"]
        for r in dev.resources
        if r.type in KEY_OF
    }
    assert used == {
        "keys-code": "code",
        "keys-logs": "logs",
        "keys-queues": "queues",
        "keys-registry": "registry",
    }


def test_symmetric_keys_rotate_and_signing_keys_only_sign(graph: Graph) -> None:
    for key in graph.all("aws:kms/key:Key"):
        if "signing" in key.name:
            assert key.inputs["keyUsage"] == "SIGN_VERIFY"
            assert key.inputs["customerMasterKeySpec"] == "ECC_NIST_P256"
        else:
            assert key.inputs["enableKeyRotation"] is True


def test_no_key_locks_out_its_owner(graph: Graph) -> None:
    for key in graph.all("aws:kms/key:Key"):
        assert "bypassPolicyLockoutSafetyCheck" not in key.inputs
        statements = json.loads(key.inputs["policy"])["Statement"]
        root = next(s for s in statements if s["Sid"] == "AdministerThroughIam")
        assert root["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
        assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} <= set(root["Action"])
        assert "Condition" not in root


def test_no_key_policy_names_a_principal_made_in_the_same_deployment(graph: Graph) -> None:
    for key in graph.all("aws:kms/key:Key"):
        for statement in json.loads(key.inputs["policy"])["Statement"]:
            named = statement["Principal"].get("AWS", "root")
            assert named.endswith("root"), statement["Sid"]
        made = {r.urn for r in graph.all("aws:iam/role:Role")}
        assert not made & key.dependencies


def test_the_keyring_holds_every_signing_key_of_the_settings() -> None:
    graph = graph_of("dev")
    function = graph.one("aws:lambda/function:Function", "serving-predict")
    ring = json.loads(function.inputs["environment"]["variables"]["WARMLINE_KEYRING"])
    signing = [k for k in graph.all("aws:kms/key:Key") if "signing" in k.name]
    assert [f"keys-signing-{name}" for name in ring] == [key.name for key in signing]
