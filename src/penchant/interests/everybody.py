"""What everybody turns to: of all time, first, and lately.

    π_n    share of all positive events that an interest had
    ν_n    share of people's first acts: who comes turns to other things than who stays
    λ_n(t) = (Σ_k 2^(−(t − t_k) / τ) + m π_n(t)) / (Σ + m), events before t, on top those of n

λ stands as it was at the last of many points in time before t. It is broad where popularity is of
items: a hit lifts its interests by what it has of all events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import sparse

from penchant.clock import DAY
from penchant.data.histories import Histories
from penchant.interests.weights import Levels, rolled, shares
from penchant.taxonomy.siblings import Siblings
from penchant.taxonomy.tree import Tree
from penchant.types import Bools, Floats, Longs, State

_DOUBT = 20.0  # events' worth of the share of all time that lately is seen beside
_POINTS = 512


@dataclass(frozen=True)
class Everybody:
    """`share` and `first` [leaves], `lately` [S × leaves] as it stood from `times` [S] (µs) on."""

    share: Floats
    first: Floats
    times: Longs
    lately: Floats

    @classmethod
    def of(cls, log: Histories, tree: Tree, half_life: float) -> Self:
        """Those of a log; τ in days."""
        return cls(*_of_all_time(log, tree), *_faded(log, tree, half_life))

    def as_of(self, log: Histories, tree: Tree) -> "Everybody":
        """The same, where only some of the log is known: its shares of all time and of first acts.
        What stood lately is as it was: no point knows what came later."""
        share, first = _of_all_time(log, tree)
        return replace(self, share=share, first=first)

    def experts(self, at: Longs, families: Sequence[Siblings]) -> tuple[Levels, Levels, Levels]:
        """Shares of all time and of first acts [1 × K], and lately before some times [B × K]."""
        row = np.maximum(np.searchsorted(self.times, at, side="right") - 1, 0)
        share, first = rolled(self.share[None], families), rolled(self.first[None], families)
        return share, first, rolled(self.lately[row], families)

    def state(self) -> State:
        """The tables."""
        return vars(self).copy(), {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Take up the tables."""
        return cls(**state[0])


def _of_all_time(log: Histories, tree: Tree) -> tuple[Floats, Floats]:
    """`share` and `first` [leaves]."""
    first = log.keep(_first_acts(log))
    return shares(log, tree)[-1][0], shares(first, tree)[-1][0]


def _first_acts(log: Histories) -> Bools:
    """Positive events at the time of their user's first one [E]."""
    begin = np.full(len(log.users), np.iinfo(np.int64).max)
    np.minimum.at(begin, log.user[log.positive], log.time[log.positive])
    return np.asarray(log.positive & (log.time == begin[log.user]))


def _faded(log: Histories, tree: Tree, half_life: float) -> tuple[Longs, Floats]:
    """Points in time with about as many events between any two, and λ at each."""
    rows = np.flatnonzero(log.positive)
    rows = rows[np.argsort(log.time[rows], kind="stable")]
    time, item, leaves = log.time[rows], log.item[rows], tree.membership(tree.levels)
    edges = time[:: -(-len(time) // _POINTS)] + 1 if len(time) else np.zeros(1, np.int64)
    times = np.unique(np.concatenate([time[:1], edges, time[-1:] + 1]))
    offsets = np.concatenate([[0], np.searchsorted(time, times, side="left")])
    kept = np.exp2(-(np.repeat(times, np.diff(offsets)) - time) / (DAY * half_life))
    shape = len(times), leaves.shape[0]
    came, left = (  # since the point before
        (sparse.csr_array((some, item, offsets), shape=shape) @ leaves).toarray()
        for some in (np.ones(len(item)), kept)
    )
    stays = np.exp2(-np.diff(times, prepend=times[0]) / (DAY * half_life))
    ever, now = np.full(leaves.shape[1], 1.0 / leaves.shape[1]), np.zeros(leaves.shape[1])
    found = np.empty(came.shape, np.float32)
    for s in range(len(times)):
        now, ever = now * stays[s] + left[s], ever + came[s]
        found[s] = (now + _DOUBT * ever / ever.sum()) / (now.sum() + _DOUBT)
    return times, found
