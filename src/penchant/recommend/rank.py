"""The best of what may be shown in one moment, from what the layers say of it.

    s_i = Σ_l α_l · Σ_terms x_i                  P(i) = exp(s_i) / Σ_{j may be shown} exp(s_j)

Every item is scored once, all layers together: what is said of interests is added up along the
tree and comes to the items with one look at their memberships. A product with item vectors is first
taken with their bytes, off by so much at most (see `interests.vectors`); all items that may be
among the best by that are then scored as they are. So the list is that of the plain way, which is
`best(model.score(moment))`, and ties go to the lower row.
"""

from dataclasses import dataclass

import numpy as np

from penchant.interests.told import Told
from penchant.types import Bools, Floats, Longs

_BLOCKS = 4  # for each of the values that are looked for
_SURE = 64  # items scored as they are in any case: most of what is likely is among them
_LEAST = float(np.finfo(np.float32).min)  # what may not be shown is below


@dataclass(frozen=True)
class Ranked:
    """Some items, best first: rows [n], each layer's part of their scores [P × n], and how likely
    each is among all that may be shown [n]."""

    rows: Longs
    parts: Floats
    chance: Floats


def ranked(told: Told, may: Bools, n: int) -> Ranked:
    """The n best of the items that may be shown [I]; fewer where there are not so many."""
    n = min(n, int(np.count_nonzero(may)))
    if not n:
        none = np.zeros(0, np.int64)
        return Ranked(none, told.of(none), np.zeros(0, np.float32))
    total, off = told.all()
    total[np.flatnonzero(~may)] = -np.inf
    rows = _likely(total, n, off)
    parts = told.of(rows)
    exact = added(parts)
    best = np.argsort(-exact, kind="stable")[:n]
    total[rows] = exact
    total -= exact[best[0]]
    np.exp(total, out=total)
    return Ranked(rows[best], parts[:, best], total[rows[best]] / total.sum())


def _likely(total: Floats, n: int, off: float) -> Longs:
    """The items that may be among the n best, if scores are off by so much; they are scored as
    they are."""
    most = max(n, _SURE)
    bound = largest_bound(total, most)
    rows = np.flatnonzero(total >= bound)
    some = total[rows]
    first = np.sort(np.partition(some, max(len(some) - most, 0))[-most:])
    edge = max(min(first[-n] - 2 * off, first[0]), _LEAST)
    return np.flatnonzero(total >= edge) if edge < bound else rows[some >= edge]


def largest_bound(values: Floats, n: int) -> float:
    """A value that n values reach at least, and few more: the n-th largest of the maxima of many
    blocks. −∞ where there are not many values for each that is looked for.
    """
    width = len(values) // (_BLOCKS * n)
    if width <= 1:
        return -np.inf
    whole = len(values) // width * width
    most = values[:whole].reshape(width, -1).max(axis=0)  # of every so-many-th, which is fast
    return float(np.partition(most, len(most) - n)[len(most) - n])


def added(parts: Floats) -> Floats:
    """The parts [P × n], added in order."""
    total: Floats = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total
