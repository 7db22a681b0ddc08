"""The private network: who is in it, what is let in and out, and what waits for what."""

import json
from typing import Any

import pytest

from settings.network import CALLS, GATEWAY_ENDPOINTS
from tests.graph.programs import changed, graph_of, run
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

FUNCTION = "aws:lambda/function:Function"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ROUTE = "aws:ec2/route:Route"
NAT = "aws:ec2/natGateway:NatGateway"
MADE_BY_LAMBDA = {"ec2", "elasticfilesystem", "kms", "logs", "xray"}
"""Services in a role that the function's own code does not call over the network: Lambda does, or
another service in its name, or the file system is mounted."""


@pytest.fixture
def nat() -> Graph:
    return graph_of("prod-nat-efs")


@pytest.fixture
def existing() -> Graph:
    return graph_of("prod-existing-network")


def predict(graph: Graph) -> Resource:
    return graph.one(FUNCTION, "serving-predict")


def ids(graph: Graph, type_: str, prefix: str = "") -> list[str]:
    return [r.outputs["id"] for r in graph.all(type_) if r.name.startswith(prefix)]


def actions_of(graph: Graph, function: str) -> set[str]:
    role = graph.one("aws:iam/role:Role", function).outputs["name"]
    return {
        action
        for policy in graph.all("aws:iam/rolePolicy:RolePolicy")
        if policy.inputs["role"] == role
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }


def test_dev_and_local_have_no_network() -> None:
    for stack in ("local", "dev"):
        graph_of(stack).none(VPC)
        graph_of(stack).none(GROUP)
        assert not [f.urn for f in graph_of(stack).all(FUNCTION) if "vpcConfig" in f.inputs]


def test_only_the_functions_that_are_listed_join(prod: Graph) -> None:
    joined = {f.name for f in prod.all(FUNCTION) if "vpcConfig" in f.inputs}
    assert joined == {"serving-predict"}
    assert predict(prod).inputs["vpcConfig"] == {
        "subnetIds": ids(prod, SUBNET, "network-private"),
        "securityGroupIds": ids(prod, GROUP, "network-functions"),
    }


@pytest.mark.parametrize(("function", "name"), [("predict", "serving-predict"), ("health",) * 2])
def test_the_table_of_calls_is_what_the_roles_allow(prod: Graph, function: Any, name: str) -> None:
    services = {action.split(":")[0] for action in actions_of(prod, name)}
    assert services - MADE_BY_LAMBDA == CALLS[function]


def test_every_service_that_a_joined_function_calls_has_an_endpoint(prod: Graph) -> None:
    services = {e.inputs["serviceName"].split(".")[-1] for e in prod.all(ENDPOINT)}
    assert CALLS["predict"] <= services


def test_endpoints_that_cost_nothing_are_on_every_private_route_table(prod: Graph) -> None:
    tables = ids(prod, "aws:ec2/routeTable:RouteTable", "network-private")
    assert len(tables) == 2
    gateways = [e for e in prod.all(ENDPOINT) if e.inputs["vpcEndpointType"] == "Gateway"]
    assert {e.name.removeprefix("network-") for e in gateways} == set(GATEWAY_ENDPOINTS)
    assert all(e.inputs["routeTableIds"] == tables for e in gateways)


def test_an_interface_endpoint_is_in_every_zone_and_answers_under_the_services_name(
    prod: Graph,
) -> None:
    sqs = prod.one(ENDPOINT, "network-sqs").inputs
    assert sqs["subnetIds"] == ids(prod, SUBNET, "network-private")
    assert sqs["privateDnsEnabled"] is True
    vpc = prod.one(VPC, "network").inputs
    assert vpc["enableDnsSupport"] is vpc["enableDnsHostnames"] is True


def test_no_endpoint_passes_callers_of_another_account(prod: Graph) -> None:
    for endpoint in prod.all(ENDPOINT):
        (statement,) = json.loads(endpoint.inputs["policy"])["Statement"]
        accounts = statement["Condition"]["StringEquals"]
        assert accounts["aws:PrincipalAccount"] == "123456789012", endpoint.name
        if endpoint.inputs["vpcEndpointType"] == "Gateway":
            assert accounts["aws:ResourceAccount"] == "123456789012", endpoint.name


def test_each_private_subnet_is_in_a_zone_of_its_own(nat: Graph) -> None:
    for kind in ("private", "public"):
        subnets = [s for s in nat.all(SUBNET) if s.name.startswith(f"network-{kind}")]
        assert len({s.inputs["availabilityZone"] for s in subnets}) == len(subnets) == 3
        assert not any(s.inputs["mapPublicIpOnLaunch"] for s in subnets)


def test_without_nat_nothing_leads_to_the_internet(prod: Graph) -> None:
    prod.none(ROUTE)
    prod.none(NAT)
    prod.none("aws:ec2/internetGateway:InternetGateway")
    assert not [r.name for r in prod.all(EGRESS) if "cidrIpv4" in r.inputs]


def test_a_nat_gateway_in_each_zone_serves_that_zone(nat: Graph) -> None:
    assert len(nat.all(NAT)) == 3
    for zone in range(3):
        route = nat.one(ROUTE, f"network-private-{zone}").inputs
        gateway = nat.one(NAT, f"network-nat-{zone}")
        assert route["natGatewayId"] == gateway.outputs["id"]
        assert gateway.inputs["subnetId"] in ids(nat, SUBNET, f"network-public-{zone}")


