"""Who is asked, seen from several sides: each side puts every moment into exactly one group."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from scipy import sparse

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.evaluate.beyond import slices
from penchant.types import Bools, Ints, Longs

Groups: TypeAlias = dict[str, dict[str, Bools]]
"""Side → group → mask of the moments [B]."""

HISTORY = (0, 1, 3, 6, 11, 21, 51)
"""Where groups of history length begin, in events."""
AGE = (0.0, 1.0, 7.0, 30.0, 90.0, 365.0)
"""Where groups of the last event's age begin, in days."""
BANDS = ("head", "middle", "tail", "new")
"""The most popular items with a third of the events, the next third, the rest, and no event."""


def groups(moments: Moments, targets: sparse.csr_array, log: Histories) -> Groups:
    """The moments by history, age of the last event, popularity of the targets, cold or known.

    targets [B × I]; log: what was learned from. Every group is there, empty or not.
    """
    cold = slices(moments, targets, log)
    B = len(moments)
    nobody = np.zeros(B, bool)
    new_user, new_item = cold.get("cold users", nobody), cold.get("cold items", nobody)
    return {
        "history": _by_history(moments),
        "last event": _by_age(moments),
        "targets": _by_popularity(targets, log),
        "users": {"cold users": new_user, "known users": ~new_user},
        "items": {"cold items": new_item, "known items": ~new_item},
    }


def _by_history(moments: Moments) -> dict[str, Bools]:
    """Number of events before the question."""
    place = np.searchsorted(HISTORY, moments.length, side="right") - 1
    last = [after - 1 for after in HISTORY[1:]]
    names = [
        f"history {a}" if a == b else f"history {a}–{b}"
        for a, b in zip(HISTORY, last, strict=False)
    ]
    return {name: place == g for g, name in enumerate([*names, f"history {HISTORY[-1]}+"])}


def _by_age(moments: Moments) -> dict[str, Bools]:
    """Days since the last event before the question; apart: who has none."""
    known = moments.length > 0
    age = np.zeros(len(moments))
    age[known] = moments.age[moments.offsets[1:][known] - 1]
    place = np.where(known, np.searchsorted(AGE, age, side="right") - 1, -1)
    names = [f"last event {a:g}–{b:g} days" for a, b in pairwise(AGE)]
    names.append(f"last event {AGE[-1]:g}+ days")
    return {"no event before": ~known} | {name: place == g for g, name in enumerate(names)}


def _by_popularity(targets: sparse.csr_array, log: Histories) -> dict[str, Bools]:
    """The band that most of a moment's targets are in; as many in two: the less popular one."""
    band = bands(np.bincount(log.item[log.positive], minlength=targets.shape[1]))
    inside = np.eye(len(BANDS))[band]
    counts = np.asarray((abs(targets) > 0).astype(np.float64) @ inside)
    place = len(BANDS) - 1 - counts[:, ::-1].argmax(axis=1)
    return {f"targets: {name}": place == g for g, name in enumerate(BANDS)}


def bands(counts: Longs) -> Ints:
    """The band of each item [I] by the share of events on items with more events than it has.

    Items with as many events as each other are in the same band, whatever their order.

    >>> bands(np.array([5, 3, 1, 1, 0])).tolist()
    [0, 1, 2, 2, 3]
    """
    levels, level = np.unique(counts, return_inverse=True)
    mass = np.bincount(level, weights=counts)
    before = (mass.sum() - np.cumsum(mass)) / max(float(mass.sum()), 1.0)
    band = np.minimum((before * 3 + 1e-9).astype(np.int32), 2)
    band[levels <= 0] = 3
    return np.asarray(band[level], np.int32)
