"""Names and times that follow from settings: arithmetic without a cloud."""

import hashlib
from ipaddress import IPv4Network

from components.account import Account
from settings.limits import SQS_VISIBILITY_FACTOR, SUBNET_BLOCKS


def visibility_seconds(consumer_timeout_seconds: int) -> int:
    """How long a received message stays hidden, so that none still served is delivered again."""
    return SQS_VISIBILITY_FACTOR * consumer_timeout_seconds


def near_timeout_ms(timeout_seconds: int, percent: int) -> int:
    """`percent` of a timeout, in milliseconds."""
    return timeout_seconds * 10 * percent


def domain_name(project: str, stack: str, account: Account) -> str:
    """A name that is free in the region unless this very stack took it; it tells no account.

    Cognito takes 63 lower-case letters, digits and hyphens, and refuses names with `aws`, `amazon`
    or `cognito` in them. Nothing that people chose is part of it, so none can be refused.
    """
    named = f"{account.id}/{account.region}/{project}-{stack}"
    return f"warmline-{hashlib.sha256(named.encode()).hexdigest()[:16]}"


def vended_log_group(project: str, stack: str, name: str) -> str:
    """A log group that a service writes to by itself.

    The account has one resource policy for those, of 5,120 characters. Groups with this prefix are
    in it once for all; any other is added by name, and after some dozen the next stage is refused.
    """
    return f"/aws/vendedlogs/{project}-{stack}-{name}"


def subnet_cidr(vpc_cidr: str, zone: int, *, public: bool) -> str:
    """Addresses of a zone's private or public subnet: always the same eighth of the VPC's."""
    blocks = IPv4Network(vpc_cidr).subnets(prefixlen_diff=SUBNET_BLOCKS.bit_length() - 1)
    return str(list(blocks)[zone + (SUBNET_BLOCKS // 2 if public else 0)])