def test_a_nat_gateway_waits_for_the_way_out_of_its_subnet(nat: Graph) -> None:
    outward = nat.one(ROUTE, "network-public")
    assert all(outward.urn in gateway.dependencies for gateway in nat.all(NAT))


def test_one_nat_gateway_can_serve_all_zones() -> None:
    network = {"egress": "nat", "interface_endpoints": [], "zones": 2}
    graph = run("prod", changed("prod", {"network": network}))
    (gateway,) = graph.all(NAT)
    routes = [r for r in graph.all(ROUTE) if r.name.startswith("network-private")]
    assert [r.inputs["natGatewayId"] for r in routes] == [gateway.outputs["id"]] * 2


@pytest.mark.parametrize("variant", ["prod", "prod-nat-efs"])
def test_groups_let_in_by_reference_alone_and_hold_no_rule_themselves(variant: str) -> None:
    graph = graph_of(variant)
    assert graph.all(INGRESS)
    for rule in graph.all(INGRESS):
        assert "referencedSecurityGroupId" in rule.inputs, rule.urn
        assert not {"cidrIpv4", "cidrIpv6"} & set(rule.inputs), rule.urn
    for group in (
        *graph.all(GROUP),
        *graph.all("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    ):
        assert not {"ingress", "egress"} & set(group.inputs), group.urn


def test_a_private_api_is_called_from_the_vpc_and_from_nowhere_else() -> None:
    graph = graph_of("prod-private-api")
    vpc = graph.one(VPC, "network")
    (statement,) = json.loads(graph.one(ENDPOINT, "network-execute-api").inputs["policy"])[
        "Statement"
    ]
    assert statement["Action"] == ["execute-api:Invoke"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceVpc": vpc.outputs["id"]}}
    opened = [r.inputs["cidrIpv4"] for r in graph.all(INGRESS) if "cidrIpv4" in r.inputs]
    assert opened == [vpc.inputs["cidrBlock"]]


def test_nothing_is_let_in_to_functions(prod: Graph) -> None:
    (functions,) = ids(prod, GROUP, "network-functions")
    assert functions not in [rule.inputs["securityGroupId"] for rule in prod.all(INGRESS)]


def test_a_joined_function_waits_for_its_permission_and_for_every_way_out(prod: Graph) -> None:
    function = predict(prod)
    assert prod.one("aws:iam/rolePolicy:RolePolicy", "serving-predict-network").urn in (
        function.dependencies
    )
    ways = [r for type_ in (EGRESS, INGRESS, ENDPOINT) for r in prod.all(type_)]
    ways += prod.all("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert len(ways) == 9
    assert not [way.urn for way in ways if way.urn not in function.dependencies]


def test_the_code_of_a_function_may_not_do_what_lambda_does_for_it(prod: Graph) -> None:
    policy = prod.one("aws:iam/rolePolicy:RolePolicy", "serving-predict-network").inputs["policy"]
    *allowed, denied = json.loads(policy)["Statement"]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}
    assert {a for statement in allowed for a in statement["Action"]} == set(denied["Action"])


def test_connections_are_logged_encrypted_for_as_long_as_the_settings_say(prod: Graph) -> None:
    log = prod.one("aws:ec2/flowLog:FlowLog", "network-flows")
    group = prod.one("aws:cloudwatch/logGroup:LogGroup", "network-flows")
    assert log.inputs["vpcId"] == prod.one(VPC, "network").outputs["id"]
    assert (log.inputs["trafficType"], log.inputs["logDestination"]) == (
        "ALL",
        group.outputs["arn"],
    )
    assert group.inputs["retentionInDays"] == 365
    assert group.inputs["kmsKeyId"] == prod.one("aws:kms/key:Key", "keys-logs").outputs["arn"]
    assert prod.one("aws:iam/rolePolicy:RolePolicy", "network-flows").urn in log.dependencies


def test_who_writes_the_log_of_connections_may_write_nothing_else(prod: Graph) -> None:
    group = prod.one("aws:cloudwatch/logGroup:LogGroup", "network-flows").outputs["arn"]
    policy = prod.one("aws:iam/rolePolicy:RolePolicy", "network-flows").inputs["policy"]
    write, find = json.loads(policy)["Statement"]
    assert write["Resource"] == f"{group}:*"
    assert find["Action"] == ["logs:DescribeLogGroups"]


def test_in_an_existing_vpc_only_a_group_is_made(existing: Graph) -> None:
    made = [r for r in existing.resources if r.type.startswith(("aws:ec2/", "aws:vpc/"))]
    assert [r.name for r in made] == ["network-functions", "network-functions-to-anywhere"]
    (group,) = existing.all(GROUP)
    assert group.inputs["vpcId"] == "vpc-0123456789abcdef0"
    assert predict(existing).inputs["vpcConfig"] == {
        "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "securityGroupIds": [group.outputs["id"]],
    }
    existing.none(INGRESS)


def test_with_a_given_group_nothing_at_all_is_made_in_an_existing_vpc() -> None:
    given = {"security_group_id": "sg-01234567"}
    config = changed("prod-existing-network", {"network": given})
    graph = run("prod", config)
    assert not [r.urn for r in graph.resources if r.type.startswith(("aws:ec2/", "aws:vpc/"))]
    assert predict(graph).inputs["vpcConfig"] == {
        "subnetIds": config["warmline:network"]["subnet_ids"],
        "securityGroupIds": ["sg-01234567"],
    }
