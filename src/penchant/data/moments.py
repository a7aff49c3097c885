"""Questions about people: what was known of each at a time, cut out of a log."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.relations import Around
from penchant.data.rows import gather
from penchant.data.statements import Statements
from penchant.types import Bools, Floats, Ints, Longs


@dataclass(frozen=True)
class Moments:
    """B questions "who is this, at this time, in this context?".

    Each holds a user's events before a time, oldest first. Everything that the model says about a
    person is computed from one of these and from nothing else.

    offsets [B+1], item [N] (rows of the catalogue), time [N] (µs), weight [N] (signed strength),
    source [N] (rows of the event table, for naming evidence), chosen [N] (which of them choose
    their item, see `Histories.choices`), at [B] (µs),
    context: column → value asked about [B] (strings, null where unknown),
    past: column → value of each event [N],
    said: what these people asked for by hand, where it counts: nothing is learned from that,
    around: the people whom they are connected with, where any are known,
    heard: until when it is known what everybody did [B] (µs); None: until they are asked.
    """

    offsets: Longs
    item: Ints
    time: Longs
    weight: Floats
    source: Longs
    chosen: Bools
    at: Longs
    context: dict[str, pl.Series] = field(default_factory=dict)
    past: dict[str, pl.Series] = field(default_factory=dict)
    said: Statements | None = None
    around: Around | None = None
    heard: Longs | None = None

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of_strangers(cls, at: Longs) -> "Moments":
        """Moments of people of whom nothing is known, at some times (µs) [B]."""
        none, at = np.zeros(0, np.int64), np.asarray(at, np.int64)
        offsets, weight = np.zeros(len(at) + 1, np.int64), np.zeros(0, np.float32)
        return cls(offsets, none.astype(np.int32), none, weight, none, none.astype(bool), at)

    @cached_property
    def length(self) -> Longs:
        """Number of events of each moment [B]."""
        return np.diff(self.offsets)

    @cached_property
    def owner(self) -> Ints:
        """Which moment each event belongs to [N]."""
        if len(self) == 1:
            return np.zeros(len(self.item), np.int32)
        return np.repeat(np.arange(len(self), dtype=np.int32), self.length)

    @cached_property
    def age(self) -> Floats:
        """Days from each event to its moment's time [N], never negative."""
        days = (self._at_each(self.at) - self.time) / 86_400_000_000
        return np.maximum(days, 0.0).astype(np.float32)

    @cached_property
    def rank(self) -> Ints:
        """How many events of the moment came at a later time [N]; 0 for the latest and its ties."""
        if len(self) == 1:
            after = len(self.time) - np.searchsorted(self.time, self.time, side="right")
            return after.astype(np.int32)
        n = len(self.item)
        ends = np.append((np.diff(self.time) != 0) | (np.diff(self.owner) != 0), True)[:n]
        last_of_tie = np.flatnonzero(ends)[np.cumsum(ends) - ends]
        return np.asarray(self._at_each(self.offsets[1:]) - 1 - last_of_tie, np.int32)

    def _at_each(self, values: Longs) -> Longs:
        """What each moment has [B], at each of its events [N]; of one moment just that [1]."""
        return values if len(self) == 1 else values[self.owner]

    @cached_property
    def met(self) -> tuple[Longs, Longs]:
        """Who met what, for or against: each pair of moment and item once, in order."""
        width = int(self.item.max(initial=0)) + 1
        pairs = np.unique(self.owner.astype(np.int64) * width + self.item)
        return pairs // width, pairs % width

    def events(self, b: int) -> slice:
        """Where the events of one moment lie in the flat arrays."""
        return slice(int(self.offsets[b]), int(self.offsets[b + 1]))

    def take(self, rows: Longs | slice) -> "Moments":
        """Some of the moments, in the order asked for."""
        if isinstance(rows, slice) and rows.step is None:
            return self._slice(*rows.indices(len(self))[:2])
        chosen = np.arange(len(self))[rows]
        return self._with(chosen, *gather(self.offsets[chosen], self.offsets[chosen + 1]))

    def _with(self, rows: Longs, index: Longs, offsets: Longs) -> "Moments":
        """Some of the moments, each with some of the events."""
        return replace(
            self,
            offsets=offsets,
            item=self.item[index],
            time=self.time[index],
            weight=self.weight[index],
            source=self.source[index],
            chosen=self.chosen[index],
            at=self.at[rows],
            context={name: column.gather(rows) for name, column in self.context.items()},
            past={name: column.gather(index) for name, column in self.past.items()},
            said=None if self.said is None else self.said.take(rows),
            around=None if self.around is None else self.around.take(rows),
            heard=None if self.heard is None else self.heard[rows],
        )

    def _slice(self, a: int, b: int) -> "Moments":
        """Those that follow each other, without a copy of their events."""
        b = max(a, b)
        start, end = int(self.offsets[a]), int(self.offsets[b])
        events, rows = slice(start, end), np.arange(a, b)
        return replace(
            self,
            offsets=self.offsets[a : b + 1] - start,
            item=self.item[events],
            time=self.time[events],
            weight=self.weight[events],
            source=self.source[events],
            chosen=self.chosen[events],
            at=self.at[a:b],
            context={name: column.slice(a, b - a) for name, column in self.context.items()},
            past={name: column.slice(start, end - start) for name, column in self.past.items()},
            said=None if self.said is None else self.said.take(rows),
            around=None if self.around is None else self.around.take(rows),
            heard=None if self.heard is None else self.heard[a:b],
        )

    def without_each(self, b: int, events: Longs) -> "Moments":
        """One moment as often as some of its events are named, each time without that event."""
        return self.without(b, list(np.asarray(events)[:, None]))

    def without(self, b: int, groups: Sequence[Longs]) -> "Moments":
        """One moment as often as groups of its events are named, each time without that group."""
        whole = np.arange(self.offsets[b], self.offsets[b + 1])
        left = [np.delete(whole, group) for group in groups]
        index = np.concatenate([whole[:0], *left])
        offsets = np.cumsum([0, *map(len, left)], dtype=np.int64)
        return self._with(np.full(len(groups), b), index, offsets)

    def matrix(self, values: Floats, n_items: int) -> sparse.csr_array:
        """The events as a sparse matrix [B × I]; values of repeated items are summed."""
        shape = (len(self), n_items)
        return sparse.csr_array((values, self.item, self.offsets), shape=shape, copy=True)

    def seen(self, n_items: int) -> sparse.csr_array:
        """Which items each user has met, for or against [B × I], ones."""
        found = self.matrix(np.ones(len(self.item), np.float32), n_items)
        found.sum_duplicates()
        found.data[:] = 1.0
        return found
