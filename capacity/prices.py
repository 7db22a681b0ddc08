"""AWS list prices of us-east-1 in US dollars, as dated data: first tiers, without free tiers.

Nothing here was read from a bill. `seen` names the copy of AWS's price page that the figure was
compared with; `UNCONFIRMED` stands where none was found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REGION: Final = "us-east-1"
DATE: Final = "2026-11"
"""When the figures were gone through last."""
UNCONFIRMED: Final = ""
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
    seen: str
    """Where else the same figure was found, and of when that is."""

    @property
    def month(self) -> float:
        """US dollars a month for what is paid by the hour."""
        return self.usd * HOURS_PER_MONTH


_PRICE_LIST: Final = "transcript of the AWS Price List API, 2026-09"
_CLOUDWATCH: Final = "api-evangelist/cloudwatch, 2026-05"
_C3X: Final = "c3x.dev, 2026-06"
_CLOUDBURN: Final = "cloudburn.io, 2026-03"

LAMBDA_GB_SECOND: Final[Mapping[str, Price]] = {
    "arm64": Price(
        usd=0.0000133334, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
    ),
    "x86_64": Price(
        usd=0.0000166667, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
    ),
}
"""By architecture: first tier (6 or 7.5 billion GB-seconds a month), initialisation included."""
LAMBDA_REQUEST: Final = Price(
    usd=0.20 / 1e6, unit="request", source="AWS Lambda pricing", seen=_PRICE_LIST
)
WARM_GB_SECOND: Final[Mapping[str, Price]] = {
    "arm64": Price(
        usd=0.0000033334, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
    ),
    "x86_64": Price(
        usd=0.0000041667, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
    ),
}
"""By architecture: an environment of provisioned concurrency, used or not."""
WARM_RUN_GB_SECOND: Final[Mapping[str, Price]] = {
    "arm64": Price(
        usd=0.0000077778, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
    ),
    "x86_64": Price(
        usd=0.0000097222, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
    ),
}
"""By architecture: duration of requests in such an environment."""

SNAPSHOT_GB_SECOND: Final = Price(
    usd=0.0000015046, unit="GB-second", source="AWS Lambda pricing", seen=_PRICE_LIST
)
"""SnapStart: the snapshot of one published version, for as long as the version is there."""

ALARM: Final = Price(
    usd=0.10, unit="metric and month", source="Amazon CloudWatch pricing", seen=_CLOUDWATCH
)
"""Standard resolution. An alarm over an expression pays for each metric that the expression reads;
the page calls the unit *alarm metric*."""
COMPOSITE_ALARM: Final = Price(
    usd=0.50, unit="alarm and month", source="Amazon CloudWatch pricing", seen=_C3X
)
DASHBOARD: Final = Price(
    usd=3.00, unit="dashboard and month", source="Amazon CloudWatch pricing", seen=_CLOUDWATCH
)
CUSTOM_METRIC: Final = Price(
    usd=0.30, unit="metric and month", source="Amazon CloudWatch pricing", seen=_CLOUDWATCH
)
"""Per name and set of dimensions; by the hour, and only in hours that have data."""
LOG_INGESTED_GB: Final = Price(
    usd=0.50, unit="GB", source="Amazon CloudWatch pricing", seen="c3x.dev, 2026-06"
)
"""Standard class; vended logs (flow logs, access logs, firewall logs) cost the same at first."""
LOG_STORED_GB_MONTH: Final = Price(
    usd=0.03, unit="GB-month", source="Amazon CloudWatch pricing", seen=_C3X
)
LOG_SCANNED_GB: Final = Price(usd=0.005, unit="GB", source="Amazon CloudWatch pricing", seen=_C3X)
"""By a Logs Insights query. A saved query costs nothing until it runs."""
TRACE: Final = Price(
    usd=5.00 / 1e6, unit="trace recorded", source="AWS X-Ray pricing", seen="aws.amazon.com/xray"
)

KEY: Final = Price(usd=1.00, unit="key and month", source="AWS KMS pricing", seen=_CLOUDBURN)
"""Also a replica in another region. A key that rotates costs as much more after its first and its
second rotation; later ones are free."""
FIREWALL: Final = Price(usd=5.00, unit="web ACL and month", source="AWS WAF pricing", seen=_C3X)
FIREWALL_RULE: Final = Price(
    usd=1.00, unit="rule or managed group and month", source="AWS WAF pricing", seen=_C3X
)
FIREWALL_REQUEST: Final = Price(usd=0.60 / 1e6, unit="request", source="AWS WAF pricing", seen=_C3X)
"""The same in every region, up to 1,500 capacity units and the default size of body."""
REST_REQUEST: Final = Price(
    usd=3.50 / 1e6,
    unit="request",
    source="Amazon API Gateway pricing",
    seen="AWS whitepaper on private APIs",
)
HTTP_REQUEST: Final = Price(
    usd=1.00 / 1e6,
    unit="request of up to 512 KB",
    source="Amazon API Gateway pricing",
    seen="AWS whitepaper on private APIs",
)
TOKEN: Final = Price(
    usd=2.25 / 1e3,
    unit="token of a client",
    source="Amazon Cognito pricing",
    seen="vantage.sh, 2025-04",
)
"""The developer guide (*Managing costs*) counts tokens of machine clients; that clients themselves
cost $6 a month, as until 2025, is no longer in it."""

DATA_OUT_GB: Final = Price(
    usd=0.09, unit="GB", source="Amazon EC2 pricing", seen="apigatewaycost.com"
)
"""To the internet, first 10 TB."""
INTERFACE_ENDPOINT: Final = Price(
    usd=0.01, unit="zone and hour", source="AWS PrivateLink pricing", seen="usage.ai, 2026-05"
)
"""Each GB costs 0.01 more."""
NAT_GATEWAY: Final = Price(
    usd=0.045, unit="gateway and hour", source="Amazon VPC pricing", seen=_CLOUDBURN
)
"""Each GB costs 0.045 more."""
PUBLIC_ADDRESS: Final = Price(
    usd=0.005, unit="address and hour", source="Amazon VPC pricing", seen=_CLOUDBURN
)
"""A public IPv4 address, in use or not, since 2024-02."""
QUEUE_REQUEST: Final = Price(
    usd=0.40 / 1e6, unit="request", source="Amazon SQS pricing", seen=UNCONFIRMED
)

OBJECT_GB_MONTH: Final = Price(
    usd=0.023, unit="GB-month", source="Amazon S3 pricing", seen="factualminds.com, 2026-06"
)
TABLE_GB_MONTH: Final = Price(
    usd=0.25,
    unit="GB-month",
    source="Amazon DynamoDB pricing",
    seen="aws.amazon.com/dynamodb",
)
TABLE_RECOVERY_GB_MONTH: Final = Price(
    usd=0.20, unit="GB-month", source="Amazon DynamoDB pricing", seen=UNCONFIRMED
)
IMAGE_GB_MONTH: Final = Price(
    usd=0.10, unit="GB-month", source="Amazon ECR pricing", seen=UNCONFIRMED
)
FILE_GB_MONTH: Final = Price(
    usd=0.30, unit="GB-month", source="Amazon EFS pricing", seen="factualminds.com, 2026-06"
)
"""Standard, regional; elastic throughput adds 0.03 per GB read and 0.06 per GB written."""
