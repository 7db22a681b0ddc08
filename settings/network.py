"""What a stack file says of the private network, and of functions in it."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from settings import limits
from settings.section import Section, once, rule, shown
from settings.values import RetentionDays

JoiningFunction = Literal["predict", "health"]
InterfaceEndpoint = Literal[
    "ecr.api",
    "ecr.dkr",
    "events",
    "execute-api",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "secretsmanager",
    "sqs",
    "sts",
    "xray",
]
"""The part of a service's endpoint name after the region."""

GATEWAY_ENDPOINTS: Final = ("dynamodb", "s3")
"""Services with an endpoint that costs nothing; every network that is made here has both."""
CALLS: Final[Mapping[JoiningFunction, frozenset[str]]] = {
    "predict": frozenset({"dynamodb", "s3", "sqs"}),
    "health": frozenset({"dynamodb"}),
}
"""Function -> services that its own code calls, by the name of their endpoint.

What Lambda does for a function goes another way, whatever its network: log lines, traces, the
environment's key, the queue that is polled. KMS is used by S3, DynamoDB and SQS in its name."""

_RESERVED: Final = 5
"""Addresses that AWS keeps of each subnet."""


def _private_range(value: str) -> str:
    """Raises `ValueError` for what is no range of private addresses."""
    try:
        range_ = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"it is {value!r}, which is no IPv4 range: {error}") from None
    low, high = limits.VPC_PREFIX
    if not low <= range_.prefixlen <= high:
        smallest = IPv4Network(f"0.0.0.0/{limits.SUBNET_PREFIX}").num_addresses
        raise ValueError(
            f"it is {value!r}; its prefix must be /{low} to /{high}, because a VPC is at most a "
            f"/{low} and is split into {limits.SUBNET_BLOCKS} subnets (a private and a public one "
            f"for each of up to {limits.ZONES[1]} zones) of at least {smallest} addresses, "
            f"{_RESERVED} of which AWS keeps"
        )
    if not any(range_.subnet_of(IPv4Network(each)) for each in limits.PRIVATE_RANGES):
        raise ValueError(
            f"it is {value!r}; it must lie in {', '.join(limits.PRIVATE_RANGES)}, or addresses of "
            "others on the internet cannot be reached from it"
        )
    return value


Cidr = Annotated[str, AfterValidator(_private_range)]


class Network(Section):
    """The private network. Nothing joins it that is not listed in `functions`."""

    kind: Literal["none", "create", "existing"]
    """`create` makes a VPC with private subnets; `existing` uses one that is there already."""
    cidr: Cidr | None
    """Addresses of a new VPC, split once for all into eight subnets; null otherwise."""
    zones: Annotated[int, Field(ge=limits.ZONES[0], le=limits.ZONES[1])] | None
    """Availability zones of a new VPC, one private subnet each; null otherwise."""
    egress: Literal["none", "endpoints", "nat", "nat_per_zone"]
    """How a new VPC reaches more than S3 and DynamoDB, whose endpoints cost nothing: not at all, by
    interface endpoints (priced per endpoint and zone), by one NAT gateway or by one a zone."""
    interface_endpoints: tuple[InterfaceEndpoint, ...]
    """Services with an interface endpoint in every zone; [] unless egress is `endpoints`."""
    vpc_id: Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")] | None
    """The existing VPC; null otherwise."""
    subnet_ids: tuple[
        Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...
    ] = Field(max_length=16)
    """Private subnets of the existing VPC, each in another zone; [] otherwise."""
    security_group_id: Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]{8,17}$")] | None
    """Group of functions in the existing VPC; null = one is made that may call out on port 443."""
    flow_log_retention_days: RetentionDays | None
    """Days that the log of a new VPC's connections is kept; null otherwise."""
    functions: tuple[JoiningFunction, ...]
    """Functions that join; each has to reach every service that it calls."""

    @rule
    def _create_says_what(self) -> Iterator[str]:
        if self.kind != "create":
            return
        for key, value in (
            ("cidr", self.cidr),
            ("zones", self.zones),
            ("flow_log_retention_days", self.flow_log_retention_days),
        ):
            if value is None:
                yield f"{key} is null; kind 'create' needs it to make the VPC"

    @rule
    def _only_create_makes_a_vpc(self) -> Iterator[str]:
        if self.kind == "create":
            return
        for key, value, empty in (
            ("cidr", self.cidr, None),
            ("zones", self.zones, None),
            ("flow_log_retention_days", self.flow_log_retention_days, None),
            ("egress", self.egress, "none"),
        ):
            if value != empty:
                yield (
                    f"{key} is {value!r}; it must be {shown(empty)} with kind {self.kind!r}, "
                    "which makes no VPC (only 'create' does)"
                )

    @rule
    def _existing_is_named(self) -> Iterator[str]:
        if self.kind == "existing" and self.vpc_id is None:
            yield "vpc_id is null; kind 'existing' needs the VPC's id"

    @rule
    def _existing_has_subnets(self) -> Iterator[str]:
        if self.kind == "existing" and not self.subnet_ids:
            yield "subnet_ids is []; kind 'existing' needs at least one private subnet"
        yield from once("subnet_ids is", self.subnet_ids, "subnet")

    @rule
    def _only_existing_has_ids(self) -> Iterator[str]:
        if self.kind == "existing":
            return
        for key, value in (
            ("vpc_id", self.vpc_id),
            ("subnet_ids", list(self.subnet_ids) or None),
            ("security_group_id", self.security_group_id),
        ):
            if value is not None:
                empty = "[]" if key == "subnet_ids" else "null"
                yield f"{key} is {value!r}; it must be {empty} with kind {self.kind!r}"

    @rule
    def _endpoints_are_listed(self) -> Iterator[str]:
        if self.egress == "endpoints" and not self.interface_endpoints:
            yield (
                "interface_endpoints is []; egress 'endpoints' needs at least one (with none, "
                "egress 'none' says the same)"
            )
        if self.egress != "endpoints" and self.interface_endpoints:
            yield (
                f"interface_endpoints is {list(self.interface_endpoints)}; it must be [] with "
                f"egress {self.egress!r}, or they are paid for beside it"
            )
        yield from once("interface_endpoints is", self.interface_endpoints, "service")

    @rule
    def _somewhere_to_join(self) -> Iterator[str]:
        if self.kind == "none" and self.functions:
            yield (
                f"functions is {list(self.functions)}; it must be [] with kind 'none', which has "
                "nothing to join"
            )
        yield from once("functions is", self.functions, "function")

    @rule
    def _calls_get_through(self) -> Iterator[str]:
        if self.kind != "create" or self.egress.startswith("nat"):
            return
        reached = {*GATEWAY_ENDPOINTS, *self.interface_endpoints}
        for function in self.functions:
            for service in sorted(CALLS[function] - reached):
                yield (
                    f"interface_endpoints is {list(self.interface_endpoints)} with egress "
                    f"{self.egress!r}; function {function!r} calls {service!r} and would wait for "
                    f"it in vain (add {service!r} with egress 'endpoints', choose egress 'nat', or "
                    "take the function out of functions)"
                )
