"""How good a ranking is: pure functions of where the targets were ranked, one value a moment.

In the equations, R are a moment's targets (those outside the catalogue too, as misses), L_k the
first k of its list, and rank_i where target i stands.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from penchant.errors import DataError
from penchant.evaluate.ranking import Ranks
from penchant.types import Doubles, Longs


def recall(ranks: Ranks, k: int) -> Doubles:
    """Share of the targets among the first k: Recall@k = |R ∩ L_k| / |R| [B].

    Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), eq. 8.2.
    """
    share: Doubles = _hits(ranks, k) / ranks.total
    return share


def precision(ranks: Ranks, k: int) -> Doubles:
    """Share of the first k that are targets: Precision@k = |R ∩ L_k| / k [B].

    Manning, Raghavan, Schütze (2008), eq. 8.1; a list shorter than k still counts as k.
    """
    return _hits(ranks, k) / k


def hit_rate(ranks: Ranks, k: int) -> Doubles:
    """Whether any target is among the first k: HR@k = 1[R ∩ L_k ≠ ∅] [B].

    Deshpande and Karypis, ACM TOIS 22(1), 2004, section 6.1.
    """
    return (_hits(ranks, k) > 0).astype(np.float64)


def ndcg(ranks: Ranks, k: int) -> Doubles:
    """Gain that falls with the logarithm of the rank, over the best possible [B].

    NDCG@k = Σ_{i ∈ R, rank_i ≤ k} 1 / log₂(1 + rank_i)  /  Σ_{r=1}^{min(|R|, k)} 1 / log₂(1 + r)

    Järvelin and Kekäläinen, ACM TOIS 20(4), 2002, with binary gains.
    """
    gain = np.where(ranks.rank <= k, 1.0 / np.log2(1.0 + ranks.rank), 0.0)
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    share: Doubles = ranks.sum(gain) / ideal[np.minimum(ranks.total, k) - 1]
    return share


def mrr(ranks: Ranks, k: int) -> Doubles:
    """One over the rank of the first target, 0 beyond k: RR@k = 1[r₁ ≤ k] / r₁ [B].

    Voorhees, The TREC-8 Question Answering Track Report, 1999.
    """
    first = _places(ranks) == 0
    return ranks.sum(np.where(first & (ranks.rank <= k), 1.0 / ranks.rank, 0.0))


def mean_average_precision(ranks: Ranks, k: int) -> Doubles:
    """Precision at each target found, averaged: AP@k = Σ_{rank_i ≤ k} P@rank_i / min(|R|, k) [B].

    Manning, Raghavan, Schütze (2008), eq. 8.8, cut at k.
    """
    at = np.where(ranks.rank <= k, (_places(ranks) + 1) / ranks.rank, 0.0)
    return ranks.sum(at) / np.minimum(ranks.total, k)


def f1(ranks: Ranks, k: int) -> Doubles:
    """Harmonic mean of precision and recall: F1@k = 2PR / (P + R), 0 where both are 0 [B].

    van Rijsbergen, Information Retrieval (1979), chapter 7, with β = 1.
    """
    return 2.0 * _hits(ranks, k) / (k + ranks.total)


def auc(ranks: Ranks) -> Doubles:
    """Chance that a target scores above an item that is none, a tie as half [B].

    AUC = Σ_{i ∈ R} Σ_{j ∉ R} (1[s_i > s_j] + ½·1[s_i = s_j]) / (|R| · |J|); a target that no list
    can hold beats nobody, and where there is no rival the answer is ½.

    Hanley and McNeil, Radiology 143(1), 1982.
    """
    share = ranks.beaten / np.maximum(ranks.rivals, 1)[ranks.owner]
    return np.where(ranks.rivals > 0, ranks.sum(share) / ranks.total, 0.5)


Metric: TypeAlias = Callable[[Ranks, int], Doubles]

METRICS: dict[str, Metric] = {
    "recall": recall,
    "precision": precision,
    "hit_rate": hit_rate,
    "ndcg": ndcg,
    "mrr": mrr,
    "map": mean_average_precision,
    "f1": f1,
}
"""Metrics of a list of length k, by name."""


def measure(ranks: Ranks, ks: Sequence[int] = (5, 10, 20)) -> dict[str, Doubles]:
    """Every metric of every moment: `recall@10` and so on, and `auc`, each [B].

    >>> one = Ranks(np.array([0, 1]), np.array([2], np.int32), np.array([8.0]), np.array([1]),
    ...             np.array([9]))
    >>> measure(one, (10,))["mrr@10"].tolist()
    [0.5]

    Raises:
        DataError: a k is below 1.
    """
    if any(k < 1 for k in ks):
        raise DataError(f"ks: {tuple(ks)} came; expected lengths of lists from 1 up")
    found = {f"{name}@{k}": metric(ranks, k) for name, metric in METRICS.items() for k in ks}
    return {**found, "auc": auc(ranks)}


def _hits(ranks: Ranks, k: int) -> Doubles:
    return ranks.sum((ranks.rank <= k).astype(np.float64))


def _places(ranks: Ranks) -> Longs:
    """Each target's place among its moment's targets, 0 first [T]."""
    return np.arange(len(ranks.rank)) - ranks.offsets[ranks.owner]
