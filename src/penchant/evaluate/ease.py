"""EASE: a linear item–item model in closed form, and the strongest of the simple baselines."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import sparse

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.evaluate.scorer import liked, or_popular, popularity
from penchant.interests.base import closed_form
from penchant.types import Floats, Longs, Report

if TYPE_CHECKING:
    from penchant.interests.layer import Catalogue

_ROWS = 1000  # rows of the Gram matrix handled at once


@dataclass
class EASE:
    """score = X B, where B minimises ‖X − X B‖² + λ‖B‖² with a zero diagonal.

        P = (XᵀX + λI)⁻¹,   B_ij = −P_ij / P_jj for i ≠ j,   B_jj = 0

    One float32 matrix is held and worked on in place: [M × M], or [U × U] where there are fewer
    users than items, which gives the same scores. M is at most `most` items, the most frequent
    ones; the others score 0, and how many they are is in `report_`.

    Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019 (arXiv 1905.03375).
    """

    penalty: float = 100.0
    """λ: how much evidence a weight needs."""
    most: int = 25_000
    """Most items that are modelled: memory is 4·min(M, U)² bytes, time grows with min(M, U)³."""
    own: float = 0.0
    """Added to the score of what the person had: 0 as in the paper, 1 where people repeat."""
    name: str = "EASE"
    counts_: Floats = field(init=False, repr=False)
    items_: Longs = field(init=False, repr=False)
    solved_: "Primal | Dual" = field(init=False, repr=False)
    report_: Report = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Solve for the weights.

        Raises:
            ConfigError: the penalty is too small for the matrix to be inverted.
        """
        self.counts_, self.report_ = popularity(log), Report()
        self.items_ = _most_frequent(self.counts_, self.most)
        left = len(self.counts_) - len(self.items_)
        self.report_.add("EASE", "items not modelled", left, total=len(self.counts_))
        X = log.matrix()[:, self.items_]
        X = X[np.diff(X.indptr) > 0]
        kind = Dual if X.shape[0] < X.shape[1] else Primal
        self.solved_ = kind.solve(X, self.penalty)
        return self

    def score(self, moments: Moments) -> Floats:
        """The history through the weights [B × I]."""
        had = liked(moments, len(self.counts_))
        within = self.solved_.through(had[:, self.items_])
        if len(self.items_) == len(self.counts_):
            found = within
        else:
            found = np.zeros(had.shape, np.float32)
            found[:, self.items_] = within
        if self.own:
            found += self.own * had.toarray()
        return or_popular(found, moments, self.counts_)


@dataclass(frozen=True)
class Primal:
    """B itself [M × M]: where there are fewer items than users."""

    weights: Floats

    @classmethod
    def solve(cls, X: sparse.csr_array, penalty: float) -> "Primal":
        """P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj, B_jj = 0, all in the memory of XᵀX."""
        P = inverse(gram(X, penalty), penalty)
        P /= -P.diagonal()
        np.fill_diagonal(P, 0.0)
        return cls(P)

    def through(self, H: sparse.csr_array) -> Floats:
        """H B [B × M]."""
        scores: Floats = H @ self.weights
        return scores


@dataclass(frozen=True)
class Dual:
    """The same scores from K = (XXᵀ + λI)⁻¹ [U × U]: where there are fewer users than items.

        P = (I − XᵀKX) / λ  (Woodbury),   (H B)_j = h_j − (H P)_j / P_jj

    Only λP is needed, as λ falls out of the quotient.
    """

    X: sparse.csr_array
    K: Floats
    diagonal: Floats

    @classmethod
    def solve(cls, X: sparse.csr_array, penalty: float) -> "Dual":
        """K, and the diagonal of λP: 1 − x_jᵀ K x_j."""
        K = inverse(gram(X.T.tocsr(), penalty), penalty)
        by_item = X.T.tocsr()
        blocks = [by_item[a : a + _ROWS] for a in range(0, by_item.shape[0], _ROWS)]
        fitted = [np.asarray(rows.multiply(rows @ K).sum(axis=1)).ravel() for rows in blocks]
        return cls(X, K, 1.0 - np.concatenate([*fitted, np.zeros(0)]).astype(np.float32))

    def through(self, H: sparse.csr_array) -> Floats:
        """H B [B × M]."""
        rest = H.toarray() - ((H @ self.X.T) @ self.K) @ self.X
        scores: Floats = H.toarray() - rest / self.diagonal
        return scores.astype(np.float32)


def gram(X: sparse.csr_array, penalty: float) -> Floats:
    """XᵀX + λI [M × M], dense, float32."""
    G = closed_form.gram(X)
    G[np.diag_indices(len(G))] += np.float32(penalty)
    return G


def inverse(G: Floats, penalty: float) -> Floats:
    """The inverse of a symmetric positive definite matrix, in its own memory.

    Raises:
        ConfigError: the penalty is too small for it to be inverted.
    """
    return closed_form.inverse(G, penalty, "EASE.penalty")


def _most_frequent(counts: Floats, most: int) -> Longs:
    """Rows of the items to be modelled, in the order of the catalogue."""
    chosen = np.argsort(-counts, kind="stable")[:most]
    return np.sort(chosen).astype(np.int64)
