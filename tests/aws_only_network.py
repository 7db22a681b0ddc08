"""The requests that make a network and what lies in it; see aws_only.py."""

from collections.abc import Callable, Mapping
from typing import Any

from emulation.aws.calls import Aws
from tests.harness import Resource

_TAGGED: Mapping[str, str] = {
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
    "AllocateAddress": "elastic-ip",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
}
"""Operation of EC2 -> the type of resource that it tags."""

VPC: Mapping[str, str] = {"cidrBlock": "CidrBlock"}
SUBNET = VPC | {"vpcId": "VpcId", "availabilityZone": "AvailabilityZone"}
ENDPOINT: Mapping[str, str] = {
    "vpcId": "VpcId",
    "vpcEndpointType": "VpcEndpointType",
    "serviceName": "ServiceName",
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
    "privateDnsEnabled": "PrivateDnsEnabled",
    "policy": "PolicyDocument",
}
ROUTE: Mapping[str, str] = {
    "routeTableId": "RouteTableId",
    "destinationCidrBlock": "DestinationCidrBlock",
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
}
FLOW_LOG: Mapping[str, str] = {
    "trafficType": "TrafficType",
    "logDestinationType": "LogDestinationType",
    "logDestination": "LogDestination",
    "iamRoleArn": "DeliverLogsPermissionArn",
    "maxAggregationInterval": "MaxAggregationInterval",
}


def _given(made: Resource, members: Mapping[str, str]) -> dict[str, Any]:
    left = {key: value for key, value in made.inputs.items() if key in members}
    return {members[key]: _whole(value) for key, value in left.items()}


