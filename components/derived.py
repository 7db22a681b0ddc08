"""Names and times that follow from settings: arithmetic without a cloud."""

import hashlib

from components.account import Account
from settings.limits import SQS_VISIBILITY_FACTOR


def visibility_seconds(consumer_timeout_seconds: int) -> int:
    """How long a received message stays hidden, so that none still served is delivered again."""
    return SQS_VISIBILITY_FACTOR * consumer_timeout_seconds


def near_timeout_ms(timeout_seconds: int, percent: int) -> int:
    """`percent` of a timeout, in milliseconds."""
    return timeout_seconds * 10 * percent


def domain_name(prefix: str, account: Account) -> str:
    """A name that is free in the region unless this very account took it; it tells no account.

    Cognito takes lower-case letters, digits and hyphens.
    """
    digest = hashlib.sha256(f"{account.id}/{account.region}/{prefix}".encode()).hexdigest()
    return f"{prefix.lower()}-{digest[:10]}"
