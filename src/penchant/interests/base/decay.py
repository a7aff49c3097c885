"""How much a past event still counts: a learned mixture of fixed rhythms.

    g(k) = Σ_m θ_m · ρ_m^rank(k) · 2^(−age(k) / τ_m)

rank is the number of the person's events since, age is in days. Every term can be kept up to date
by one multiplication when time passes or an event comes, with no history read again.
"""

from collections.abc import Sequence

import numpy as np

from penchant.data.moments import Moments
from penchant.types import Doubles, Floats, Ints

FOREVER = 0.0
"""A half-life of zero days stands for: never fades by time."""

_GONE, _NOTHING = 1e-20, 1e-30
_PIECE = 65_536  # events whose rhythms are looked at together


def fading(moments: Moments, rhythms: Sequence[tuple[float, float]]) -> Floats:
    """Each rhythm for every event of some moments [R × N].

    A rhythm is (what is left of the weight after one more event, half-life in days or `FOREVER`).
    """
    return _kept(moments.rank, moments.age, rhythms)


def _kept(rank: Ints, age: Floats, rhythms: Sequence[tuple[float, float]]) -> Floats:
    per_event, half_life = np.array(rhythms, np.float32).reshape(-1, 2, 1).swapaxes(0, 1)
    by_rank = np.log2(np.maximum(per_event, np.float32(_NOTHING)))
    by_age = np.float32(-1.0) / np.where(half_life > 0, half_life, np.float32(np.inf))
    kept: Floats = by_rank * rank.astype(np.float32)
    kept += by_age * age
    np.exp2(kept, out=kept)
    kept *= kept > _GONE  # what is as good as gone is gone: tiny numbers are slow ones
    return kept


def blend(
    moments: Moments, rhythms: Sequence[tuple[float, float]], theta: Doubles | Sequence[float]
) -> Floats:
    """Each event's signed strength under a mixture of rhythms [N]."""
    some = [(rhythm, t) for rhythm, t in zip(rhythms, theta, strict=True) if t]
    if not some:
        return np.zeros(len(moments.item), np.float32)
    mixed, weights = [rhythm for rhythm, _ in some], np.array([t for _, t in some], np.float32)
    total, rank, age = np.empty(len(moments.item), np.float32), moments.rank, moments.age
    for a in range(0, len(total), _PIECE):
        part = slice(a, a + _PIECE)
        total[part] = weights @ _kept(rank[part], age[part], mixed)
    total *= moments.weight
    return total
