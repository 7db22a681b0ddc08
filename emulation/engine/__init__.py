"""The Pulumi engine: found on PATH, downloaded by its own installer, or built from Go modules."""

from emulation.engine.bootstrap import ensure
from emulation.engine.found import Engine, EngineError

__all__ = ["Engine", "EngineError", "ensure"]
