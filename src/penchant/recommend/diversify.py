"""A list that spreads over a person's interests as the profile does, not one interest ten times.

    L* = argmax_L  (1 − λ) Σ_{i ∈ L} s(i)  −  λ |L| · KL( p ‖ q̃_L )
    q_L(n) = mean over i ∈ L of how much i belongs to n        q̃ = (1 − a) q + a p,  a = 0.01

p are the profile's weights of the interests of a level, of those that any candidate belongs to.
Chosen greedily, item by item, which is within 1 − 1/e of the best list (Steck, "Calibrated
recommendations", RecSys 2018). Scores are log-odds, so both terms are in nats.
"""

from dataclasses import dataclass

import numpy as np

from penchant.types import Doubles, Floats, Longs

_MIXED = (
    0.01  # a: what of p is in q̃, so that an interest without items is bad but not infinitely so
)


@dataclass(frozen=True)
class Spread:
    """How candidates belong to the interests of a level [C × K], the profile's weights of these
    [K], and λ."""

    members: Floats
    profile: Floats
    weight: float

    def chosen(self, score: Floats, n: int) -> Longs:
        """Places of n candidates by their scores [C], in the order in which they were chosen; the
        first where two are as good."""
        p = self._reachable()
        left = np.ones(len(score), bool)
        so_far = np.zeros(len(p))
        places = []
        for size in range(1, min(n, len(score)) + 1):
            q = np.asarray(so_far + self.members, np.float64) / size
            cost: Doubles = self.weight * size * divergence(p, q)
            gain = (1 - self.weight) * score.astype(np.float64) - cost
            gain[~left] = -np.inf
            best = int(np.argmax(gain))
            left[best] = False
            so_far += self.members[best]
            places.append(best)
        return np.array(places, np.int64)

    def _reachable(self) -> Doubles:
        """The profile over interests that a list can hold at all [K]; sums to 1."""
        p = np.where(self.members.any(axis=0), self.profile, 0.0).astype(np.float64)
        return np.asarray(p / max(float(p.sum()), 1e-12))


def divergence(p: Doubles, q: Doubles) -> Doubles:
    """KL( p ‖ q̃ ) of each row of q [C × K]; 0 where they are the same.

    >>> divergence(np.array([0.5, 0.5]), np.array([[0.5, 0.5], [1.0, 0.0]])).round(2).tolist()
    [0.0, 1.96]
    """
    some = p > 0
    mixed = (1 - _MIXED) * q[:, some] + _MIXED * p[some]
    return np.asarray((p[some] * np.log(p[some] / mixed)).sum(axis=1))
