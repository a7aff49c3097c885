"""Baselines of what goes with what: the last item's companions, and item neighbours."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import sparse

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.evaluate.scorer import TRACE, liked, or_popular, popularity, share
from penchant.types import Floats, Longs

if TYPE_CHECKING:
    from penchant.interests.layer import Catalogue

_ROWS = 1000  # items whose similarities are computed at once


@dataclass
class LastItem:
    """What people chose soon after the last item: score_i = Σ_{d ≤ window} n(last → i, d) / d.

    n(j → i, d): how often a person's d-th positive event after one on j was on i. Window 1 is a
    first-order Markov chain.
    """

    window: int = 1
    """How many events after an item still count."""
    symmetric: bool = False
    """Whether what came before counts as well: for logs whose order is coarse."""
    name: str = "last item"
    counts_: Floats = field(init=False, repr=False)
    follows_: sparse.csr_array = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Count pairs."""
        self.counts_ = popularity(log)
        keep = log.positive
        user, item, n = log.user[keep], log.item[keep], len(log.items)
        found = sparse.csr_array((n, n), dtype=np.float32)
        for d in range(1, self.window + 1):
            pair = user[d:] == user[:-d]
            cells = (item[:-d][pair], item[d:][pair])
            weight = np.full(int(pair.sum()), 1.0 / d, np.float32)
            found = found + sparse.csr_array((weight, cells), shape=(n, n))
        self.follows_ = found + found.T.tocsr() if self.symmetric else found
        return self

    def score(self, moments: Moments) -> Floats:
        """The row of each person's last positive item [B × I]."""
        last = _last_liked(moments)
        found = np.asarray(self.follows_[np.maximum(last, 0)].toarray(), np.float32)
        found += TRACE * share(self.counts_)
        return or_popular(found, moments, self.counts_)


def _last_liked(moments: Moments) -> Longs:
    """The item of each moment's last positive event, -1 where there is none [B]."""
    keep = moments.weight > 0
    last = np.full(len(moments), -1, np.int64)
    last[moments.owner[keep]] = moments.item[keep]  # of several, the last one stays
    return last


@dataclass
class ItemKNN:
    """Neighbours in behaviour: score_i = Σ_{j ∈ history ∩ N_K(i)} cos(x_i, x_j).

    x_i: who liked item i, weighted by how rare a user's likes are when `idf`.

    Sarwar et al., WWW 2001; Deshpande and Karypis, ACM TOIS 22(1), 2004.
    """

    neighbours: int = 100
    """K: how many similar items each item keeps."""
    idf: bool = False
    """Whether a user of many items says less: weight ln(1 + I / items of the user)."""
    shrink: float = 0.0
    """Added to the norms, so that few common users say less."""
    own: bool = False
    """Whether an item is its own neighbour: where people repeat."""
    name: str = "item kNN"
    counts_: Floats = field(init=False, repr=False)
    similar_: sparse.csr_array = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Find each item's neighbours, a block of items at a time."""
        self.counts_ = popularity(log)
        X = log.matrix()
        if self.idf:
            each = np.maximum(X.sum(axis=1), 1.0)
            X = sparse.diags_array(np.log1p(len(log.items) / each).astype(np.float32)) @ X
        norm = np.sqrt(np.asarray(X.multiply(X).sum(axis=0), np.float32))
        by_item, X, n = X.T.tocsr(), X.tocsr(), len(log.items)
        blocks = [
            self._nearest((by_item[a : a + _ROWS] @ X).tocoo(), norm, a) for a in range(0, n, _ROWS)
        ]
        self.similar_ = sparse.vstack(blocks).T.tocsr() if blocks else sparse.csr_array((n, n))
        return self

    def _nearest(self, common: sparse.coo_array, norm: Floats, start: int) -> sparse.csr_array:
        """The K nearest of some items, as rows [block × I], from their dot products."""
        row, item = common.row, common.col
        near = common.data / np.maximum(norm[start + row] * norm[item] + self.shrink, 1e-9)
        if not self.own:
            keep = row + start != item
            row, item, near = row[keep], item[keep], near[keep]
        order = np.lexsort((item, -near, row))
        row, item, near = row[order], item[order], near[order]
        begins = np.searchsorted(row, np.arange(common.shape[0]))
        first = np.arange(len(row)) - begins[row] < self.neighbours
        cells = (near[first].astype(np.float32), (row[first], item[first]))
        return sparse.csr_array(cells, shape=common.shape)

    def score(self, moments: Moments) -> Floats:
        """Similarities of each person's liked items, summed [B × I]."""
        had = liked(moments, len(self.counts_))
        found = np.asarray((had @ self.similar_).toarray(), np.float32)
        found += TRACE * share(self.counts_)
        return or_popular(found, moments, self.counts_)
