"""The settings of a stack: frozen, strict, and read once by `load`."""

from settings.access import Api, Cors, Identity, TenantSettings
from settings.compute import Functions, Serving, Shadow
from settings.launch import Images, Launch
from settings.load import load
from settings.network import Network
<<<<<<< HEAD
from settings.operations import Budget, Naming, Observability, Protection, Storage
=======
from settings.operations import Efs, Naming, Observability, Protection, Storage
>>>>>>> fa658df (Make the shared file system of models where a stack file asks for it)
from settings.release import Release
from settings.root import Settings

__all__ = [
    "Api",
    "Budget",
    "Cors",
    "Efs",
    "Functions",
    "Identity",
    "Images",
    "Launch",
    "Naming",
    "Network",
    "Observability",
    "Protection",
    "Release",
    "Serving",
    "Settings",
    "Shadow",
    "Storage",
    "TenantSettings",
    "load",
]
