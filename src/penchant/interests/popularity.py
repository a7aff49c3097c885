"""What everybody turns to at a time: counts that fade, on a log scale.

    pop_i(t) = log( I · (n_i(t) + ε) / Σ_j (n_j(t) + ε) )
    n_i(t) = Σ_{events on i before t} 2^(−(t − t_k) / τ)

Zero is as popular as the average item.
Only events before t count, so nobody is recommended what became popular later.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from penchant.clock import DAY
from penchant.config import Config
from penchant.data.histories import Histories, Moments
from penchant.interests.layer import Catalogue, Training
from penchant.random import derive
from penchant.train.mixture import log_loss, shortlist, temperature
from penchant.types import Floats, Longs, State


class PopularityConfig(Config):
    """How popularity fades."""

    half_lives: tuple[float, ...] = (3.0, 14.0, 60.0, 240.0, 1000.0)
    """Half-lives τ to choose from, in days."""
    smoothing: float = Field(0.5, gt=0.0)
    """ε: events that every item is given for nothing."""
    snapshots: int = Field(512, ge=2)
    """Points in time at which counts are kept; a moment between two uses the earlier one."""
    cells: int = Field(20_000_000, ge=1000)
    """At most so many counts are kept (snapshots × items)."""


@dataclass
class Popularity:
    """The popularity layer."""

    kind: ClassVar[str] = "popularity"
    config: PopularityConfig = field(default_factory=PopularityConfig)
    half_life_: float = field(init=False)
    times_: Longs = field(init=False, repr=False)
    counts_: Floats = field(init=False, repr=False)

    def fit(self, training: Training) -> Self:
        """Choose τ by how likely it makes the held-out moments, and count."""
        self.half_life_ = self._choose(training)
        return self.refit(training)

    def refit(self, training: Training) -> Self:
        """Count again."""
        self.times_, self.counts_ = self._counted(training.log, self.half_life_)
        return self

    def score(self, moments: Moments) -> Floats:
        """log of faded counts over their mean [B × I]."""
        row = np.searchsorted(self.times_, moments.at, side="right") - 1
        gone = (moments.at - self.times_[np.maximum(row, 0)]) / DAY
        kept = np.exp2(-np.maximum(gone, 0.0) / self.half_life_).astype(np.float32)
        n = self.counts_[np.maximum(row, 0)] * np.where(row >= 0, kept, 0.0)[:, None]
        n = n.astype(np.float32) + np.float32(self.config.smoothing)
        return np.asarray(np.log(n / n.mean(axis=1, keepdims=True)), np.float32)

    def state(self) -> State:
        """The snapshots."""
        return {"times": self.times_, "counts": self.counts_}, {"half_life": self.half_life_}

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up the snapshots."""
        arrays, values = state
        self.times_, self.counts_ = arrays["times"], arrays["counts"]
        self.half_life_ = values["half_life"]
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """New items start without counts."""
        more = len(catalogue) - self.counts_.shape[1]
        self.counts_ = np.pad(self.counts_, ((0, 0), (0, more)))

    def _choose(self, training: Training) -> float:
        options, holdout = self.config.half_lives, training.holdout
        if len(options) == 1 or holdout is None or not len(holdout):
            return options[len(options) // 2]
        loss = {}
        with training.progress.step("popularity: choosing", len(options)) as step:
            for half_life in options:
                self.half_life_ = half_life
                self.times_, self.counts_ = self._counted(training.log, half_life)
                scores = self.score(holdout.moments)
                seed = derive(training.seed, "popularity")
                candidates = shortlist([scores], holdout, others=600, best=200, seed=seed)
                logits = candidates.of(scores)
                logits = logits * np.float32(temperature(logits, candidates))
                loss[half_life] = float(log_loss(logits, candidates).mean())
                step.advance()
        return min(loss, key=lambda half_life: loss[half_life])

    def _counted(self, log: Histories, half_life: float) -> tuple[Longs, Floats]:
        """Times [S] and faded counts of the events before each [S × I]."""
        rows = np.flatnonzero(log.positive)
        rows = rows[np.argsort(log.time[rows], kind="stable")]
        time, item, n = log.time[rows], log.item[rows], len(log.items)
        S = max(2, min(self.config.snapshots, self.config.cells // max(n, 1)))
        if not len(rows):
            return np.zeros(1, np.int64), np.zeros((1, n), np.float32)
        ends = np.append(time[:: max(1, len(time) // S)], time[-1] + 1)
        times = np.unique(ends).astype(np.int64)
        counts = np.zeros((len(times), n), np.float32)
        now = np.zeros(n)
        stops = np.searchsorted(time, times, side="left")
        for s in range(1, len(times)):
            part = slice(stops[s - 1], stops[s])
            kept = np.exp2(-(times[s] - time[part]) / (DAY * half_life))
            now *= np.exp2(-(times[s] - times[s - 1]) / (DAY * half_life))
            now += np.bincount(item[part], weights=kept, minlength=n)
            counts[s] = now
        return times, counts
