"""A person's acts as visits: what was done in one sitting says one thing, however much it was."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from penchant.clock import HOUR
from penchant.data.moments import Moments
from penchant.taxonomy.memberships import Ellpack
from penchant.taxonomy.tree import Tree
from penchant.types import Bools, Floats, Ints, Longs

VISIT = 12.0
"""Hours without an act that end a visit."""
_LEAST = 0.5  # of an act, for a visit to have touched an interest


@dataclass(frozen=True)
class Visits:
    """One person's V visits, oldest first.

    time [V] (µs, of the first act), and which interests of a level each touched, `touched` [V × K].
    """

    time: Longs
    touched: sparse.csc_array

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def of(cls, item: Ints, time: Longs, membership: Ellpack) -> Self:
        """The visits of one person, from liked items in order of time, and memberships [I × K]."""
        first = np.append(True, np.diff(time) > VISIT * HOUR)[: len(time)]
        visit = np.cumsum(first) - 1
        V, K, some = int(first.sum()), membership.K, membership.take(item)
        pairs = _touched((some.column * V + visit[:, None]).ravel(), some.value.ravel(), V * K)
        starts = np.searchsorted(pairs, np.arange(K + 1) * V)
        touched = sparse.csc_array((np.ones(len(pairs)), pairs % max(V, 1), starts), shape=(V, K))
        return cls(time[first], touched)

    @classmethod
    def among(cls, moments: Moments, tree: Tree, level: int) -> Self:
        """The visits of the one person that a moment is of.

        Raises:
            ValueError: there is another number of moments.
        """
        if len(moments) != 1:
            raise ValueError(f"moments: {len(moments)} came, expected one")
        liked = moments.weight > 0
        return cls.of(moments.item[liked], moments.time[liked], tree.ellpack(level))

    @property
    def nodes(self) -> Longs:
        """The interests that any visit touched."""
        return np.flatnonzero(np.diff(self.touched.indptr))

    def on(self, node: int) -> Bools:
        """Which visits touched an interest [V]."""
        found = np.zeros(len(self), bool)
        rows = slice(self.touched.indptr[node], self.touched.indptr[node + 1])
        found[self.touched.indices[rows]] = True
        return found


def _touched(pairs: Longs, share: Floats, n: int) -> Longs:
    """Which of n pairs have at least half an act in all, in order."""
    if n <= 16 * len(pairs):
        return np.flatnonzero(np.bincount(pairs, share, n) >= _LEAST)
    some, each = np.unique(pairs, return_inverse=True)
    return np.asarray(some[np.bincount(each, share, len(some)) >= _LEAST])
