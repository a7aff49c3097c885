"""Draws by weight, row by row."""

import numpy as np

from penchant.types import Doubles, Floats, Longs


def pick(weight: Floats | Doubles, uniform: Doubles) -> Longs:
    """One column of each row [B], drawn by weight [B × K]; a weight of 0 is never drawn."""
    total = np.cumsum(weight, axis=1, dtype=np.float64)
    found = (total <= (uniform * total[:, -1])[:, None]).sum(axis=1)
    return np.asarray(np.minimum(found, weight.shape[1] - 1))


def shares(make: np.random.Generator, mass: Doubles) -> Doubles:
    """Dirichlet draws [B × K], one for each row of masses; rows sum to 1."""
    drawn = make.gamma(mass) + 1e-9
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def latest(users: Longs, begins: Longs, user: Longs, t: Longs) -> Longs:
    """The last row, in (user, begin) order, that began by each time [B]; may be another user's."""
    span = 1 + max(int(begins.max(initial=0)), int(t.max(initial=0)))
    return np.searchsorted(users * span + begins, user * span + t, side="right") - 1
