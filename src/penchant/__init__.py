"""Penchant: knows what each user is interested in, and recommends from it with reasons that add up.

from penchant import Engine

engine = Engine("shop")
engine.add(events="events.parquet", items="items.parquet")
engine.fit()
print(engine.interests("ann"))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penchant.data.sources.world import World as World
    from penchant.data.sources.world import WorldConfig as WorldConfig
    from penchant.data.sources.world import make_world as make_world
    from penchant.data.split import SplitConfig as SplitConfig
    from penchant.engine.config import EngineConfig as EngineConfig
    from penchant.engine.engine import Engine as Engine
    from penchant.errors import PenchantError as PenchantError
    from penchant.interests.profile import Profile as Profile
    from penchant.recommend.filters import Filters as Filters
    from penchant.recommend.result import Reason as Reason
    from penchant.recommend.result import Recommendations as Recommendations
    from penchant.types import Report as Report

__version__ = "0.1.0"

_HOMES = {
    "Engine": "penchant.engine.engine",
    "EngineConfig": "penchant.engine.config",
    "Filters": "penchant.recommend.filters",
    "PenchantError": "penchant.errors",
    "Profile": "penchant.interests.profile",
    "Reason": "penchant.recommend.result",
    "Recommendations": "penchant.recommend.result",
    "Report": "penchant.types",
    "SplitConfig": "penchant.data.split",
    "World": "penchant.data.sources.world",
    "WorldConfig": "penchant.data.sources.world",
    "make_world": "penchant.data.sources.world",
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'penchant' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
