"""The settings of a stack: frozen, strict, and read once by `load`."""

from settings.load import load
from settings.model import (
    Api,
    Cors,
    Functions,
    Identity,
    Naming,
    Observability,
    Protection,
    Serving,
    Shadow,
    Storage,
    TenantSettings,
)
from settings.root import Settings

__all__ = [
    "Api",
    "Cors",
    "Functions",
    "Identity",
    "Naming",
    "Observability",
    "Protection",
    "Serving",
    "Settings",
    "Shadow",
    "Storage",
    "TenantSettings",
    "load",
]
