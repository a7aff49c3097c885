"""All settings together, one group a part; each group is described where its part is."""

from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field

from penchant.config import Config
from penchant.data.clean import CleanConfig
from penchant.data.strength import EventsConfig
from penchant.encode.config import EncodeConfig
from penchant.engine.feedback import FeedbackConfig
from penchant.engine.serving import ServeConfig
from penchant.evaluate.experiment import EvaluateConfig
from penchant.interests.model import InterestsConfig
from penchant.recommend.pipeline import RecommendConfig
from penchant.store.config import CONFIG, StoreConfig
from penchant.stream.config import StreamConfig
from penchant.taxonomy.config import TreeConfig

LEARNED: Final = ("ties", "events", "clean", "encode", "tree", "interests")
"""The settings that a model is learned with: what they say counts from the next fit on."""


class LiveConfig(Config):
    """What is kept in memory to answer quickly; it is read again from the store when needed."""

    events: int = Field(5_000_000, ge=1)
    """At most about so many events of people's pasts are kept, of those who were asked about last;
    one takes some 30 to 50 bytes, and each person some 2,500 beside."""
    whole: float = Field(0.0, ge=0.0)
    """What is asked about everybody is answered from the whole log as it was at most so many
    seconds ago; 0: as it is now. Reading it takes seconds where it is large."""


class RefitConfig(Config):
    """When a model that was learned anew takes the place of the one that serves."""

    share: float = Field(0.05, gt=0.0, lt=0.5)
    """The newest share of the events that both are judged by."""
    people: int = Field(2_000, ge=20)
    """At most so many people are asked about."""
    worse: float = Field(0.02, ge=0.0)
    """So much of the NDCG@10 of the one that serves may be lost: chance alone moves it."""
    least: int = Field(20, ge=1)
    """With fewer people in the newest part nothing can be said, and the new one serves."""


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
    live: LiveConfig = LiveConfig()
    """What is kept in memory to answer quickly."""
    refit: RefitConfig = RefitConfig()
    """When a model that was learned anew takes the place of the one that serves."""
    stream: StreamConfig = StreamConfig()
    """How events are consumed as they come."""
    evaluate: EvaluateConfig = EvaluateConfig()
    """How an evaluation is made."""
    serve: ServeConfig = ServeConfig()
    """How the HTTP service behaves."""
    store: StoreConfig = StoreConfig()
    """Where tables are kept."""

    def asking(self, learned: Self) -> Self:
        """These settings for who asks a model: what it was learned with stands as it was then,
        whatever it is now, until the next fit."""
        return self.model_copy(update={name: getattr(learned, name) for name in LEARNED})


def passed_on(config: EngineConfig) -> dict[str, Any]:
    """The settings as plain values for a process of our own: with the passwords, which no other
    written form of them has."""
    plain: dict[str, Any] = config.model_dump(mode="json")
    plain["store"]["url"] = config.store.url
    plain["stream"] |= config.stream.model_dump(include={"schemas", "kafka"})
    return plain


def kept_config(workspace: str | Path | None) -> EngineConfig:
    """The settings that a workspace keeps; the defaults where it keeps none."""
    if workspace is not None and (path := Path(workspace) / CONFIG).is_file():
        return EngineConfig.from_toml(path)
    return EngineConfig()
