"""Events as flat arrays: every user's history in time order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data import columns as c
from penchant.data.moments import Moments
from penchant.data.relations import Around, Relations
from penchant.data.rows import first_of_each, gather
from penchant.data.strength import EventsConfig, strength
from penchant.data.vocabulary import Vocabulary
from penchant.types import Bools, Floats, Ints, Longs


@dataclass(frozen=True)
class Histories:
    """All events in (user, time) order, ids as rows.

    offsets [U+1], item [E], time [E] (µs since 1970, UTC), weight [E] (signed: evidence against is
    negative), source [E] (row of the table it came from), kind [E] (its type, as a number), past:
    context columns [E], relations: who is connected with whom, where that is known.
    Inside a tie of time the order is `position` where there is one, else a fixed function of the
    event itself, so the order of rows in a file changes nothing.
    """

    users: Vocabulary
    items: Vocabulary
    offsets: Longs
    item: Ints
    time: Longs
    weight: Floats
    source: Longs
    kind: Ints
    past: dict[str, pl.Series] = field(default_factory=dict)
    relations: Relations | None = None

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def user(self) -> Ints:
        """Row of the user of each event [E]."""
        return np.repeat(np.arange(len(self.users), dtype=np.int32), np.diff(self.offsets))

    @cached_property
    def positive(self) -> Bools:
        """Which events speak for their item [E]."""
        return self.weight > 0

    @cached_property
    def latest(self) -> int | None:
        """Time of the last event (µs); None where there is none."""
        return int(self.time.max()) if len(self) else None

    @cached_property
    def acts(self) -> Bools:
        """One event of each act that speaks for its item: one user, one item, one time [E].

        Three tags put on an artist at once are three events and one act. An act says how much, by
        its events; what may come next is asked about acts. The first event that speaks for the
        item stands for it.
        """
        rows = np.flatnonzero(self.positive)
        new = (np.diff(self.user[rows]) != 0) | (np.diff(self.time[rows]) != 0)
        begins, ends = (np.concatenate(x)[: len(rows)] for x in (([True], new), (new, [True])))
        several = ~(begins & ends)  # an event that is alone at its time stands for itself
        some, moment = rows[several], np.cumsum(begins)[several]
        return self._marked(rows[~several]) | self._marked(self._firsts(some, moment))

    def askable(self, *, repeats: bool) -> Bools:
        """Which events may be asked for [E]: all acts where people have the same item again
        (`repeats`), else those that met their item first."""
        return self.acts if repeats else self.positive & self.first_met

    @cached_property
    def choices(self) -> Bools:
        """Which acts choose their item, and do not carry an earlier choice of it further [E].

        Who looks at something, buys it and rates it chose once. An act chooses if it is of the kind
        by which its user first came to the item: to look again, or to buy again what was never
        looked at, is a choice again.
        """
        if not len(self) or self.kind.min() == self.kind.max():
            return self.acts
        rows = np.flatnonzero(self.positive)
        first, pair = first_of_each(self._pairs(rows, self.user[rows]))
        came_by = self.kind[rows[first]][pair]
        return self.acts & self._marked(rows[self.kind[rows] == came_by])

    @cached_property
    def first_met(self) -> Bools:
        """Which events are their user's first on that item, for or against [E]."""
        return self._marked(self.firsts(np.arange(len(self))))

    @cached_property
    def repeats(self) -> float:
        """Share of positive acts whose user had a positive one on the same item before."""
        rows = np.flatnonzero(self.acts)
        return 1.0 - len(self.firsts(rows)) / len(rows) if len(rows) else 0.0

    def firsts(self, rows: Longs) -> Longs:
        """Those of some events, in order, that are their user's first of them on that item."""
        return self._firsts(rows, self.user[rows])

    def _firsts(self, rows: Longs, group: Longs | Ints) -> Longs:
        """Those of some events that are the first on that item in their group."""
        first = np.unique(self._pairs(rows, group), return_index=True)[1]
        return np.asarray(rows[np.sort(first)], np.int64)

    def _pairs(self, rows: Longs, group: Longs | Ints) -> Longs:
        """One number for each pair of a group and an item."""
        return np.asarray(group.astype(np.int64) * max(len(self.items), 1) + self.item[rows])

    def _marked(self, rows: Longs) -> Bools:
        mask = np.zeros(len(self), bool)
        mask[rows] = True
        return mask

    def counts(self) -> sparse.csr_array:
        """How many positive events each user had on each item [U × I]."""
        keep = self.positive
        pair = (self.user[keep], self.item[keep])
        shape = (len(self.users), len(self.items))
        found = sparse.csr_array((np.ones(keep.sum(), np.float32), pair), shape=shape)
        found.sum_duplicates()
        return found

    def matrix(self) -> sparse.csr_array:
        """Who had a positive event on what [U × I], ones."""
        found = self.counts()
        found.data[:] = 1.0
        return found

    def moments(self, users: Longs, before: Longs, at: Longs) -> Moments:
        """The histories of some users, each up to (not including) an event row.

        users [B] (rows), before [B] (rows of this log: the first event not to be seen),
        at [B] (µs: the time of asking).
        """
        return self._cut(users, self.offsets[users], before, at)

    def around(self, ids: Sequence[str], at: Longs) -> Around | None:
        """The people around some people, at times (µs) [B]; who did nothing yet may have some."""
        if self.relations is None:
            return None
        return Around(self, self.relations.people.rows(ids).astype(np.int64), at)

    def _cut(self, users: Longs, starts: Longs, ends: Longs, at: Longs) -> Moments:
        index, offsets = gather(starts, ends)
        around = None
        if self.relations is not None:
            person = np.where(users >= 0, self.relations.person[users], -1)
            around = Around(self, person, np.asarray(at, np.int64))
        one = len(users) == 1  # whose history is not copied
        begin, n = int(starts[0]) if one else 0, len(index)
        some = slice(begin, begin + n) if one else index
        return Moments(
            offsets=offsets,
            item=self.item[some],
            time=self.time[some],
            weight=self.weight[some],
            source=self.source[some],
            chosen=self.choices[some],
            at=np.asarray(at, np.int64),
            past={
                name: column.slice(begin, n) if one else column.gather(index)
                for name, column in self.past.items()
            },
            around=around,
        )

    def moments_before(self, events: Longs) -> Moments:
        """What was known just before each of some events, asked in that event's context.

        Other events at the very same time are part of the history when they come earlier in the
        fixed order.
        """
        made = self.moments(self.user[events].astype(np.int64), events, self.time[events])
        return replace(made, context={k: v.gather(events) for k, v in self.past.items()})

    def moments_until(self, events: Longs) -> Moments:
        """What was known before the time of each of some events, asked in that event's context.

        Other events at the very same time are not known yet.
        """
        user = self.user[events].astype(np.int64)
        made = self._cut(user, self.offsets[user], self._tie_starts[events], self.time[events])
        return replace(made, context={k: v.gather(events) for k, v in self.past.items()})

    @cached_property
    def _tie_starts(self) -> Longs:
        """Row of the first event of the same user at the same time, for every event [E]."""
        new = np.ones(len(self), bool)
        new[1:] = (np.diff(self.user) != 0) | (np.diff(self.time) != 0)
        return np.flatnonzero(new)[np.cumsum(new) - 1] if len(self) else np.zeros(0, np.int64)

    def moments_at(self, users: Longs, at: Longs) -> Moments:
        """The histories of some users [B] up to and including a time [B] (µs).

        A user row of −1 stands for somebody never seen, whose history is empty.
        """
        known = users >= 0
        starts = np.where(known, self.offsets[users], 0)
        stops = np.where(known, self.offsets[users + 1], 0)
        ends = [
            a + np.searchsorted(self.time[a:b], t, side="right")
            for a, b, t in zip(starts, stops, at, strict=True)
        ]
        return self._cut(users, starts, np.asarray(ends, np.int64), at)

    def keep(self, mask: Bools) -> "Histories":
        """The same log with only some of its events; users and items keep their rows."""
        counts = np.bincount(self.user[mask], minlength=len(self.users))
        return replace(
            self,
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            item=self.item[mask],
            time=self.time[mask],
            weight=self.weight[mask],
            source=self.source[mask],
            kind=self.kind[mask],
            past={name: column.filter(pl.Series(mask)) for name, column in self.past.items()},
        )


