"""Weights that put what came next high in the list.

The likelihood of `mixture` rewards being right everywhere; a list shows its first few. Here the
same weights climb a smooth NDCG instead: each rank is a sum of sigmoids, as in ApproxNDCG (Qin,
Liu and Li, A general approximation framework for direct optimization of information retrieval
measures, Information Retrieval 13, 2010), and what stands far below the k-th place counts nothing.

    rank(t) ≈ 1 + Σ_j m_j · σ( β (z_j − z_t) )        m_j: how many items candidate j stands for
    gain(r) = 1 / log2(1 + r) · 1 / (1 + (r / k)⁴)
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from penchant.random import rng
from penchant.train.holdout import NEVER
from penchant.train.mixture import Shortlist, spreads, temperature
from penchant.types import Bools, Doubles, Floats, Longs

_SHARPNESS = (0.3, 1.0, 2.0, 8.0)  # β, from smooth to close to the true ranks
_STEPS = 30  # of the search at each β
_PAIRS = 512  # targets compared with their rivals at a time


def rank_gains(logits: Floats, candidates: Shortlist, k: int = 10) -> Doubles:
    """DCG@k over the shortlist of each moment [B]; the same order as NDCG@k for one target."""
    z = np.where(candidates.stands_for > NEVER / 2, logits, NEVER)
    owner, place = np.nonzero(candidates.target)
    rank = (z[owner] >= z[owner, place][:, None]).sum(axis=1)
    gain = np.where(rank <= k, 1.0 / np.log2(rank + 1.0), 0.0) * candidates.target[owner, place]
    return np.asarray(np.bincount(owner, weights=gain, minlength=len(z)), np.float64)


def rank_gain(logits: Floats, candidates: Shortlist, k: int = 10) -> float:
    """Mean DCG@k over the shortlist."""
    return float(rank_gains(logits, candidates, k).sum() / max(len(logits), 1))


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
    """θ ≥ 0 at a top of the smooth NDCG@k, from some start; a sample of so many targets is used."""
    spread = spreads(values, candidates)
    alive = np.isfinite(spread)
    unit = np.where(alive, spread, 1.0)
    rows = _some(candidates, targets, seed)
    if not len(rows) or not alive.any():
        return theta
    X = (values[:, rows] / unit[:, None, None] * alive[:, None, None]).astype(np.float32)
    hill = _Hill(X, taken(candidates, rows), k)
    found = np.where(alive, theta * unit, 0.0)
    for sharpness in _SHARPNESS:
        found = optimize.minimize(
            hill.below, found, args=(sharpness,), jac=True, method="L-BFGS-B",
            bounds=[(0.0, None)] * len(found), options={"maxiter": _STEPS},
        ).x  # fmt: skip
    return np.asarray(np.where(alive, found / unit, 0.0), np.float64)


def _some(candidates: Shortlist, targets: int, seed: int) -> Longs:
    """Moments with about so many targets."""
    size = (candidates.target > 0).sum(axis=1)
    order = rng(seed, "climb").permutation(len(size))
    return np.sort(order[np.cumsum(size[order]) <= max(targets, size.max(initial=0))])


@dataclass
class _Hill:
    """The smooth NDCG@k of some moments, and its slope by θ."""

    X: Floats
    candidates: Shortlist
    k: int

    def __post_init__(self) -> None:
        c = self.candidates
        self.mass = np.where(
            c.stands_for > NEVER / 2, np.exp(np.minimum(c.stands_for, 30.0)), 0.0
        ).astype(np.float32)
        self.owner, self.place = np.nonzero(c.target)
        self.share = (c.target[self.owner, self.place] / len(c.target)).astype(np.float32)

    def below(self, theta: Doubles, sharpness: float) -> tuple[float, Doubles]:
        """How far below the sky, and its slope by θ."""
        z = summed(theta, self.X)
        slope, total = np.zeros_like(z), 0.0
        for a in range(0, len(self.owner), _PAIRS):
            part = slice(a, a + _PAIRS)
            owner, place, share = self.owner[part], self.place[part], self.share[part]
            gain, each = self._pairs(z, owner, place, sharpness)
            total += float((share * gain).sum())
            each *= share[:, None]
            first = np.flatnonzero(np.append(True, np.diff(owner) != 0))
            slope[owner[first]] += np.add.reduceat(each, first, axis=0)
            np.add.at(slope, (owner, place), -each.sum(axis=1))
        down = np.tensordot(self.X, slope, axes=([1, 2], [0, 1])).astype(np.float64)
        return -total, -down

    def _pairs(
        self, z: Floats, owner: Longs, place: Longs, sharpness: float
    ) -> tuple[Floats, Floats]:
        """Each target's gain [T], and its slope by its rivals' scores [T × C]."""
        rivals = self.mass[owner]
        rivals[np.arange(len(owner)), place] = 0.0
        apart = np.clip(sharpness * (z[owner] - z[owner, place][:, None]), -30.0, 30.0)
        above = 1.0 / (1.0 + np.exp(-apart))
        rank = 1.0 + (rivals * above).sum(axis=1)
        gain, by_rank = _gain(rank, self.k)
        slope = by_rank[:, None] * np.float32(sharpness) * rivals * above * (1.0 - above)
        return gain, np.asarray(slope, np.float32)


def _gain(rank: Floats, k: int) -> tuple[Floats, Floats]:
    """gain(r), and its slope [T]."""
    log, far = 1.0 / np.log2(1.0 + rank), (rank / k) ** 4
    near = 1.0 / (1.0 + far)
    by_log = -(log**2) / ((1.0 + rank) * np.log(2.0)) * near
    by_near = -log * 4.0 * far / (rank * (1.0 + far) ** 2)
    return np.asarray(log * near, np.float32), np.asarray(by_log + by_near, np.float32)
