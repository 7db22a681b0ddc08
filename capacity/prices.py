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
