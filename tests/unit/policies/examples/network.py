"""Examples for `policies.rules.network`; those that need neighbours are in test_stack_rules.py."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import ABSENT, POLICY, Broken, Example, document

ANYWHERE = "0.0.0.0/0"
INSIDE = {"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"]}


EXAMPLES: tuple[Example, ...] = (
    Example(
        rule="ec2-group-no-open-ingress",
        on=Token.INGRESS_RULE,
        props={"ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"},
        broken=(
            Broken(("cidrIpv4",), ANYWHERE, "cidrIpv4 lets everybody in"),
            Broken(("cidrIpv6",), "::/0", "cidrIpv6 lets everybody in"),
        ),
        fine=((("cidrIpv4",), ABSENT),),
    ),
    Example(
        rule="ec2-group-no-open-ingress",
        on=Token.SECURITY_GROUP,
        props={"ingress": [INSIDE]},
        broken=(
            Broken(
                ("ingress", 0, "cidrBlocks"), [ANYWHERE], "ingress[0].cidrBlocks lets everybody in"
            ),
            Broken(("ingress", 0, "ipv6CidrBlocks"), ["::/0"], "lets everybody in"),
        ),
        fine=((("ingress",), ABSENT),),
    ),
    Example(
        rule="ec2-group-no-open-ingress",
        on=Token.SECURITY_GROUP_RULE,
        props={"type": "ingress", "cidrBlocks": ["10.0.0.0/8"]},
        broken=(Broken(("cidrBlocks",), [ANYWHERE], "cidrBlocks lets everybody in"),),
        exempt=((("type",), "egress"),),
    ),
    Example(
        rule="ec2-group-separate-rules",
        on=Token.SECURITY_GROUP,
        props={"description": "functions"},
        broken=(
            Broken(("ingress",), [INSIDE], "ingress is set inside the group"),
            Broken(("egress",), [INSIDE], "egress is set inside the group"),
        ),
    ),
    Example(
        rule="ec2-default-group-empty",
        on=Token.DEFAULT_SECURITY_GROUP,
        props={"vpcId": "vpc-1"},
        broken=(
            Broken(("ingress",), [INSIDE], "ingress is not empty"),
            Broken(("egress",), [INSIDE], "egress is not empty"),
        ),
    ),
    Example(
        rule="ec2-flow-log-everything",
        on=Token.FLOW_LOG,
        props={"trafficType": "ALL"},
        broken=(
            Broken(("trafficType",), "REJECT", "trafficType is not ALL"),
            Broken(("trafficType",), ABSENT, "trafficType is not ALL"),
        ),
    ),
    Example(
        rule="ec2-subnet-no-public-addresses",
        on=Token.SUBNET,
        props={"mapPublicIpOnLaunch": False},
        broken=(Broken(("mapPublicIpOnLaunch",), True, "mapPublicIpOnLaunch is true"),),
        fine=((("mapPublicIpOnLaunch",), ABSENT),),
    ),
    Example(
        rule="ec2-endpoint-own-policy",
        on=Token.VPC_ENDPOINT,
        documents=POLICY,
        props={"policy": document()},
        broken=(Broken(("policy",), ABSENT, "policy is absent"),),
    ),
)
