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

_GONE = 1e-20


def fading(moments: Moments, per_event: float, half_life: float) -> Floats:
    """One rhythm for every event of some moments [N].

    per_event is what is left of the weight after one more event; half_life is in days, or
    `FOREVER`.
    """
    kept = np.ones(len(moments.item), np.float32)
    if per_event != 1.0 and len(kept):
        far = int(np.log(_GONE) / np.log(per_event)) if per_event > 0 else 0
        left = np.float32(per_event) ** np.arange(far + 2, dtype=np.float32)
        left[-1] = 0.0  # what is as good as gone is gone: tiny numbers are slow ones
        kept = left[np.minimum(moments.rank, far + 1)]
    if half_life > 0:
        kept *= np.exp2(moments.age * np.float32(-1.0 / half_life))
    return kept


def blend(
    moments: Moments, rhythms: Sequence[tuple[float, float]], theta: Doubles | Sequence[float]
) -> Floats:
    """Each event's signed strength under a mixture of rhythms [N]."""
    total = np.zeros(len(moments.item), np.float32)
    for (per_event, half_life), weight in zip(rhythms, theta, strict=True):
        if weight:
            total += np.float32(weight) * fading(moments, per_event, half_life)
    return total * moments.weight
