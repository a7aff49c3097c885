"""People like one: whose interests are the nearest.

Distance is the square root of the Jensen–Shannon divergence in bits: 0 for the same profile, 1 for
profiles with nothing in common, and a metric (Endres and Schindelin, IEEE Transactions on
Information Theory 49, 2003).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.histories import Histories
from penchant.interests.profiles import Profiles
from penchant.random import rng
from penchant.types import Doubles, Floats, Longs


@dataclass(frozen=True)
class Neighbours:
    """The people nearest to one by a level of the tree, of so many compared: (user_id, distance),
    the nearest first."""

    user_id: str
    level: int
    compared: int
    people: tuple[tuple[str, float], ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "user_id": self.user_id,
            "level": self.level,
            "compared": self.compared,
            "users": [{"user_id": id_, "distance": far} for id_, far in self.people],
        }


def neighbours(
    profiles: Profiles, user_id: str, n: int = 10, *, level: int | None = None
) -> Neighbours:
    """The n people among some profiles, of which theirs is one, who are the nearest to somebody, by
    one level of the tree (None: the second, where there is one).

    Raises:
        UnknownIdError: there is no such person or level.
    """
    level = min(2, profiles.tree.levels) if level is None else level
    weights, row = profiles.weights(level), profiles.row(user_id)
    far = distance(weights[row], weights)
    order = [k for k in np.argsort(far, kind="stable") if k != row][:n]
    found = tuple((profiles.user_ids[k], float(far[k])) for k in order)
    return Neighbours(user_id, level, len(weights) - 1, found)


def companions(log: Histories, user: int, most: int, seed: int = 0) -> Longs:
    """Rows of at most so many other people, in order: those who turned to the most of somebody's
    items, and where they are fewer, others by lot."""
    U = len(log.users)
    if most >= U - 1:
        return np.delete(np.arange(U), user)
    mine = np.unique(log.item[log.positive & (log.user == user)])
    both = np.unique(np.stack([log.user, log.item])[:, np.isin(log.item, mine)], axis=1)
    shared = np.bincount(both[0], minlength=U).astype(np.float64)
    lot = rng(seed, "companions", str(user)).random(U)
    order = np.lexsort((lot, -shared))
    return np.sort(order[order != user][:most])


def distance(p: Floats, Q: Floats) -> Doubles:
    """The Jensen–Shannon distance of one distribution [K] to some [B × K].

    >>> distance(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [0.0, 1.0]
    """
    all_ = np.asarray(Q, np.float64)
    one: Doubles = np.broadcast_to(np.asarray(p, np.float64), all_.shape)
    middle: Doubles = (one + all_) / 2
    bits = (_bits(one, middle) + _bits(all_, middle)) / 2
    return np.asarray(np.sqrt(np.clip(bits, 0.0, 1.0)))


def _bits(P: Doubles, M: Doubles) -> Doubles:
    """KL( P ‖ M ) of each row, in bits."""
    ratio = np.divide(P, M, out=np.ones_like(M), where=P > 0)
    return np.asarray((P * np.log2(ratio)).sum(axis=1))
