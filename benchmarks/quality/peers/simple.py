"""RecTools: popularity, recent popularity, EASE."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from benchmarks.quality.lists import K, Lists
from benchmarks.quality.peers.part import Part, square
from benchmarks.quality.peers.watch import UNWATCHED, Watch
from rectools.dataset import Dataset
from rectools.models import EASEModel, PopularModel


@dataclass
class Simple:
    """A model of RecTools that learns in one go."""

    settings: dict[str, Any]
    seed: int

    def fit(self, part: Part, watch: Watch = UNWATCHED) -> "Simple":
        """Learn."""
        told = dict(self.settings)
        frame = part.frame()
        if told.pop("binary", False):
            frame = frame.drop_duplicates(["user_id", "item_id"], keep="last")
        self.dataset = Dataset.construct(frame)
        self.model = self._made(told)
        self.model.fit(self.dataset)
        return self

    def _made(self, told: dict[str, Any]) -> Any:
        raise NotImplementedError

    def lists(self, part: Part) -> Lists:
        """The best items of every ask."""
        rows, n = part.servable, min(K + part.room, part.known)
        users = part.ask_user[rows]
        found = self.model.recommend(users, self.dataset, k=n, filter_viewed=False)
        items, scores, some = square(found, users, n)
        return part.answer(rows[some], items[some], scores[some])


class Popular(Simple):
    """What most people had, ever or within the last `days` of training: one list for all asks."""

    def _made(self, told: dict[str, Any]) -> Any:
        days = told.pop("days", None)
        return PopularModel(period=None if days is None else timedelta(days=days), **told)

    def lists(self, part: Part) -> Lists:
        """The list of one user without a filter, then each ask's filter."""
        n = min(K + part.room, part.known)
        found = self.model.recommend(part.user[:1], self.dataset, k=n, filter_viewed=False)
        items, scores, _ = square(found, part.user[:1], n)
        rows = np.arange(len(part.ask_user))
        return part.answer(rows, items.repeat(len(rows), 0), scores.repeat(len(rows), 0))


class EASE(Simple):
    """EASE by RecTools."""

    def _made(self, told: dict[str, Any]) -> Any:
        return EASEModel(recommend_n_threads=1, **told)
