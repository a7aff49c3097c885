"""Who is connected with whom, and what those around somebody did before."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data import columns as c
from penchant.data.rows import gather
from penchant.data.vocabulary import Vocabulary
from penchant.types import Longs

if TYPE_CHECKING:
    from penchant.data.histories import Histories

NEWEST = 500
"""At most so many events of each person around somebody are looked at, the newest."""
_EVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Relations:
    """Edges from people to those whom they follow, trust or are friends with.

    people [P] (who has any; they need not be in the log), offsets [P+1], other [R] (rows of the
    log's users), since [R] (µs; the smallest number where an edge has no time: it always was),
    person [U] (row among `people` of each user of the log, −1 for none).
    """

    people: Vocabulary
    offsets: Longs
    other: Longs
    since: Longs
    person: Longs

    @classmethod
    def of(cls, table: pl.DataFrame, users: Vocabulary) -> Self | None:
        """The edges that end at somebody of a log, each pair once; None where there are none."""
        since = pl.col(c.TIME).dt.epoch("us") if c.TIME in table.columns else pl.lit(None, pl.Int64)
        edges = (
            table.select(
                pl.col(c.SOURCE).alias("source"),
                pl.Series("other", users.rows(table[c.TARGET]), dtype=pl.Int64),
                since.fill_null(_EVER).alias("since"),
            )
            .filter((pl.col("other") >= 0) & (pl.col("source") != table[c.TARGET]))
            .group_by("source", "other")
            .agg(pl.col("since").min())
            .sort("source", "other")
        )
        if not edges.height:
            return None
        people = Vocabulary(edges["source"].unique(maintain_order=True))
        count = np.bincount(people.rows(edges["source"]), minlength=len(people))
        return cls(
            people,
            np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            edges["other"].to_numpy(),
            edges["since"].to_numpy(),
            people.rows(users.ids).astype(np.int64),
        )


@dataclass(frozen=True)
class Around:
    """The people around those of B moments, in a log: person [B] (rows of `Relations.people`, −1
    where nobody is known), at [B] (µs)."""

    log: "Histories"
    person: Longs
    at: Longs

    def take(self, rows: Longs) -> "Around":
        """Some of the moments, in the order asked for."""
        return Around(self.log, self.person[rows], self.at[rows])

    @property
    def people(self) -> Longs:
        """How many people there are around each [B]."""
        return np.bincount(self._edges()[1], minlength=len(self.person))

    def _edges(self) -> tuple[Longs, Longs]:
        """Which edges were there already at each moment, and whose they are [R] each."""
        edges = self.log.relations
        if edges is None:
            none = np.zeros(0, np.int64)
            return none, none
        known = self.person >= 0
        begin = np.where(known, edges.offsets[self.person], 0)
        end = np.where(known, edges.offsets[self.person + 1], 0)
        edge, starts = gather(begin, end)
        owner = np.repeat(np.arange(len(self.person)), np.diff(starts))
        there = edges.since[edge] <= self.at[owner]
        return edge[there], owner[there]

    def counts(self, n_items: int) -> sparse.csr_array:
        """How many of them had a positive event on each item before [B × I]: not at the very same
        time, and only where the edge was there already."""
        B, log, edges = len(self.person), self.log, self.log.relations
        if edges is None or not len(log):
            return sparse.csr_array((B, n_items), dtype=np.float32)
        edge, owner = self._edges()
        other = edges.other[edge]
        first = log.offsets[other]
        stop = _earlier(log.time, first, log.offsets[other + 1], self.at[owner])
        rows, each = gather(np.maximum(first, stop - NEWEST), stop)
        pair = np.repeat(np.arange(len(other)), np.diff(each))
        liked = log.positive[rows]
        told = np.unique(pair[liked] * n_items + log.item[rows[liked]])
        at = (owner[told // n_items], told % n_items)
        found = sparse.csr_array((np.ones(len(told), np.float32), at), shape=(B, n_items))
        found.sum_duplicates()
        return found


def _earlier(time: Longs, first: Longs, stop: Longs, at: Longs) -> Longs:
    """Where in each of many sorted ranges what is not before a time begins (binary search)."""
    low, high = first.copy(), stop.copy()
    while (low < high).any():
        middle = np.minimum((low + high) // 2, len(time) - 1)
        before, open_ = time[middle] < at, low < high
        low = np.where(open_ & before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)
    return low