def histories(
    events: pl.DataFrame,
    items: Vocabulary,
    config: EventsConfig,
    context: Sequence[str] = (),
    users: Vocabulary | None = None,
    relations: pl.DataFrame | None = None,
    low: float | None = None,
) -> Histories:
    """Turn a validated event table into histories; every item id must be in the vocabulary.

    Users get rows in sorted order of their ids unless a vocabulary is given. `relations` (source,
    target, perhaps timestamp) say who is connected with whom. `low`: see `strength`.
    """
    if users is None:
        users = Vocabulary(events[c.USER].unique().sort())
    told = [name for name in dict.fromkeys((c.EVENT, *context)) if name in events.columns]
    table = pl.DataFrame(
        {
            "user": users.rows(events[c.USER]),
            "item": items.rows(events[c.ITEM]),
            "time": events[c.TIME].dt.epoch("us"),
            "position": events[c.POSITION] if c.POSITION in events.columns else None,
            "tie": tie(events),
            "weight": strength(events, config, low),
            "source": np.arange(events.height, dtype=np.int64),
            "kind": events[c.EVENT].rank("dense") - 1,
            **{f"told {name}": events[name].cast(pl.String) for name in told},
        }
    )
    keys = ["user", "time", "position", "tie", "item", "weight", *(f"told {n}" for n in told)]
    order = table.select(pl.arg_sort_by(keys, maintain_order=True)).to_series()
    table = table[order]
    counts = np.bincount(table["user"].to_numpy().astype(np.int64), minlength=len(users))
    return Histories(
        users=users,
        items=items,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        item=table["item"].to_numpy().astype(np.int32),
        time=table["time"].to_numpy().astype(np.int64),
        weight=table["weight"].to_numpy().astype(np.float32),
        source=table["source"].to_numpy(),
        kind=table["kind"].fill_null(-1).to_numpy().astype(np.int32),
        past={
            name: _coded(events[name].gather(order)) for name in context if name in events.columns
        },
        relations=None if relations is None else Relations.of(relations, users),
    )


def _coded(column: pl.Series) -> pl.Series:
    """Values as text that is kept once each, in alphabetical order [E]."""
    text = column.cast(pl.String)
    return text.cast(pl.Enum(text.drop_nulls().unique().sort()))


def tie(events: pl.DataFrame) -> pl.Series:
    """A fixed, meaningless order among events of one user at one time [E].

    Mixing user and item in keeps an item from always coming last in its ties.
    """
    text = events.select(pl.concat_str([c.USER, c.ITEM], separator="\x1f")).to_series()
    return text.hash(seed=17)
