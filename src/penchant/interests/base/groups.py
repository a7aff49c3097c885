"""Items that go together in groups of equal size, and which groups lie near which.

A catalogue is cut in two along the direction in which its items differ most, each half again, and
so on: principal direction divisive partitioning (Boley, Data Mining and Knowledge Discovery 1998),
cut so that all groups come out alike in size.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from penchant.random import rng
from penchant.taxonomy.cluster import unit
from penchant.types import Floats, Longs

_STEPS = 8  # of the power iteration: the direction need only be good, not exact
_CELLS = 16_000_000  # numbers held at once


@dataclass(frozen=True)
class Groups:
    """Items by group: `item` [I] in the order of groups, `offsets` [G+1] where each begins."""

    item: Longs
    offsets: Longs

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, group: int) -> Longs:
        """The items of one group, rising."""
        return self.item[self.offsets[group] : self.offsets[group + 1]]

    def several(self, groups: Longs) -> Longs:
        """The items of some groups."""
        return np.concatenate([self[int(group)] for group in groups])

    def centres(self, vectors: Floats) -> Floats:
        """Mean vector of each group [G × F]."""
        size = np.diff(self.offsets)
        shape = (len(self), len(vectors))
        mean = sparse.csr_array((np.repeat(1.0 / size, size), self.item, self.offsets), shape=shape)
        return np.asarray(mean @ vectors, np.float32)


def groups(vectors: Floats, size: int, seed: int) -> Groups:
    """Cut items [I × F] into groups of about so many that lie together."""
    I, draw = len(vectors), rng(seed, "groups")
    parts = max(1, -(-I // max(size, 1)))
    order, edges = np.arange(I), {0, I}
    waiting = [(0, I, parts)]
    while waiting:
        a, b, k = waiting.pop()
        edges.add(a)
        if k > 1:
            rows = order[a:b]
            order[a:b] = rows[np.argsort(_along(vectors[rows], draw), kind="stable")]
            middle = a + (b - a) * (k // 2) // k
            waiting += [(middle, b, k - k // 2), (a, middle, k // 2)]
    offsets = np.array(sorted(edges), np.int64)
    for a, b in pairwise(offsets):
        order[a:b].sort()
    return Groups(order, offsets)


def nearest_groups(some: Floats, centres: Floats, n: int) -> Longs:
    """The n groups whose centres lie nearest to each of some vectors [R × n]."""
    n = min(n, len(centres))
    found = np.empty((len(some), n), np.int64)
    step = max(1, _CELLS // max(len(centres), 1))
    for a in range(0, len(some), step):
        likeness = some[a : a + step] @ centres.T
        found[a : a + step] = np.argpartition(-likeness, n - 1, axis=1)[:, :n]
    found.sort(axis=1)
    return found


def placed(X: sparse.csr_array, text: Floats, dims: int, seed: int) -> Floats:
    """Where items lie by who met them and by what they are, as much by each [I × F]."""
    return np.hstack([_met_alike(X, dims, seed), text]).astype(np.float32)


def _met_alike(X: sparse.csr_array, dims: int, seed: int) -> Floats:
    """Unit vectors of items: those met by the same people lie together [I × dims].

    The main left directions of D_i^−½ Xᵀ D_u^−½ by two rounds of subspace iteration (Halko,
    Martinsson and Tropp, SIAM Review 2011): busy people and popular items count for less.
    """
    U, I = X.shape
    busy = np.asarray(X.sum(axis=1)).ravel()
    met = np.asarray(X.sum(axis=0)).ravel()
    left = sparse.diags_array(1.0 / np.sqrt(np.maximum(busy, 1.0)))
    right = sparse.diags_array(1.0 / np.sqrt(met + 10.0))
    W = sparse.csr_array(left @ X @ right, dtype=np.float32)
    Wt = sparse.csr_array(W.T)
    draw, width = rng(seed, "behaviour"), min(dims, I, max(U, 1))
    Q: Floats = draw.standard_normal((I, width), dtype=np.float32)
    for _ in range(3):
        Q = np.linalg.qr(Wt @ (W @ Q))[0]
    return unit(np.asarray(Wt @ (W @ Q)))


def _along(x: Floats, draw: np.random.Generator) -> Floats:
    """Where rows lie along the direction in which they differ most [N]."""
    x = x - x.mean(axis=0)
    v = draw.standard_normal((1, x.shape[1]), dtype=np.float32)[0]
    for _ in range(_STEPS):
        v = unit((x.T @ (x @ v))[None, :])[0]
    return np.asarray(x @ v, np.float32)
