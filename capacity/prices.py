"""AWS list prices of us-east-1 in US dollars, as dated data.

Free tiers are left out: they belong to an account, not to a stack. `checked` says when a figure was
last compared with another source than our own, and `source` which AWS price page it is from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REGION: Final = "us-east-1"
HOURS_PER_MONTH: Final = 730
"""As AWS's own calculator counts."""
SECONDS_PER_MONTH: Final = HOURS_PER_MONTH * 3_600


@dataclass(frozen=True, kw_only=True)
class Price:
    """What AWS asks for one unit."""

    usd: float
    unit: str
    source: str
    """AWS's price page."""
    checked: str
    """Year and month of the comparison with a second source."""

    @property
    def month(self) -> float:
        """US dollars a month for what is paid by the hour."""
        return self.usd * HOURS_PER_MONTH


LAMBDA_GB_SECOND: Final[Mapping[str, Price]] = {
    "arm64": Price(
        usd=0.0000133334, unit="GB-second", source="AWS Lambda pricing", checked="2026-09"
    ),
    "x86_64": Price(
        usd=0.0000166667, unit="GB-second", source="AWS Lambda pricing", checked="2026-09"
    ),
}
"""By architecture: first tier (6 or 7.5 billion GB-seconds a month), initialisation included."""
LAMBDA_REQUEST: Final = Price(
    usd=0.20 / 1e6, unit="request", source="AWS Lambda pricing", checked="2026-09"
)
WARM_GB_SECOND: Final[Mapping[str, Price]] = {
    "arm64": Price(
        usd=0.0000033334, unit="GB-second", source="AWS Lambda pricing", checked="2026-09"
    ),
    "x86_64": Price(
        usd=0.0000041667, unit="GB-second", source="AWS Lambda pricing", checked="2026-09"
    ),
}
"""By architecture: an environment of provisioned concurrency, used or not."""
WARM_RUN_GB_SECOND: Final[Mapping[str, Price]] = {
    "arm64": Price(
        usd=0.0000077778, unit="GB-second", source="AWS Lambda pricing", checked="2026-09"
    ),
    "x86_64": Price(
        usd=0.0000097222, unit="GB-second", source="AWS Lambda pricing", checked="2026-09"
    ),
}
"""By architecture: duration of requests in such an environment."""

ALARM_MONTH: Final = 0.10
"""A standard-resolution metric alarm, per metric that it watches. Source: CloudWatch pricing."""
DASHBOARD_MONTH: Final = 3.00
"""Each beyond the account's first three. Source: CloudWatch pricing."""
CUSTOM_METRIC_MONTH: Final = 0.30
"""Per name and set of dimensions, first 10,000. Source: CloudWatch pricing."""
KEY_MONTH: Final = 1.00
"""A customer-managed key; each rotation adds as much, up to two. Source: KMS pricing."""
INTERFACE_ENDPOINT_HOUR: Final = 0.01
"""In each availability zone; each GB costs 0.01 more. Source: AWS PrivateLink pricing."""
NAT_GATEWAY_HOUR: Final = 0.045
"""Each GB costs 0.045 more. Source: Amazon VPC pricing."""
PUBLIC_ADDRESS_HOUR: Final = 0.005
"""A public IPv4 address, in use or not, since 2024-02. Source: Amazon VPC pricing."""
FLOW_LOG_GB: Final = 0.50
"""Vended logs into CloudWatch Logs, first 10 TB a month. Source: CloudWatch pricing."""
FILE_SYSTEM_GB_MONTH: Final = 0.30
"""EFS Standard, regional; elastic throughput adds 0.03 per GB read and 0.06 per GB written.
Source: Amazon EFS pricing."""
