"""From prepared tables to a model: vectors, tree, layers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from penchant.data.histories import Histories
from penchant.engine.prepared import Prepared
from penchant.engine.texts import Texts
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.taxonomy.grow import grow
from penchant.taxonomy.tree import Tree
from penchant.types import Progress, Report

T = TypeVar("T")


@dataclass(frozen=True)
class Learned:
    """A model, and the wall seconds that its steps took."""

    model: InterestModel
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Learning:
    """Learns from tables; nodes of the tree keep the ids that they have in `previous`."""

    data: Prepared
    texts: Texts
    progress: Progress
    previous: Tree | None = None
    scratch: Path | None = None
    report: Report = field(default_factory=Report)

    def model(self, log: Histories | None = None) -> Learned:
        """The model of all events, or of a part of them, whose users and items keep their rows."""
        data, config, seconds = self.data, self.data.config, dict[str, float]()
        text = _timed(
            seconds, "encode", lambda: self.texts.of(data.items, config.encode, self.report)
        )
        counts = data.counts_of(data.log if log is None else log)
        tree = _timed(
            seconds,
            "tree",
            lambda: grow(
                text, data.items, config.tree, counts=counts, previous=self.previous,
                seed=config.seed, progress=self.progress, report=self.report,
            ),
        )  # fmt: skip
        model = InterestModel(config.interests)
        _timed(
            seconds,
            "learn",
            lambda: model.fit(
                Catalogue(data.vocabulary, text, tree), data.log if log is None else log,
                repeats=data.repeats, seed=config.seed, progress=self.progress,
                scratch=self.scratch, report=self.report,
                said=self.texts.said(data.events, config.encode),
            ),
        )  # fmt: skip
        return Learned(model, seconds)


def _timed(seconds: dict[str, float], name: str, work: Callable[[], T]) -> T:
    """What work gives, its wall seconds noted."""
    began = perf_counter()
    found = work()
    seconds[name] = perf_counter() - began
    return found
