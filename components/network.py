"""Network: private subnets for the functions that are listed, and the ways out that they need."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import derived
from components.account import Account
from components.documents import network as documents
from components.render import rendered
from components.tags import DataClass, Tags
from settings import Network as NetworkSettings
from settings.limits import ZONES_WITHOUT_LAMBDA
from settings.network import GATEWAY_ENDPOINTS

_HTTPS: Final = 443
_ANYWHERE: Final = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A private subnet, by a name that is known before its id is."""

    name: str
    id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class FunctionNetwork:
    """What a function needs to join the network."""

    vpc_id: pulumi.Input[str]
    subnets: tuple[Subnet, ...]
    security_group_id: pulumi.Input[str]
    policy: str
    """For the function's role: the network interfaces that Lambda makes in its name."""
    ways_out: tuple[pulumi.Resource, ...]
    """Rules, routes and endpoints: without them its first call waits in vain."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    account: Account
    network: NetworkSettings
    """Of kind `create` or `existing`."""
    log_key_arn: pulumi.Input[str]
    tags: Tags


class Network(pulumi.ComponentResource):
    """Private subnets with a security group for functions: in a VPC of its own, or in one that is
    there already."""

    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[Sequence[str]]
    security_group_id: pulumi.Output[str]
    """Of the functions; other groups refer to it."""
    endpoint_ids: Mapping[str, pulumi.Output[str]]
    """Service -> its endpoint; none in an existing VPC."""
    joined: FunctionNetwork

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:Network", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.network
        self._ways_out: list[pulumi.Resource] = []
        self._endpoints: dict[str, pulumi.Output[str]] = {}
        if settings.kind == "existing":
            self.vpc_id = pulumi.Output.from_input(settings.vpc_id or "")
            subnets = tuple(Subnet(name=id_, id=id_) for id_ in settings.subnet_ids)
            self.security_group_id = self._group_in_existing(settings.security_group_id)
        else:
            subnets = self._make_vpc()
        self.subnet_ids = pulumi.Output.all(*(subnet.id for subnet in subnets))
        self.endpoint_ids = self._endpoints
        self.joined = FunctionNetwork(
            vpc_id=self.vpc_id,
            subnets=subnets,
            security_group_id=self.security_group_id,
            policy=json.dumps(documents.network_interfaces(args.account), sort_keys=True),
            ways_out=tuple(self._ways_out),
        )
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.subnet_ids,
                "security_group_id": self.security_group_id,
                "endpoint_ids": dict(self.endpoint_ids),
            }
        )

    def _group_in_existing(self, given: str | None) -> pulumi.Output[str]:
        if given is not None:
            return pulumi.Output.from_input(given)
        group = self._group("functions", "functions: call out by TLS")
        # Which endpoints the owner of the VPC has is not known here; its routes decide.
        self._let_out(group, "anywhere", cidr_ipv4=_ANYWHERE)
        return group.id

    def _make_vpc(self) -> tuple[Subnet, ...]:
        settings, name = self._args.network, self._name
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=settings.cidr,
            # Interface endpoints answer under the services' own names only with both.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags(name),
            opts=self._child,
        )
        self.vpc_id = vpc.id
        # Every VPC has this group, and until its rules are gone whatever is in it may talk.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default", vpc_id=vpc.id, tags=self._tags(f"{name}-default"), opts=self._child
        )
        self._log_flows(vpc)
        zones = aws.get_availability_zones_output(
            state="available",
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
            exclude_zone_ids=list(ZONES_WITHOUT_LAMBDA),
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).names
        count = settings.zones or 0
        private = [self._subnet(vpc, zones[zone], zone, public=False) for zone in range(count)]
        tables = [self._table(f"private-{zone}", subnet) for zone, subnet in enumerate(private)]
        group = self._group("functions", "functions: call out to what is listed, and nothing in")
        self.security_group_id = group.id
        self._gateway_endpoints(vpc, tables, group)
        if settings.egress == "endpoints":
            self._interface_endpoints(vpc, private, group)
        elif settings.egress != "none":
            public = [self._subnet(vpc, zones[zone], zone, public=True) for zone in range(count)]
            self._nat(vpc, public, tables, group)
        return tuple(
            Subnet(name=f"{name}-private-{zone}", id=subnet.id)
            for zone, subnet in enumerate(private)
        )

    def _log_flows(self, vpc: "aws.ec2.Vpc") -> None:
        name, args = f"{self._name}-flows", self._args
        group = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=args.network.flow_log_retention_days,
            kms_key_id=args.log_key_arn,
            tags=args.tags.named(name, DataClass.LOGS),
            opts=self._child,
        )
        role = aws.iam.Role(
            name,
            assume_role_policy=json.dumps(documents.flow_log_trust(args.account)),
            tags=self._tags(name),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=rendered(documents.write_flow_log, log_group_arn=group.arn),
            opts=self._child,
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags=self._tags(name),
            # A role writes only with its policy, which nothing else orders before the log.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _subnet(
        self, vpc: "aws.ec2.Vpc", zone: pulumi.Output[str], index: int, *, public: bool
    ) -> "aws.ec2.Subnet":
        name = f"{self._name}-{'public' if public else 'private'}-{index}"
        return aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=derived.subnet_cidr(self._args.network.cidr or "", index, public=public),
            map_public_ip_on_launch=False,
            tags=self._tags(name),
            opts=self._child,
        )

    def _table(self, suffix: str, *subnets: "aws.ec2.Subnet") -> "aws.ec2.RouteTable":
        name = f"{self._name}-{suffix}"
        table = aws.ec2.RouteTable(
            name, vpc_id=self.vpc_id, tags=self._tags(name), opts=self._child
        )
        self._ways_out += [
            aws.ec2.RouteTableAssociation(
                name if len(subnets) == 1 else f"{name}-{index}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=self._child,
            )
            for index, subnet in enumerate(subnets)
        ]
        return table

    def _gateway_endpoints(
        self,
        vpc: "aws.ec2.Vpc",
        tables: "Sequence[aws.ec2.RouteTable]",
        functions: "aws.ec2.SecurityGroup",
    ) -> None:
        for service in GATEWAY_ENDPOINTS:
            endpoint = aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=vpc.id,
                vpc_endpoint_type="Gateway",
                service_name=self._service(service),
                route_table_ids=[table.id for table in tables],
                policy=json.dumps(documents.gateway_perimeter(service, self._args.account.id)),
                tags=self._tags(f"{self._name}-{service}"),
                opts=self._child,
            )
            self._ways_out.append(endpoint)
            self._endpoints[service] = endpoint.id
            self._let_out(functions, service, prefix_list_id=endpoint.prefix_list_id)

    def _interface_endpoints(
        self,
        vpc: "aws.ec2.Vpc",
        subnets: "Sequence[aws.ec2.Subnet]",
        functions: "aws.ec2.SecurityGroup",
    ) -> None:
        group = self._group("endpoints", "interface endpoints: taken by functions")
        self._let_in(group, "functions", referenced_security_group_id=functions.id)
        if "execute-api" in self._args.network.interface_endpoints:
            # Whoever calls a private API from this VPC is in a group that is not known here.
            self._let_in(group, "vpc", cidr_ipv4=self._args.network.cidr)
        self._let_out(functions, "endpoints", referenced_security_group_id=group.id)
        for service in self._args.network.interface_endpoints:
            name = f"{self._name}-{service.replace('.', '-')}"
            endpoint = aws.ec2.VpcEndpoint(
                name,
                vpc_id=vpc.id,
                vpc_endpoint_type="Interface",
                service_name=self._service(service),
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                policy=self._perimeter(service),
                tags=self._tags(name),
                opts=self._child,
            )
            self._ways_out.append(endpoint)
            self._endpoints[service] = endpoint.id

    def _perimeter(self, service: str) -> pulumi.Input[str]:
        account = self._args.account
        if service == "execute-api":
            return rendered(documents.private_api_perimeter, account=account, vpc_id=self.vpc_id)
        return json.dumps(documents.endpoint_perimeter(service, account.id))

    def _nat(
        self,
        vpc: "aws.ec2.Vpc",
        public: "Sequence[aws.ec2.Subnet]",
        tables: "Sequence[aws.ec2.RouteTable]",
        functions: "aws.ec2.SecurityGroup",
    ) -> None:
        gateway = aws.ec2.InternetGateway(
            self._name, vpc_id=vpc.id, tags=self._tags(self._name), opts=self._child
        )
        outward = aws.ec2.Route(
            f"{self._name}-public",
            route_table_id=self._table("public", *public).id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        each_zone = self._args.network.egress == "nat_per_zone"
        gateways = [
            self._nat_gateway(index, subnet, outward)
            for index, subnet in enumerate(public if each_zone else public[:1])
        ]
        self._ways_out += [
            aws.ec2.Route(
                f"{self._name}-private-{zone}",
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                nat_gateway_id=gateways[zone if each_zone else 0].id,
                opts=self._child,
            )
            for zone, table in enumerate(tables)
        ]
        self._let_out(functions, "anywhere", cidr_ipv4=_ANYWHERE)

    def _nat_gateway(
        self, index: int, subnet: "aws.ec2.Subnet", outward: aws.ec2.Route
    ) -> "aws.ec2.NatGateway":
        name = f"{self._name}-nat-{index}"
        address = aws.ec2.Eip(name, domain="vpc", tags=self._tags(name), opts=self._child)
        return aws.ec2.NatGateway(
            name,
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._tags(name),
            # It reaches nothing before its subnet's route does, and its address leaves before it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[outward]),
        )

    def _group(self, suffix: str, description: str) -> "aws.ec2.SecurityGroup":
        name = f"{self._name}-{suffix}"
        return aws.ec2.SecurityGroup(
            name,
            vpc_id=self.vpc_id,
            description=description,
            tags=self._tags(name),
            opts=self._child,
        )

    def _let_in(
        self, endpoints: "aws.ec2.SecurityGroup", suffix: str, **peer: pulumi.Input[str] | None
    ) -> None:
        name = f"{self._name}-endpoints-from-{suffix}"
        self._let(aws.vpc.SecurityGroupIngressRule, name, endpoints, peer)

    def _let_out(
        self, group: "aws.ec2.SecurityGroup", suffix: str, **peer: pulumi.Input[str] | None
    ) -> None:
        name = f"{self._name}-functions-to-{suffix}"
        self._let(aws.vpc.SecurityGroupEgressRule, name, group, peer)

    def _let(
        self,
        rule: "type[aws.vpc.SecurityGroupIngressRule | aws.vpc.SecurityGroupEgressRule]",
        name: str,
        group: "aws.ec2.SecurityGroup",
        peer: Mapping[str, pulumi.Input[str] | None],
    ) -> None:
        """HTTPS between a group and a peer, by the rule's own name of the peer's kind."""
        self._ways_out.append(
            rule(
                name,
                security_group_id=group.id,
                ip_protocol="tcp",
                from_port=_HTTPS,
                to_port=_HTTPS,
                tags=self._tags(name),
                opts=self._child,
                **peer,
            )
        )

    def _service(self, service: str) -> str:
        return f"com.amazonaws.{self._args.account.region}.{service}"

    def _tags(self, name: str) -> dict[str, str]:
        return self._args.tags.named(name)
