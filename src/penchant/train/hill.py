"""NDCG as a hill over the weights of a sum: a smooth one to climb, and the true one.

Smooth, each rank is a sum of sigmoids, as in ApproxNDCG (Qin, Liu and Li, A general approximation
framework for direct optimization of information retrieval measures, Information Retrieval 13,
2010), and what stands far below the k-th place counts nothing.

    rank(t) ≈ 1 + Σ_j m_j · σ( β (z_j − z_t) )        m_j: how many items candidate j stands for
    gain(r) = 1 / log2(1 + r) · 1 / (1 + (r / k)⁴)

The smooth hill has tops of its own, so the last steps go up the true NDCG, one weight at a time
(coordinate ascent: Metzler and Croft, Linear feature-based models for information retrieval,
Information Retrieval 10, 2007).
"""

import numpy as np
import torch
from scipy import optimize

from penchant.train.holdout import NEVER
from penchant.train.mixture import Shortlist
from penchant.train.ranked import worth
from penchant.types import Doubles, Floats

_SHARPNESS = (0.3, 2.0)  # β, from smooth to close to the true ranks
_SEARCH = {"maxiter": 30, "ftol": 1e-5}  # at each β
_FACTORS = (0.0, 0.5, 0.8, 1.25, 2.0)  # what a weight is multiplied by in the last steps
_SHARES = (0.02, 0.1, 0.4)  # of the largest weight: what one that is zero may become
_SWEEPS = 3  # over all weights, at most
_PAIRS = 128  # targets compared with their rivals at a time: they stay in a core's cache


def highest(theta: Doubles, hill: "Hill") -> Doubles:
    """θ ≥ 0 at a top, from some start."""
    for sharpness in _SHARPNESS:
        theta = optimize.minimize(
            hill.below, theta, args=(sharpness,), jac=True, method="L-BFGS-B",
            bounds=[(0.0, None)] * len(theta), options=_SEARCH,
        ).x  # fmt: skip
    return by_each(theta, hill)


def by_each(theta: Doubles, hill: "Hill") -> Doubles:
    """θ after changing one weight at a time, as long as the true NDCG rises."""
    theta, z = theta.copy(), hill.scores(theta)
    best = hill.height(z)
    for _ in range(_SWEEPS):
        before = best
        for p in range(len(theta)):
            for value in _tries(theta, p):
                moved = z + float(value - theta[p]) * hill.X[p].view_as(z)
                height = hill.height(moved)
                if height > best:
                    best, z, theta[p] = height, moved, value
        if best <= before:
            break
    return theta


def _tries(theta: Doubles, p: int) -> list[float]:
    """Other values for a weight."""
    most = float(theta.max())
    if theta[p] > 1e-3 * most:
        return [f * float(theta[p]) for f in _FACTORS]
    return [share * most for share in _SHARES]


class Hill:
    """The NDCG@k of some moments by θ: the smooth one with its slope, and the true one."""

    def __init__(self, X: Floats, candidates: Shortlist, k: int) -> None:
        c, self.k = candidates, k
        mass = np.where(c.stands_for > NEVER / 2, np.exp(np.minimum(c.stands_for, 30.0)), 0.0)
        owner, place = np.nonzero(c.target)
        share = worth(c, k)[owner] / len(c.target)
        self.X = torch.from_numpy(X.reshape(len(X), -1))
        self.mass = torch.from_numpy(mass.astype(np.float32))
        self.owner, self.place = torch.from_numpy(owner), torch.from_numpy(place)
        self.share = torch.from_numpy(share.astype(np.float32))

    def scores(self, theta: Doubles) -> torch.Tensor:
        """Σ_p θ_p x_p [B × C]; what is no candidate comes last."""
        z = (torch.from_numpy(theta).float() @ self.X).view_as(self.mass)
        return z.masked_fill_(self.mass == 0, float(NEVER))

    def height(self, z: torch.Tensor) -> float:
        """The true one of some scores."""
        total = 0.0
        for a in range(0, len(self.owner), _PAIRS):
            part = slice(a, a + _PAIRS)
            owner, place = self.owner[part], self.place[part]
            rank = (z[owner] >= z[owner, place][:, None]).sum(dim=1)
            gain = torch.where(rank <= self.k, 1.0 / torch.log2(1.0 + rank), 0.0)
            total += float(self.share[part] @ gain)
        return total

    def below(self, theta: Doubles, sharpness: float) -> tuple[float, Doubles]:
        """How far below the sky, and its slope by θ."""
        z = self.scores(theta)
        slope, total = torch.zeros_like(z), 0.0
        for a in range(0, len(self.owner), _PAIRS):
            part = slice(a, a + _PAIRS)
            owner, place, share = self.owner[part], self.place[part], self.share[part]
            gain, each = self._pairs(z, owner, place, sharpness)
            total += float(share @ gain)
            each *= share[:, None]
            slope.index_add_(0, owner, each)
            slope.index_put_((owner, place), -each.sum(dim=1), accumulate=True)
        return -total, -(self.X @ slope.view(-1)).double().numpy()

    def _pairs(
        self, z: torch.Tensor, owner: torch.Tensor, place: torch.Tensor, sharpness: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Each target's gain [T], and its slope by its rivals' scores [T × C]."""
        rivals = self.mass[owner]
        rivals[torch.arange(len(owner)), place] = 0.0
        above = z[owner].sub_(z[owner, place][:, None]).mul_(sharpness).sigmoid_()
        gain, by_rank = _gain(1.0 + torch.linalg.vecdot(rivals, above), self.k)
        slope = rivals.mul_(above).mul_(above.neg_().add_(1.0)).mul_(sharpness * by_rank[:, None])
        return gain, slope


def _gain(rank: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """gain(r), and its slope [T]."""
    log, far = 1.0 / torch.log2(1.0 + rank), (rank / k) ** 4
    near = 1.0 / (1.0 + far)
    by_log = -(log**2) / ((1.0 + rank) * np.log(2.0)) * near
    by_near = -log * 4.0 * far / (rank * (1.0 + far) ** 2)
    return log * near, by_log + by_near
