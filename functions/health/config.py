"""The health function's environment, read once."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.env import HealthEnv
from functions.shared.environ import Reader


@dataclass(frozen=True, kw_only=True)
class Config:
    """See `contracts.env.HealthEnv`."""

    registry_table: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Raises `ConfigError`."""
        read = Reader(environ)
        table = read.text(HealthEnv.REGISTRY_TABLE)
        read.finish()
        return cls(registry_table=table)
