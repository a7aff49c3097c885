"""What an evaluation learns from: catalogues and models that know a training part alone."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from penchant.data import columns as c
from penchant.data.vocabulary import Vocabulary
from penchant.engine.config import EngineConfig
from penchant.engine.prepared import Prepared
from penchant.evaluate.experiment import EvaluateConfig, Plan
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.taxonomy.grow import grow
from penchant.types import QUIET, Floats, Longs, Progress


@dataclass(frozen=True)
class Trial:
    """The tables, the items' vectors [I × D] and the settings that an evaluation learns with."""

    data: Prepared
    text: Floats
    config: EngineConfig
    progress: Progress = QUIET

    def plan(self, config: EvaluateConfig) -> Plan:
        """The plan of one evaluation."""
        return Plan(
            events=self.data.events,
            items=self.data.items,
            weights=self.config.events,
            context=self.config.interests.context.columns,
            catalogue=self.catalogues,
            model=self.unfitted,
            config=config,
            settings=self.config.model_dump(mode="json"),
            seed=self.config.seed,
            progress=self.progress,
            relations=self.data.relations,
        )

    def catalogues(self, first: Longs, later: Longs, counts: Floats) -> tuple[Catalogue, Catalogue]:
        """The catalogue learned from some items, and the same with later ones joined."""
        ids, items = self.data.items[c.ITEM], self.data.items[first]
        tree = grow(
            self.text[first], items, self.config.tree, counts=counts,
            seed=self.config.seed, progress=self.progress,
        )  # fmt: skip
        small = Catalogue(Vocabulary(items[c.ITEM]), self.text[first], tree)
        if len(later):
            tree = tree.extended(tree.assign(self.text[later]), ids.gather(later).to_list())
        order = np.concatenate([first, later])
        return small, Catalogue(Vocabulary(ids.gather(order)), self.text[order], tree)

    def unfitted(self, kind: Literal["last", "time"]) -> InterestModel:
        """A model that chooses by held-out moments of the kind that it will be asked about."""
        holdout = self.config.interests.holdout.but(kind=kind)
        return InterestModel(self.config.interests.but(holdout=holdout.model_dump()))
