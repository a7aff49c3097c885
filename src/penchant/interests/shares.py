"""Which events carried a score: each layer's part, shared out over the person's events.

A linear layer knows each event's share exactly. For any other, an event's share is what the score
loses when the event is taken away (Li, Monroe and Jurafsky, arXiv 1612.08220); such shares need
not sum to the part, and what is left over belongs to no single event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from penchant.data.moments import Moments
from penchant.interests.model import InterestModel
from penchant.types import Floats, Longs

OTHERS = ("popularity", "social")
"""Layers that no event of the person's own carries: they say what others do."""
RECENT = 100
"""Events that are taken away one by one, the latest; older ones have no share in such a layer."""
CANDIDATES = 12
"""Events that may be named for one item."""
LEAST = 0.01
"""Least share of all that events added for an event to be named."""
_CELLS = 4_000_000  # scores held at once


@runtime_checkable
class Sharing(Protocol):
    """A layer that knows each event's exact share."""

    def shares(self, moments: Moments, items: Longs) -> Floats:
        """What each event adds to some items' scores [N × items]."""
        ...

    def weighed(self, moments: Moments, items: Longs, values: Floats) -> Floats:
        """`shares` @ values, for weighted sums over the items [items × C] → [N × C]."""
        ...


@dataclass(frozen=True)
class Shares:
    """Events' shares of some items' parts: per layer [N × items], α included.

    `exact` says of which layers the columns sum to the part.
    """

    by_layer: dict[str, Floats]
    exact: frozenset[str]

    @property
    def total(self) -> Floats:
        """Over all layers [N × items]."""
        return np.asarray(sum(self.by_layer.values()), np.float32)


def shares(model: InterestModel, moments: Moments, items: Longs) -> Shares:
    """Shares of the events of one moment in the scores of some items."""
    if len(moments) != 1:
        raise ValueError(f"moments: {len(moments)} came, expected one")
    alpha = model.fusion.alpha(moments)[0]
    found, exact = {}, set()
    for p, (name, layer) in enumerate(model.layers.items()):
        if name in OTHERS or not alpha[p]:
            continue
        if isinstance(layer, Sharing):
            found[name] = alpha[p] * layer.shares(moments, items)
            exact.add(name)
        else:
            found[name] = alpha[p] * _by_removal(layer.score, moments, items)
    return Shares(found, frozenset(exact))


def strongest(total: Floats, most: int) -> Longs:
    """Which events carried a score most, by their shares of it [N]: those that are named."""
    for_it = np.maximum(total, 0.0)
    enough = np.flatnonzero(for_it >= LEAST * for_it.sum()) if for_it.any() else np.zeros(0, int)
    return np.asarray(enough[np.argsort(-for_it[enough], kind="stable")[:most]], np.int64)


def named(
    model: InterestModel, moments: Moments, items: Longs, carried: Shares, most: int
) -> list[Longs]:
    """The events to name for each of some items' scores in one moment: those with the largest
    shares, if the score falls without them, and none that speaks against its own item.

    It may not: events fade by what came after them, and without all that somebody did last, what
    they did before counts for more. Where it falls by less than half of what the shares say, events
    are chosen among the `CANDIDATES` with the largest ones, one after the other, such that it falls
    most.
    """
    total = np.where(moments.weight[:, None] > 0, carried.total, 0.0).astype(np.float32)
    found = [strongest(total[:, n], most) for n in range(len(items))]
    some = [n for n, events in enumerate(found) if len(events)]
    if not some:
        return found
    before = model.score(moments)[0, items]
    after = _without(model, moments, [found[n] for n in some], items[some])
    for n, left in zip(some, after, strict=True):
        if before[n] - left < 0.5 * float(total[found[n], n].sum()):
            among = strongest(total[:, n], CANDIDATES)
            chosen = _one_by_one(model, moments, int(items[n]), among, most)
            found[n] = chosen[np.argsort(-total[chosen, n], kind="stable")]
    return found


def _one_by_one(
    model: InterestModel, moments: Moments, item: int, among: Longs, most: int
) -> Longs:
    """Of some events, those without which the score falls most, each beside those before it."""
    chosen: list[int] = []
    lowest = np.inf
    while len(chosen) < most:
        left = [int(e) for e in among if e not in chosen]
        groups = [np.array([*chosen, e]) for e in left]
        if not groups:
            break
        scores = _without(model, moments, groups, np.full(len(groups), item))
        if chosen and scores.min() >= lowest:
            break
        lowest = float(scores.min())
        chosen.append(left[int(scores.argmin())])
    return np.array(chosen, np.int64)


def _without(
    model: InterestModel, moments: Moments, groups: Sequence[Longs], items: Longs
) -> Floats:
    """The score of an item for each group of events that is taken away [groups]."""
    asked = moments.without(0, groups)
    found = [
        model.score(some)[np.arange(len(some)), items[rows]] for rows, some in model.chunks(asked)
    ]
    return np.concatenate(found)


def _by_removal(score, moments: Moments, items: Longs) -> Floats:  # type: ignore[no-untyped-def]
    """score with all events less score without each [N × items]."""
    N = len(moments.item)
    lost = np.zeros((N, len(items)), np.float32)
    whole = score(moments)
    step = max(1, _CELLS // max(whole.shape[1], 1))
    latest = np.arange(max(0, N - RECENT), N)
    for a in range(0, len(latest), step):
        events = latest[a : a + step]
        lost[events] = whole[:, items] - score(moments.without_each(0, events))[:, items]
    return lost
