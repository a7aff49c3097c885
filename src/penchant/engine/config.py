"""All settings together, one group a part; each group is described where its part is."""

from pathlib import Path
from typing import Literal

from penchant.config import Config
from penchant.data.clean import CleanConfig
from penchant.data.strength import EventsConfig
from penchant.encode.config import EncodeConfig
from penchant.engine.feedback import FeedbackConfig
from penchant.evaluate.experiment import EvaluateConfig
from penchant.interests.model import InterestsConfig
from penchant.recommend.pipeline import RecommendConfig
from penchant.store.config import CONFIG, StoreConfig
from penchant.taxonomy.config import TreeConfig


class EngineConfig(Config):
    """The settings of an engine."""

    seed: int = 0
    """All draws derive from it."""
    ties: Literal["unordered", "position"] = "unordered"
    """Whether `position` orders events of one user at one time: say so only where it is the true
    order of acts; sorted files look like one and are not."""
    keep: int = 3
    """Model versions kept in a workspace."""
    events: EventsConfig = EventsConfig()
    """What events mean."""
    clean: CleanConfig = CleanConfig()
    """How data are cleaned before learning."""
    encode: EncodeConfig = EncodeConfig()
    """How items become vectors."""
    tree: TreeConfig = TreeConfig()
    """How the interest tree is made."""
    interests: InterestsConfig = InterestsConfig()
    """The layers and their fusion."""
    recommend: RecommendConfig = RecommendConfig()
    """Lists and reasons."""
    feedback: FeedbackConfig = FeedbackConfig()
    """What "more" and "less" are taken to mean."""
    store: StoreConfig = StoreConfig()
    """Where tables are kept."""
    evaluate: EvaluateConfig = EvaluateConfig()
    """How an evaluation is made."""


def kept_config(workspace: str | Path | None) -> EngineConfig:
    """The settings that a workspace keeps; the defaults where it keeps none."""
    if workspace is not None and (path := Path(workspace) / CONFIG).is_file():
        return EngineConfig.from_toml(path)
    return EngineConfig()
