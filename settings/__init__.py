"""The settings of a stack: frozen, strict, and read once by `load`."""

from settings.access import Identity, TenantSettings
from settings.api import Api, Cors, CustomDomain, Firewall, UsagePlan
from settings.compute import Functions, Serving, Shadow
from settings.keys import Keys
from settings.launch import Images, Launch
from settings.load import load
from settings.network import Network
from settings.observability import Objectives, Observability
from settings.operations import (
    Budget,
    Deployment,
    Efs,
    Naming,
    Protection,
    Storage,
)
from settings.release import Release
from settings.root import Settings

__all__ = [
    "Api",
    "Budget",
    "Cors",
    "CustomDomain",
    "Deployment",
    "Efs",
    "Firewall",
    "Functions",
    "Identity",
    "Images",
    "Keys",
    "Launch",
    "Naming",
    "Network",
    "Objectives",
    "Observability",
    "Protection",
    "Release",
    "Serving",
    "Settings",
    "Shadow",
    "Storage",
    "TenantSettings",
    "UsagePlan",
    "load",
]
