"""A private network stays private, and what happens in it is written down."""

from collections.abc import Iterator

from policies.props import Props, Resource, Stack
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, not_applicable, ok, problem, violation

_ANYWHERE = ("0.0.0.0/0", "::/0")
_INLINE = ("ingress", "egress")


@rule(
    "ec2-group-no-open-ingress",
    on=(Token.INGRESS_RULE, Token.SECURITY_GROUP, Token.SECURITY_GROUP_RULE),
    severity=Severity.CRITICAL,
    why="A rule that lets everybody in makes a private network a public one.",
    fix="Name the security group of the callers (referencedSecurityGroupId).",
)
def no_open_ingress(resource: Resource) -> Verdict:
    match resource.token:
        case Token.INGRESS_RULE:
            return judged(_open_ranges(resource, "cidrIpv4", "cidrIpv6"))
        case Token.SECURITY_GROUP_RULE if resource.text("type") != "ingress":
            return not_applicable("the rule lets out")
        case Token.SECURITY_GROUP_RULE:
            return judged(_open_ranges(resource, "cidrBlocks", "ipv6CidrBlocks"))
        case _:
            return judged(
                found
                for each in resource.children("ingress")
                for found in _open_ranges(each, "cidrBlocks", "ipv6CidrBlocks")
            )


def _open_ranges(rule_: Props, *keys: str) -> Iterator[Problem]:
    for key in keys:
        if any(range_ in _ANYWHERE for range_ in rule_.texts(key)):
            yield problem(rule_.path(key), "lets everybody in")


@rule(
    "ec2-group-separate-rules",
    on=Token.SECURITY_GROUP,
    severity=Severity.MEDIUM,
    why="Rules inside a group and rules beside it undo each other at every update.",
    fix="One SecurityGroupIngressRule or SecurityGroupEgressRule for each rule.",
)
def separate_rules(resource: Resource) -> Verdict:
    return judged(
        problem(resource.path(key), "is set inside the group")
        for key in _INLINE
        if resource.children(key)
    )


@rule(
    "ec2-default-group-empty",
    on=Token.DEFAULT_SECURITY_GROUP,
    severity=Severity.MEDIUM,
    why="Whatever is started without a group is in the default one.",
    fix="A DefaultSecurityGroup without rules.",
)
def default_group_empty(group: Resource) -> Verdict:
    return judged(
        problem(group.path(key), "is not empty") for key in _INLINE if group.children(key)
    )


@rule(
    "ec2-vpc-default-group-closed",
    on=Token.VPC,
    severity=Severity.MEDIUM,
    why="Whatever is started without a group is in the default one, which lets its members talk.",
    fix="A DefaultSecurityGroup of the VPC without rules.",
)
def default_group_closed(vpc: Resource, stack: Stack) -> Verdict:
    if not stack.referring(vpc, Token.DEFAULT_SECURITY_GROUP, "vpcId"):
        return violation("vpc", "has a default security group with its rules")
    return ok()


@rule(
    "ec2-vpc-flow-log",
    on=Token.VPC,
    severity=Severity.MEDIUM,
    why="Without it nobody can tell afterwards what a function talked to.",
    fix="A FlowLog of the VPC.",
)
def vpc_flow_log(vpc: Resource, stack: Stack) -> Verdict:
    if not stack.referring(vpc, Token.FLOW_LOG, "vpcId"):
        return violation("vpc", "has no flow log")
    return ok()


@rule(
    "ec2-flow-log-everything",
    on=Token.FLOW_LOG,
    severity=Severity.LOW,
    why="Refused connections tell of attempts, accepted ones of what got through.",
    fix="trafficType ALL.",
)
def flow_log_everything(log: Resource) -> Verdict:
    if log.text("trafficType") != "ALL":
        return violation("trafficType", "is not ALL")
    return ok()


@rule(
    "ec2-subnet-no-public-addresses",
    on=Token.SUBNET,
    severity=Severity.HIGH,
    why="A public address is a way in that no route table shows.",
    fix="mapPublicIpOnLaunch false; a NAT gateway has an address of its own.",
)
def no_public_addresses(subnet: Resource) -> Verdict:
    if subnet.flag("mapPublicIpOnLaunch"):
        return violation("mapPublicIpOnLaunch", "is true")
    return ok()


@rule(
    "ec2-endpoint-own-policy",
    on=Token.VPC_ENDPOINT,
    severity=Severity.HIGH,
    why="Without a policy an endpoint carries data out with the credentials of any account.",
    fix="A policy that names this account in aws:PrincipalAccount.",
)
def endpoint_own_policy(endpoint: Resource) -> Verdict:
    if not endpoint.document("policy").names:
        return violation("policy", "is absent")
    return ok()
