"""Baselines that count: popularity, recent popularity, and a person's own habits."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from penchant.clock import DAY
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.evaluate.scorer import TRACE, liked, or_popular, popularity, share
from penchant.types import Doubles, Floats, Longs

if TYPE_CHECKING:
    from penchant.interests.layer import Catalogue

_HELD = 20_000_000  # numbers kept by recent popularity: 80 MB


@dataclass
class Popularity:
    """What most people chose: score_i = n_i, positive events in training."""

    name: str = "popularity"
    counts_: Floats = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Count."""
        self.counts_ = popularity(log)
        return self

    def score(self, moments: Moments) -> Floats:
        """The same counts for everybody [B × I]."""
        return np.tile(self.counts_, (len(moments), 1))


@dataclass
class RecentPopularity:
    """What people choose lately: score_i(t) = Σ_{e on i, t_e < t} 2^(−(t − t_e) / half-life).

    Counted at up to `edges` times laid over the log by quantile; a moment takes the latest such
    time at or before it, so nothing after the question is counted.
    """

    half_life: float = 30.0
    """Days after which an event counts half."""
    edges: int = 200
    """Times at which the counts are kept."""
    name: str = "recent popularity"
    edges_: Longs = field(init=False, repr=False)
    counts_: Floats = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Run through the log once, letting counts decay from one edge to the next."""
        keep = np.flatnonzero(log.positive)
        order = keep[np.argsort(log.time[keep], kind="stable")]
        time, item = log.time[order], log.item[order]
        self.edges_ = _edges(time, min(self.edges, max(2, _HELD // max(len(log.items), 1))))
        self.counts_ = np.zeros((len(self.edges_), len(log.items)), np.float32)
        ends = np.searchsorted(time, self.edges_, side="left")
        start, before = 0, self.edges_[0]
        now: Doubles = np.zeros(len(log.items))
        for row, (edge, end) in enumerate(zip(self.edges_, ends, strict=True)):
            weight = self._decay(edge - time[start:end])
            now *= self._decay(edge - before)
            now += np.bincount(item[start:end], weights=weight, minlength=len(now))
            self.counts_[row], start, before = now, end, edge
        return self

    def score(self, moments: Moments) -> Floats:
        """The decayed counts at the last edge before each moment [B × I]."""
        row = np.searchsorted(self.edges_, moments.at, side="right") - 1
        found = self.counts_[np.maximum(row, 0)]
        found[row < 0] = 0.0
        return found

    def _decay(self, micros: Longs) -> Doubles:
        return np.exp2(-np.asarray(micros, np.float64) / (DAY * self.half_life))


def _edges(time: Longs, n: int) -> Longs:
    """Times between events by quantile, and one just after the last."""
    if not len(time):
        return np.zeros(1, np.int64)
    places = np.linspace(0, len(time) - 1, n).astype(np.int64)
    return np.unique(np.append(time[places], time[-1] + 1))


@dataclass
class OwnHistory:
    """What the person has had most, lately: score_i = Σ_{own events e of i} decay^(events since e).

    Strong wherever people repeat; behind it, a trace of popularity.
    """

    decay: float = 0.9
    """What an event keeps of its weight with each later one; 1 counts all alike."""
    name: str = "own history"
    counts_: Floats = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Only popularity is learned."""
        self.counts_ = popularity(log)
        return self

    def score(self, moments: Moments) -> Floats:
        """Decayed counts of each person's own positive events [B × I]."""
        weight = np.maximum(self.decay ** moments.rank.astype(np.float64), 10 * TRACE)
        own = liked(moments, len(self.counts_), weight.astype(np.float32)).toarray()
        own += TRACE * share(self.counts_)
        return or_popular(own, moments, self.counts_)
