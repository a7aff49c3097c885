"""What can be said of an item that few have met yet: how new it is, and what its text promises.

    unmet_i(t) = 1 where nobody has met the item before t
    new_i^τ(t) = 2^(−(t − first_i) / τ) elsewhere; first_i is the time of its first event
    told_i     = ⟨slope, text_i − mean⟩, a ridge regression of log(events + 1/2) on the text

Counts alone rank what has just come behind everything else for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from penchant.clock import DAY
from penchant.data.histories import Histories
from penchant.types import Arrays, Floats, Longs, State

NEVER = np.iinfo(np.int64).max
_RIDGE = 3.0  # items' worth of doubt about each direction of the text


@dataclass(frozen=True)
class Newcomers:
    """half_lives τ in days; first [I] (µs; `NEVER` where nobody met it), mean [D], slope [D],
    told [I]."""

    half_lives: Sequence[float]
    first: Longs
    mean: Floats
    slope: Floats
    told: Floats

    @classmethod
    def of(cls, log: Histories, text: Floats, half_lives: Sequence[float]) -> Self:
        """Learned from a log and the items' texts [I × D]."""
        n, rows = len(log.items), np.flatnonzero(log.positive)
        first = np.full(n, NEVER, np.int64)
        np.minimum.at(first, log.item[rows], log.time[rows])
        counts = np.bincount(log.item[rows], minlength=n)
        mean, slope = _regression(text, counts)
        return cls(half_lives, first, mean, slope, _told(text, mean, slope))

    @property
    def terms(self) -> int:
        """How many terms `each` gives."""
        return len(self.half_lives) + 2

    def each(self, at: Longs) -> list[Floats]:
        """told, unmet, then new for each half-life, at some times [B × I] each."""
        met = self.first[None, :] < at[:, None]
        age = np.where(met, (at[:, None] - np.where(met, self.first, 0)) / DAY, 0.0)
        new = [
            np.where(met, np.exp2(-age / tau), 0.0).astype(np.float32) for tau in self.half_lives
        ]
        return [np.broadcast_to(self.told, met.shape), (~met).astype(np.float32), *new]

    def extended(self, text: Floats) -> "Newcomers":
        """With room for items that came later: nobody has met them."""
        more = text[len(self.first) :]
        first = np.append(self.first, np.full(len(more), NEVER, np.int64))
        told = np.append(self.told, _told(more, self.mean, self.slope))
        return replace(self, first=first, told=told)

    def state(self) -> State:
        """First events, the regression, and what it tells of the items."""
        arrays: Arrays = {
            "first": self.first, "mean": self.mean, "slope": self.slope, "told": self.told
        }  # fmt: skip
        return arrays, {"newness": list(self.half_lives)}

    @classmethod
    def from_state(cls, state: State, text: Floats) -> Self:
        """What `state` gave."""
        arrays, values = state
        mean, slope = arrays["mean"], arrays["slope"]
        told = arrays["told"] if "told" in arrays else _told(text, mean, slope)
        return cls(tuple(values["newness"]), arrays["first"], mean, slope, told)


def _regression(text: Floats, counts: Longs) -> tuple[Floats, Floats]:
    """Mean text and slope of the log of counts, over items that have both [D] each."""
    some = (counts > 0) & (np.linalg.norm(text, axis=1) > 0)
    if some.sum() < 2:
        return np.zeros(text.shape[1], np.float32), np.zeros(text.shape[1], np.float32)
    X, y = text[some], np.log(counts[some] + 0.5)
    mean = X.mean(axis=0)
    X = (X - mean).astype(np.float64)
    A = X.T @ X + _RIDGE * np.eye(X.shape[1])
    slope = np.linalg.solve(A, X.T @ (y - y.mean()))
    return mean.astype(np.float32), slope.astype(np.float32)


def _told(text: Floats, mean: Floats, slope: Floats) -> Floats:
    """[I]; 0 for items without text."""
    known = np.linalg.norm(text, axis=1) > 0
    return np.asarray(((text - mean) @ slope) * known, np.float32)
