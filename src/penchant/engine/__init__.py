"""The engine: the one object that a user of the library holds."""

from penchant.engine.config import EngineConfig
from penchant.engine.engine import Engine

__all__ = ["Engine", "EngineConfig"]
