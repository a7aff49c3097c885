"""Items that stand for a node: near its middle, wholly in it, and well known."""

from itertools import pairwise

import numpy as np
from scipy import sparse

from penchant.taxonomy.cluster import BLOCK
from penchant.types import Floats, Ints


def typical_rows(
    members: sparse.csr_array, text: Floats, centroids: Floats, counts: Floats, most: int
) -> list[list[int]]:
    """Rows of the most typical items of each node [K], best first.

    score = weight · (1 + cosine) / 2 · (1 + log(1 + count) / log(1 + largest count))
    """
    rows = np.repeat(np.arange(members.shape[0], dtype=np.int32), np.diff(members.indptr))
    cols = members.indices
    known = 1 + np.log1p(counts) / max(1e-9, float(np.log1p(counts.max(initial=0))))
    score = members.data * (1 + _cosines(text, centroids, rows, cols)) / 2 * known[rows]
    order = np.lexsort((rows, -score.round(6), cols))
    ends = np.searchsorted(cols[order], np.arange(members.shape[1] + 1))
    return [rows[order[a:b]][:most].tolist() for a, b in pairwise(ends)]


def _cosines(text: Floats, centroids: Floats, rows: Ints, cols: Ints) -> Floats:
    out = np.empty(len(rows), dtype=np.float32)
    for begin in range(0, len(rows), BLOCK):
        part = slice(begin, begin + BLOCK)
        out[part] = np.einsum("nd,nd->n", text[rows[part]], centroids[cols[part]])
    return out
