"""Prices of us-east-1 in US dollars, as dated data."""

from typing import Final

CHECKED: Final = "2026-11"
HOURS_PER_MONTH: Final = 730
"""As AWS's own calculator counts."""

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
