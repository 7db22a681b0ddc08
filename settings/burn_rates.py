"""How fast an error budget may burn before somebody is told.

The error budget of an objective is what it lets fail: 0.1 % of the requests of 30 days where the
objective is 99.9 %. A burn rate of 1 uses it up in exactly those 30 days. Windows, fractions and
the formula are those of Google's SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
PERIOD_SECONDS: Final = 30 * DAY
"""Over which an objective holds."""
Severity = Literal["page", "ticket"]
"""`page` = somebody acts now, `ticket` = within days."""
SEVERITIES: Final[tuple[Severity, ...]] = ("page", "ticket")


def burn_rate(budget_fraction: float, window_seconds: int) -> float:
    """The rate at which a window of this length uses up that fraction of the budget."""
    return round(budget_fraction * PERIOD_SECONDS / window_seconds, 6)


def error_budget(objective_percent: float) -> float:
    """The fraction of requests that may miss an objective: 0.001 for 99.9 %."""
    return float((100 - Decimal(str(objective_percent))) / 100)


@dataclass(frozen=True, kw_only=True)
class BurnAlert:
    """Told when both windows burn at this rate: the long one says that it matters, the short one
    that it still goes on."""

    severity: Severity
    budget_fraction: float
    """Of the budget, used up within the long window."""
    long_seconds: int
    short_seconds: int

    @property
    def rate(self) -> float:
        return burn_rate(self.budget_fraction, self.long_seconds)


BURN_ALERTS: Final = (
    BurnAlert(severity="page", budget_fraction=0.02, long_seconds=HOUR, short_seconds=5 * MINUTE),
    BurnAlert(
        severity="page", budget_fraction=0.05, long_seconds=6 * HOUR, short_seconds=30 * MINUTE
    ),
    BurnAlert(
        severity="ticket", budget_fraction=0.10, long_seconds=3 * DAY, short_seconds=6 * HOUR
    ),
)
FASTEST_RATE: Final = max(alert.rate for alert in BURN_ALERTS)
