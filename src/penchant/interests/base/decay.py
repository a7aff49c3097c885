"""How much a past event still counts: a learned mixture of fixed rhythms.

    g(k) = Σ_m θ_m · ρ_m^rank(k) · 2^(−age(k) / τ_m)

rank is the number of the person's events since, age is in days. Every term can be kept up to date
by one multiplication when time passes or an event comes, with no history read again.
"""

from collections.abc import Sequence

import numpy as np

from penchant.data.histories import Moments
from penchant.types import Doubles, Floats

FOREVER = 0.0
"""A half-life of zero days stands for: never fades by time."""


def fading(moments: Moments, per_event: float, half_life: float) -> Floats:
    """One rhythm for every event of some moments [N].

    per_event is what is left of the weight after one more event; half_life is in days, or
    `FOREVER`.
    """
    kept = np.float32(per_event) ** moments.rank.astype(np.float32)
    if half_life > 0:
        kept *= np.exp2(-moments.age / np.float32(half_life))
    return kept.astype(np.float32)


def blend(
    moments: Moments, rhythms: Sequence[tuple[float, float]], theta: Doubles | Sequence[float]
) -> Floats:
    """Each event's signed strength under a mixture of rhythms [N]."""
    total = np.zeros(len(moments.item), np.float32)
    for (per_event, half_life), weight in zip(rhythms, theta, strict=True):
        if weight:
            total += np.float32(weight) * fading(moments, per_event, half_life)
    return total * moments.weight
