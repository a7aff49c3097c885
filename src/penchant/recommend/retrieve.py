"""Which items of a large catalogue are worth a score in one moment.

An item is good for some reason: the person's events push it, it is near to where the person is
heading, or everybody turns to it. So the candidates are the union of

    those that the person's events push most, and those that people around had
    those nearest to d_u in the interests that are likeliest for the person (see `interests.blocks`)
    those that are most popular now, and those that came after the blocks were made

and all of them are scored as they are: a list may lack an item, but its scores, parts and order are
true. The sum over all items that a probability needs is that of the candidates and, for the others,
that of a draw of them.
"""

from typing import Final

import numpy as np

from penchant.interests.blocks import Blocks
from penchant.interests.terms import Product
from penchant.interests.told import Told
from penchant.random import rng
from penchant.recommend.rank import Ranked, added, ranked
from penchant.types import Bools, Floats, Longs

EACH: Final = 3_000
"""Candidates of each kind."""
LOOK: Final = 100_000
"""About so many items are looked at for those nearest to where somebody is heading."""
_DRAWN = 2_048  # items that stand for all that are no candidates, in sums
_FEW = 20_000  # items that are scored one and all where no more may be shown
_ENOUGH = 20  # candidates that may be shown for each place of a list


def retrieved(told: Told, may: Bools, n: int) -> tuple[Ranked, int]:
    """The n best of the items that may be shown [I], nearly, and how many of these were not scored;
    where little may be shown, or nothing says where to look, all are."""
    there = int(np.count_nonzero(may))
    rows = np.flatnonzero(may) if there <= _FEW else candidates(told, may)
    if len(rows) < min(there, _ENOUGH * n):
        return ranked(told, may, n), 0
    parts = told.of(rows)
    exact = added(parts)
    best = np.argsort(-exact, kind="stable")[:n]
    if not len(best):
        return Ranked(rows, parts, exact), 0
    top = exact[best[0]]
    all_of_it = np.exp(exact - top).sum() + _of_the_others(told, may, rows, top)
    found = Ranked(rows[best], parts[:, best], np.exp(exact[best] - top) / all_of_it)
    return found, there - len(rows)


def candidates(told: Told, may: Bools) -> Longs:
    """Rows of items that may be shown and may be among the best, in order; none where no layer says
    where somebody is heading."""
    found, headed = [], False
    for alpha, part in zip(told.alpha, told.parts, strict=True):
        for term in part.terms:
            if not isinstance(term, Product):
                found.append(term.leading(EACH))
                continue
            blocks = term.vectors.blocks(told.tree) if term.d.any() else None
            if blocks is not None:
                headed = True
                found.append(_near(blocks, told, alpha * term.d))
                found.append(np.arange(len(blocks.order), len(may)))
    if not headed:
        return np.zeros(0, np.int64)
    some = np.zeros(len(may), bool)
    for rows in found:
        some[rows] = True
    return np.flatnonzero(some & may)


def _near(blocks: Blocks, told: Told, d: Floats) -> Longs:
    return blocks.near(d, told.leaves(), LOOK, EACH)


def _of_the_others(told: Told, may: Bools, rows: Longs, top: float) -> float:
    """Σ exp(s_i − top) over all that may be shown and are no candidates, from a draw."""
    drawn = rng(0, "others").integers(len(may), size=_DRAWN)
    place = np.minimum(np.searchsorted(rows, drawn), len(rows) - 1)
    others = drawn[may[drawn] & (rows[place] != drawn)]
    each = np.exp(added(told.of(others)) - top)
    return float(each.sum()) * len(may) / _DRAWN
