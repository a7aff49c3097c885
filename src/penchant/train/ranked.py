"""Weights that put what came next high in the list, and that another sample would give too.

The likelihood of `mixture` rewards being right everywhere; a list shows its first few. So the same
weights also climb NDCG (see `hill`). Which way of finding weights is the best is itself found on a
sample of moments: ways that are hardly behind the best one on moments that they were not learned
from share in the answer.

    θ = Σ_w e^(−2 z_w) · τ_w θ_w / Σ_w e^(−2 z_w)

z_w is by how many standard errors way w is behind the best one; τ makes every way's scores as
likely as they can be, so that they can be added. With few moments many ways share, with many the
best one stands alone. The weights are close in spirit to pseudo-BMA (Yao, Vehtari, Simpson and
Gelman, Using stacking to average Bayesian predictive distributions, Bayesian Analysis 13, 2018).
"""

from collections.abc import Sequence

import numpy as np

from penchant.random import rng
from penchant.train.holdout import NEVER
from penchant.train.mixture import Shortlist, fit_mixture, spreads, temperature
from penchant.types import Bools, Doubles, Floats, Longs

_LEAST = 1e-3
"""A way that counts less, beside the best one's 1, is left out."""


def rank_gains(logits: Floats, candidates: Shortlist, k: int = 10) -> Doubles:
    """NDCG@k over the shortlist of each moment [B]."""
    z = np.where(candidates.stands_for > NEVER / 2, logits, NEVER)
    owner, place = np.nonzero(candidates.target)
    rank = (z[owner] >= z[owner, place][:, None]).sum(axis=1)
    gain = np.where(rank <= k, 1.0 / np.log2(rank + 1.0), 0.0) * worth(candidates, k)[owner]
    return np.asarray(np.bincount(owner, weights=gain, minlength=len(z)), np.float64)


def rank_gain(logits: Floats, candidates: Shortlist, k: int = 10) -> float:
    """Mean NDCG@k over the shortlist."""
    return float(rank_gains(logits, candidates, k).sum() / max(len(logits), 1))


def worth(candidates: Shortlist, k: int) -> Doubles:
    """What a target of each moment counts: one over the DCG@k of a list that has them all [B]."""
    ideal = np.cumsum(1.0 / np.log2(np.arange(2.0, k + 2.0)))
    return np.asarray(
        1.0 / ideal[np.clip((candidates.target > 0).sum(axis=1), 1, k) - 1], np.float64
    )


def summed(theta: Doubles, values: Floats) -> Floats:
    """Σ_p θ_p x_p [B × C]."""
    return np.asarray(np.tensordot(theta.astype(np.float32), values, axes=1), np.float32)


def averaged(
    values: Floats,
    candidates: Shortlist,
    *,
    alone: Sequence[int] = (),
    k: int = 10,
    seed: int = 0,
) -> Doubles:
    """θ ≥ 0 [P] for scores of the candidates [P × B × C], averaged over ways to find it: some terms
    `alone`, the likely weights, and those that climb NDCG@k from there.
    """
    ways = _ways(values, candidates, alone, k, seed)
    share = np.exp(-2.0 * _behind(values, candidates, alone, k, seed))
    share = np.where(share > _LEAST, share, 0.0) / share[share > _LEAST].sum()
    found = np.zeros(len(values))
    for w in np.flatnonzero(share):
        found += share[w] * temperature(summed(ways[w], values), candidates) * ways[w]
    return found * temperature(summed(found, values), candidates)


def _ways(
    values: Floats, candidates: Shortlist, alone: Sequence[int], k: int, seed: int
) -> list[Doubles]:
    """Weights found in each way."""
    likely = fit_mixture(values, candidates)
    high = climb(likely, values, candidates, k=k, seed=seed)
    return [*np.eye(len(values))[list(alone)], likely, high]


def _behind(
    values: Floats, candidates: Shortlist, alone: Sequence[int], k: int, seed: int
) -> Doubles:
    """By how many standard errors each way is behind the best one, half of the moments learned
    from and the other half judged by, and the other way round."""
    B = len(candidates.target)
    gains, half = np.zeros((len(alone) + 2, B)), np.arange(B) % 2 == 0
    for learn, judge in ((half, ~half), (~half, half)):
        if learn.any() and judge.any():
            x, some = values[:, judge], taken(candidates, judge)
            ways = _ways(values[:, learn], taken(candidates, learn), alone, k, seed)
            gains[:, judge] = [rank_gains(summed(theta, x), some, k) for theta in ways]
    lost = gains[np.argmax(gains.mean(axis=1))] - gains
    error = lost.std(axis=1) / B**0.5
    return np.asarray(lost.mean(axis=1) / np.maximum(error, 1e-9), np.float64)


def taken(candidates: Shortlist, rows: Longs | Bools) -> Shortlist:
    """The candidates of some moments."""
    c = candidates
    return Shortlist(c.item[rows], c.stands_for[rows], c.target[rows])


def climb(
    theta: Doubles,
    values: Floats,
    candidates: Shortlist,
    *,
    k: int = 10,
    seed: int = 0,
    targets: int = 10_000,
) -> Doubles:
    """θ ≥ 0 at a top of NDCG@k, from some start; a sample of so many targets is used."""
    from penchant.train.hill import Hill, highest

    spread = spreads(values, candidates)
    alive = np.isfinite(spread)
    unit = np.where(alive, spread, 1.0)
    rows = _some(candidates, targets, seed)
    if not len(rows) or not alive.any():
        return theta
    X = (values[:, rows] / unit[:, None, None] * alive[:, None, None]).astype(np.float32)
    found = highest(np.where(alive, theta * unit, 0.0), Hill(X, taken(candidates, rows), k))
    return np.asarray(np.where(alive, found / unit, 0.0), np.float64)


def _some(candidates: Shortlist, targets: int, seed: int) -> Longs:
    """Moments with about so many targets."""
    size = (candidates.target > 0).sum(axis=1)
    order = rng(seed, "climb").permutation(len(size))
    return np.sort(order[np.cumsum(size[order]) <= max(targets, size.max(initial=0))])
