"""Weights that put what came next high in the list.

The likelihood of `mixture` rewards being right everywhere; a list shows its first few. Here the
same weights climb NDCG instead (see `hill`).
"""

import numpy as np

from penchant.random import rng
from penchant.train.holdout import NEVER
from penchant.train.mixture import Shortlist, spreads, temperature
from penchant.types import Bools, Doubles, Floats, Longs


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


def climbed(
    theta: Doubles, values: Floats, candidates: Shortlist, *, k: int = 10, seed: int = 0
) -> Doubles:
    """θ ≥ 0 with a higher NDCG@k than the given ones, or these where climbing does not carry over;
    at the temperature that makes what came next most likely.

    Both halves of the moments are climbed by themselves and judged by the other one, so that a
    sample of moments is not learned by heart.
    """
    half = np.arange(len(candidates.target)) % 2 == 0
    gains = []
    for learn, judge in ((half, ~half), (~half, half)):
        if not learn.any() or not judge.any():
            return theta
        found = climb(theta, values[:, learn], taken(candidates, learn), k=k, seed=seed)
        gains.append(_gained(theta, found, values[:, judge], taken(candidates, judge), k))
    if np.concatenate(gains).mean() <= 0:
        return theta
    found = climb(theta, values, candidates, k=k, seed=seed)
    if _gained(theta, found, values, candidates, k).mean() <= 0:
        return theta
    return found * temperature(summed(found, values), candidates)


def taken(candidates: Shortlist, rows: Longs | Bools) -> Shortlist:
    """The candidates of some moments."""
    c = candidates
    return Shortlist(c.item[rows], c.stands_for[rows], c.target[rows])


def _gained(
    before: Doubles, after: Doubles, values: Floats, candidates: Shortlist, k: int
) -> Doubles:
    """What each moment gains [B]."""
    one = rank_gains(summed(after, values), candidates, k)
    return one - rank_gains(summed(before, values), candidates, k)


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
