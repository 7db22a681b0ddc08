"""Tags, and the words for what a resource holds."""

from dataclasses import dataclass
from enum import StrEnum


class DataClass(StrEnum):
    """What a resource holds. Each class that AWS can encrypt with our keys has its own key."""

    MODELS = "models"
    """Model files: somebody's intellectual property."""
    REGISTRY = "registry"
    """Routes, model versions, tenants."""
    LOGS = "logs"
    """Log lines and access records, without payload."""
    QUEUES = "queues"
    """Requests on their way to a shadow version, and alarm messages."""
    CODE = "code"
    """Function archives and function environments."""
    NONE = "none"
    """Wiring that holds no data."""


@dataclass(frozen=True, kw_only=True)
class Tags:
    """What every taggable resource carries. Explicit on each, so that tests and policies see it."""

    project: str
    stack: str
    environment: str
    owner: str
    cost_centre: str

    def named(self, name: str, data: DataClass = DataClass.NONE) -> dict[str, str]:
        return {
            "Name": name,
            "project": self.project,
            "stack": self.stack,
            "environment": self.environment,
            "owner": self.owner,
            "cost-centre": self.cost_centre,
            "data-class": data.value,
        }
