"""implicit: item kNN, ALS, BPR."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.quality.lists import K, Lists
from benchmarks.quality.peers.part import Part
from benchmarks.quality.peers.watch import UNWATCHED, Watch
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

_KINDS = {"tfidf": TFIDFRecommender, "bm25": BM25Recommender, "cosine": CosineRecommender}


@dataclass
class Implicit:
    """A model of implicit, asked with each person's row of the matrix that it learned from."""

    settings: dict[str, Any]
    seed: int

    def fit(self, part: Part, watch: Watch = UNWATCHED) -> "Implicit":
        """Learn."""
        told = dict(self.settings)
        self.X = part.matrix(told.pop("binary", True))
        self.model = self._made(told)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells how long it took to turn a matrix over
            self.model.fit(self.X, show_progress=False)
        return self

    def _made(self, told: dict[str, Any]) -> Any:
        raise NotImplementedError

    def lists(self, part: Part) -> Lists:
        """The best items of every ask."""
        rows, n = part.servable, min(K + part.room, part.known)
        users = part.ask_user[rows]
        items, scores = self.model.recommend(
            users, self.X[users], N=n, filter_already_liked_items=False
        )
        items = np.where(np.isfinite(scores) & (items >= 0), items, -1).astype(np.int32)
        return part.answer(rows, self._known(items, scores), scores)

    @staticmethod
    def _known(items: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return items


class Neighbours(Implicit):
    """Item kNN; an item that no neighbour speaks for has score 0 and is not listed."""

    def _made(self, told: dict[str, Any]) -> Any:
        return _KINDS[told.pop("kind")](num_threads=1, **told)

    @staticmethod
    def _known(items: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return np.where(scores > 0, items, -1)


class ALS(Implicit):
    """Alternating least squares."""

    def _made(self, told: dict[str, Any]) -> Any:
        return AlternatingLeastSquares(random_state=self.seed, num_threads=1, **told)


class BPR(Implicit):
    """Bayesian personalised ranking by matrix factorisation."""

    def _made(self, told: dict[str, Any]) -> Any:
        return BayesianPersonalizedRanking(random_state=self.seed, num_threads=1, **told)