def _whole(value: Any) -> Any:
    """A number of the graph, which is a float, as the service wants it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _tags(made: Resource) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in made.inputs["tags"].items()]


def _ec2(aws: Aws, operation: str, made: Resource, **arguments: Any) -> None:
    if operation in _TAGGED:
        tagged = {"ResourceType": _TAGGED[operation], "Tags": _tags(made)}
        arguments["TagSpecifications"] = [tagged]
    aws.call("ec2", operation, **arguments)


def _of(operation: str, members: Mapping[str, str]) -> Callable[[Aws, Resource], None]:
    def make(aws: Aws, made: Resource) -> None:
        _ec2(aws, operation, made, **_given(made, members))

    return make


def _vpc(aws: Aws, made: Resource) -> None:
    _ec2(aws, "CreateVpc", made, **_given(made, VPC))
    for key, member in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        value = {member: {"Value": made.inputs[key]}}
        aws.call("ec2", "ModifyVpcAttribute", VpcId=made.outputs["id"], **value)


def _default_group(aws: Aws, made: Resource) -> None:
    """Its rules are taken away; it is there since its VPC is."""
    everything = [{"IpProtocol": "-1"}]
    for operation in ("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"):
        aws.call("ec2", operation, GroupId=made.outputs["id"], IpPermissions=everything)


def _group(aws: Aws, made: Resource) -> None:
    assert not {"ingress", "egress"} & set(made.inputs)
    _ec2(
        aws,
        "CreateSecurityGroup",
        made,
        GroupName=made.outputs["name"],
        Description=made.inputs["description"],
        VpcId=made.inputs["vpcId"],
    )


def _group_rule(operation: str) -> Callable[[Aws, Resource], None]:
    def make(aws: Aws, made: Resource) -> None:
        given = made.inputs
        permission: dict[str, Any] = {
            "IpProtocol": given["ipProtocol"],
            "FromPort": _whole(given["fromPort"]),
            "ToPort": _whole(given["toPort"]),
        }
        if "cidrIpv4" in given:
            permission["IpRanges"] = [{"CidrIp": given["cidrIpv4"]}]
        if "prefixListId" in given:
            permission["PrefixListIds"] = [{"PrefixListId": given["prefixListId"]}]
        if "referencedSecurityGroupId" in given:
            permission["UserIdGroupPairs"] = [{"GroupId": given["referencedSecurityGroupId"]}]
        _ec2(aws, operation, made, GroupId=given["securityGroupId"], IpPermissions=[permission])

    return make


def _flow_log(aws: Aws, made: Resource) -> None:
    of_vpc = {"ResourceIds": [made.inputs["vpcId"]], "ResourceType": "VPC"}
    _ec2(aws, "CreateFlowLogs", made, **of_vpc, **_given(made, FLOW_LOG))


def _internet_gateway(aws: Aws, made: Resource) -> None:
    _ec2(aws, "CreateInternetGateway", made)
    vpc, gateway = made.inputs["vpcId"], made.outputs["id"]
    aws.call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)


NETWORK: Mapping[str, Callable[[Aws, Resource], None]] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _default_group,
    "aws:ec2/eip:Eip": _of("AllocateAddress", {"domain": "Domain"}),
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/internetGateway:InternetGateway": _internet_gateway,
    "aws:ec2/natGateway:NatGateway": _of(
        "CreateNatGateway", {"allocationId": "AllocationId", "subnetId": "SubnetId"}
    ),
    "aws:ec2/route:Route": _of("CreateRoute", ROUTE),
    "aws:ec2/routeTable:RouteTable": _of("CreateRouteTable", {"vpcId": "VpcId"}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _of(
        "AssociateRouteTable", {"routeTableId": "RouteTableId", "subnetId": "SubnetId"}
    ),
    "aws:ec2/securityGroup:SecurityGroup": _group,
    "aws:ec2/subnet:Subnet": _of("CreateSubnet", SUBNET),
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _of("CreateVpcEndpoint", ENDPOINT),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _group_rule(
        "AuthorizeSecurityGroupEgress"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _group_rule(
        "AuthorizeSecurityGroupIngress"
    ),
}
"""Type -> its requests."""


def _file_system(aws: Aws, made: Resource) -> None:
    given = made.inputs
    aws.call(
        "efs",
        "CreateFileSystem",
        CreationToken=made.outputs["name"],
        Encrypted=given["encrypted"],
        KmsKeyId=given["kmsKeyId"],
        ThroughputMode=given["throughputMode"],
        Tags=_tags(made),
    )
    members = {
        "transitionToIa": "TransitionToIA",
        "transitionToPrimaryStorageClass": "TransitionToPrimaryStorageClass",
    }
    policies = [
        {members[key]: value for key, value in each.items()} for each in given["lifecyclePolicies"]
    ]
    aws.call(
        "efs",
        "PutLifecycleConfiguration",
        FileSystemId=made.outputs["id"],
        LifecyclePolicies=policies,
    )


def _access_point(aws: Aws, made: Resource) -> None:
    user, root = made.inputs["posixUser"], made.inputs["rootDirectory"]
    info = root["creationInfo"]
    aws.call(
        "efs",
        "CreateAccessPoint",
        ClientToken=made.outputs["name"],
        FileSystemId=made.inputs["fileSystemId"],
        PosixUser={"Uid": _whole(user["uid"]), "Gid": _whole(user["gid"])},
        RootDirectory={
            "Path": root["path"],
            "CreationInfo": {
                "OwnerUid": _whole(info["ownerUid"]),
                "OwnerGid": _whole(info["ownerGid"]),
                "Permissions": info["permissions"],
            },
        },
        Tags=_tags(made),
    )


def _mount_target(aws: Aws, made: Resource) -> None:
    aws.call(
        "efs",
        "CreateMountTarget",
        FileSystemId=made.inputs["fileSystemId"],
        SubnetId=made.inputs["subnetId"],
        SecurityGroups=made.inputs["securityGroups"],
    )


def _file_system_policy(aws: Aws, made: Resource) -> None:
    given = made.inputs
    arguments = {"FileSystemId": given["fileSystemId"], "Policy": given["policy"]}
    aws.call("efs", "PutFileSystemPolicy", **arguments)


def _backup_policy(aws: Aws, made: Resource) -> None:
    policy = {"Status": made.inputs["backupPolicy"]["status"]}
    file_system = made.inputs["fileSystemId"]
    aws.call("efs", "PutBackupPolicy", FileSystemId=file_system, BackupPolicy=policy)


FILE_SYSTEMS: Mapping[str, Callable[[Aws, Resource], None]] = {
    "aws:efs/accessPoint:AccessPoint": _access_point,
    "aws:efs/backupPolicy:BackupPolicy": _backup_policy,
    "aws:efs/fileSystem:FileSystem": _file_system,
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _file_system_policy,
    "aws:efs/mountTarget:MountTarget": _mount_target,
}
"""Type -> its requests."""


def _function_in_network(aws: Aws, made: Resource) -> None:
    joined = made.inputs["vpcConfig"]
    aws.call(
        "lambda",
        "UpdateFunctionConfiguration",
        FunctionName=made.outputs["name"],
        VpcConfig={
            "SubnetIds": joined["subnetIds"],
            "SecurityGroupIds": joined["securityGroupIds"],
        },
    )


def _function_with_files(aws: Aws, made: Resource) -> None:
    mounted = made.inputs["fileSystemConfig"]
    aws.call(
        "lambda",
        "UpdateFunctionConfiguration",
        FunctionName=made.outputs["name"],
        FileSystemConfigs=[
            {"Arn": mounted["arn"], "LocalMountPath": mounted["localMountPath"]},
        ],
    )


OF_FUNCTIONS: Mapping[str, Callable[[Aws, Resource], None]] = {
    "fileSystemConfig": _function_with_files,
    "vpcConfig": _function_in_network,
}
"""Input of a function that only AWS heeds -> its request."""
