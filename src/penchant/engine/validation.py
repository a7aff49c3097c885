"""What settings are worth: learned and asked inside the part of a log that no test looks at.

The log is cut as `evaluate` would cut it, and what its test asks about is laid aside. What is left
is cut again: into rolling windows, each learned from all that lies before it, or by leaving the
last out. Everything is fitted on the training part of a fold alone, by the code that evaluates.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from penchant.data import columns as c
from penchant.data.split import Fold, SplitConfig
from penchant.encode.config import EncodeConfig
from penchant.engine.config import EngineConfig
from penchant.engine.prepared import Prepared
from penchant.engine.trial import Trial
from penchant.errors import ConfigError, did_you_mean
from penchant.evaluate.experiment import (
    Ground,
    Plan,
    catalogues,
    fitted_model,
    folds,
    grounded,
    ranked,
)
from penchant.evaluate.metrics import METRICS, auc
from penchant.evaluate.ranking import Ranks
from penchant.interests.layer import Catalogue
from penchant.train.knobs import text
from penchant.train.space import Settings
from penchant.train.tune import Split
from penchant.types import QUIET, Doubles, Floats, Progress, Report

TREES = 64
"""Trees kept while settings are searched."""


@dataclass(frozen=True)
class Aside:
    """What was laid aside for the test: from which moment on (None: of each user the last event),
    how many events, and the split by which `evaluate` looks at just these."""

    split: SplitConfig
    events: int
    cut: datetime | None

    def __str__(self) -> str:
        """One line for people."""
        where = "each user's last, and what came after it"
        if self.cut is not None:
            where = f"from {self.cut:%Y-%m-%d %H:%M:%S} on"
        return f"{self.events:,} events ({where}) were not looked at"


def visible(data: Prepared, config: EngineConfig, split: Split, given: pl.Series) -> "Visible":
    """The part of the data that tuning may look at: what `evaluate` would learn from.

    `given` are the ids of the item table as it was put in: items that are only known from events
    that were laid aside are not there.
    """
    kinds = ("last",) if split == "last" else ("time", "rolling")
    outer = config.evaluate.split
    if outer.kind not in kinds:
        outer = outer.but(kind=kinds[0])
    first = folds(_plan(data, config, outer))[0]
    met = first.train[c.ITEM].unique()
    there = pl.col(c.ITEM).is_in(pl.concat([met, given.cast(met.dtype).alias(c.ITEM)]).implode())
    aside = Aside(outer, data.events.height - first.train.height, first.cut)
    left = replace(data, events=first.train, items=data.items.filter(there), report=Report())
    return Visible(left, aside)


@dataclass(frozen=True)
class Visible:
    """Data without what was laid aside, and what that was."""

    data: Prepared
    aside: Aside


def cut(data: Prepared, config: EngineConfig, split: SplitConfig, windows: int) -> list[Fold]:
    """The folds that settings are judged by; for `last`, each leaves out one event more.

    Raises:
        DataError: there is too little to cut.
    """
    if split.kind != "last":
        return folds(_plan(data, config, split))
    made: list[Fold] = []
    for n in range(windows):
        (fold,) = folds(_plan(data, config, split))
        made.append(replace(fold, name=f"last but {n}" if n else "last"))
        data = replace(data, events=fold.train)
    return made


def _plan(data: Prepared, config: EngineConfig, split: SplitConfig) -> Plan:
    """A plan that is only cut by."""
    nothing = np.zeros((0, 0), np.float32)
    return Trial(data, nothing, config).plan(config.evaluate.but(split=split.model_dump()))


def metric_of(name: str) -> Callable[[Ranks], Doubles]:
    """A metric by its name.

    Raises:
        ConfigError: there is none of this name.
    """
    if name == "auc":
        return auc
    kind, _, k = name.partition("@")
    if kind not in METRICS or not k.isdigit() or int(k) < 1:
        hint = did_you_mean(kind, [*METRICS, "auc"])
        raise ConfigError(
            f"metric: {name!r} came; expected auc, or one of {', '.join(METRICS)} with the length "
            f"of a list, as ndcg@10.{hint}"
        )
    return lambda ranks: METRICS[kind](ranks, int(k))


@dataclass
class Validation:
    """Measures settings on folds; what several settings share is made once.

    `encode` gives the vectors of the items for settings of the encoder [I × D].
    """

    data: Prepared
    config: EngineConfig
    cuts: list[Fold]
    name: str
    encode: Callable[[EncodeConfig], Floats]
    progress: Progress = QUIET
    _texts: dict[str, Floats] = field(default_factory=dict, init=False, repr=False)
    _grounds: dict[tuple[int, str], Ground] = field(default_factory=dict, init=False, repr=False)
    _trees: dict[tuple[int, str], tuple[Catalogue, Catalogue]] = field(
        default_factory=dict, init=False, repr=False
    )
    _vectors: dict[tuple[int, str], tuple[Floats, Floats]] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def folds(self) -> int:
        """Number of folds."""
        return len(self.cuts)

    def key(self, settings: Settings) -> str:
        """All settings as text.

        Raises:
            ConfigError: these settings do not go together.
        """
        return self.config.but(**settings).model_dump_json()

    def default(self, name: str) -> Any:
        """What a setting is where a trial does not say."""
        found: Any = self.config.model_dump(mode="json")
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def people(self) -> list[str]:
        """Who is asked, fold after fold."""
        return [user for fold in self.cuts for user in fold.asks[c.USER].to_list()]

    def measure(self, settings: Settings, fold: int) -> Doubles:
        """The metric of everybody who is asked in a fold [B]."""
        config = self.config.but(**settings)
        plan = self._plan(config, fold)
        ground = self._ground(plan, fold)
        small, large = self._catalogues(plan, ground, config, fold)
        model = fitted_model(plan, ground, small, large)
        return metric_of(self.name)(ranked(plan, model, ground.asked))

    def _plan(self, config: EngineConfig, fold: int) -> Plan:
        """How to learn with these settings; what is asked stays as the default settings have it."""
        data = replace(self.data, config=config)
        plan = Trial(data, self._text(config.encode), config, self.progress).plan(config.evaluate)
        if config.events == self.config.events:
            return plan
        usual = self._ground(replace(plan, weights=self.config.events), fold)
        repeats = "allow" if usual.asked.repeats else "filter"
        return replace(plan, weights=config.events.but(repeats=repeats))

    def _text(self, encode: EncodeConfig) -> Floats:
        name = encode.model_dump_json()
        if name not in self._texts:
            self._texts[name] = self.encode(encode)
        return self._texts[name]

    def _ground(self, plan: Plan, fold: int) -> Ground:
        name = (fold, plan.weights.model_dump_json() + text(plan.context))
        if name not in self._grounds:
            self._grounds[name] = grounded(plan, self.cuts[fold], Report())
        return self._grounds[name]

    def _catalogues(
        self, plan: Plan, ground: Ground, config: EngineConfig, fold: int
    ) -> tuple[Catalogue, Catalogue]:
        """Vectors and tree, with and without later items; grown once for all settings alike."""
        parts = (config.tree, config.encode, plan.weights)
        name = (fold, "".join(part.model_dump_json() for part in parts))
        if name not in self._trees:
            if len(self._trees) >= TREES:
                self._trees.pop(next(iter(self._trees)))
            self._trees[name] = self._sharing(fold, config.encode, *catalogues(plan, ground))
        return self._trees[name]

    def _sharing(
        self, fold: int, encode: EncodeConfig, small: Catalogue, large: Catalogue
    ) -> tuple[Catalogue, Catalogue]:
        """The same with vectors that all trees of a fold hold together: they are the large part."""
        name = (fold, encode.model_dump_json())
        few, all_ = self._vectors.setdefault(name, (small.text, large.text))
        return replace(small, text=few), replace(large, text=all_)
