"""Which leaves an item belongs to, with what weights: softmax over cosine / temperature."""

import numpy as np
from scipy import sparse

from penchant.errors import DataError
from penchant.taxonomy.cluster import BLOCK
from penchant.taxonomy.space import centred
from penchant.taxonomy.tree import Placing, Tree, roll_up
from penchant.types import Floats, Ints

Entries = tuple[Ints, Ints, Floats]
"""Rows of items, rows of nodes, weights: a sparse membership taken apart."""


def assigned(tree: Tree, vectors: Floats) -> tuple[sparse.csr_array, ...]:
    """Membership of new items [N × D] in every level, by their vectors alone.

    An item with a zero vector goes where such items are, else to the largest leaves by their size.

    Raises:
        DataError: the vectors are of another width than the tree's.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    centroids = tree.centroids[-1]
    if vectors.ndim != 2 or vectors.shape[1] != centroids.shape[1]:
        raise DataError(
            f"vectors: shape {vectors.shape} came, expected [N × {centroids.shape[1]}]; "
            "use the encoder that the tree was grown with"
        )
    x = centred(vectors, tree.placing.centre)
    known = np.any(x, axis=1) & bool(np.any(centroids))
    rows, cols, weights = soft(x[known], centroids, tree.placing)
    rows = np.flatnonzero(known)[rows].astype(np.int32)
    blank = _blank(tree, np.flatnonzero(~known).astype(np.int32))
    leaves = matrix([(rows, cols, weights), blank], (len(x), len(centroids)))
    return roll_up(leaves, [tree.parents(level) for level in range(1, tree.levels + 1)])


def soft(x: Floats, centroids: Floats, placing: Placing, most: int | None = None) -> Entries:
    """Weights over the nearest of the centroids [K × D] for unit rows [N × D].

    A centroid that is zero is nobody's. Weights below `least` go to the item's other leaves.
    """
    most = min(most or placing.leaves_per_item, max(1, int(np.any(centroids, axis=1).sum())))
    parts = [
        _soft_block(x[begin : begin + BLOCK], centroids, placing, most, begin)
        for begin in range(0, len(x), BLOCK)
    ]
    return joined(parts)


def joined(parts: list[Entries]) -> Entries:
    """Several lists of entries as one."""
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32)
    rows, cols, weights = (np.concatenate(list(column)) for column in zip(*parts, strict=True))
    return rows.astype(np.int32), cols.astype(np.int32), weights.astype(np.float32)


def matrix(parts: list[Entries], shape: tuple[int, int]) -> sparse.csr_array:
    """Entries as a sparse matrix whose rows sum to 1."""
    rows, cols, weights = joined(parts)
    total = np.bincount(rows, weights=weights, minlength=shape[0])
    even = (weights / total[rows]).astype(np.float32)
    out = sparse.csr_array((even, (rows, cols)), shape=shape)
    out.sum_duplicates()
    out.indices, out.indptr = out.indices.astype(np.int32), out.indptr.astype(np.int32)
    return out


def _soft_block(x: Floats, centroids: Floats, placing: Placing, most: int, begin: int) -> Entries:
    sims = x @ centroids.T
    sims[:, ~np.any(centroids, axis=1)] = -np.inf
    cols = np.sort(np.argpartition(-sims, most - 1, axis=1)[:, :most], axis=1)
    best = np.take_along_axis(sims, cols, axis=1)
    order = np.argsort(-best, axis=1, kind="stable")
    cols, best = np.take_along_axis(cols, order, axis=1), np.take_along_axis(best, order, axis=1)
    weights = np.exp((best - best[:, :1]) / placing.temperature)
    weights /= weights.sum(axis=1, keepdims=True)
    weights[weights < min(placing.least, 1 / most)] = 0
    weights[:, 0] = np.maximum(weights[:, 0], 1e-6)
    weights /= weights.sum(axis=1, keepdims=True)
    here = weights > 0
    rows = np.broadcast_to(np.arange(begin, begin + len(x))[:, None], cols.shape)
    return rows[here].astype(np.int32), cols[here].astype(np.int32), weights[here]


def _blank(tree: Tree, rows: Ints) -> Entries:
    """Where items without a vector go."""
    dim = ~np.any(tree.centroids[-1], axis=1)
    sizes = np.array([node.size for node in tree.nodes[-1]])
    pool = np.flatnonzero(dim) if dim.any() else np.arange(len(sizes))
    top = pool[np.argsort(-sizes[pool], kind="stable")][: tree.placing.leaves_per_item]
    top = top[:1] if dim.any() else top
    shares = np.maximum(sizes[top], 1e-6)
    cols = np.tile(top, len(rows)).astype(np.int32)
    weights = np.tile(shares / shares.sum(), len(rows)).astype(np.float32)
    return np.repeat(rows, len(top)), cols, weights
