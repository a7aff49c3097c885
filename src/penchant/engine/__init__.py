"""The engine: the one object that a user of the library holds."""

from typing import TYPE_CHECKING, Any

from penchant.engine.config import EngineConfig

if TYPE_CHECKING:
    from penchant.engine.engine import Engine

__all__ = ["Engine", "EngineConfig"]


def __getattr__(name: str) -> Any:
    """Load the engine when it is first used: settings alone need much less."""
    if name != "Engine":
        raise AttributeError(f"module 'penchant.engine' has no attribute {name!r}")
    from penchant.engine.engine import Engine

    return Engine
