"""A store as it was when a model had been learned, and then, step by step, as it came to be.

What is replayed is the log as it is now: who was forgotten is not in it, and what replaced an
earlier row (an item that was described anew) comes where it came last. What comes while it is
replayed is not seen: replays up to the same change have the same rows, whoever writes meanwhile.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from penchant.data import columns as c
from penchant.errors import StoreError
from penchant.store.audit import Entry
from penchant.store.tables import KINDS, Change, Kind, Receipt, Tables

BLOCK: Final = 200_000
"""Rows that are read together."""


class Replay:
    """Reads another store of tables as it was right after the change `after`; `take` takes the next
    of at most `most` steps towards `until`, a later one. Nothing can be put in."""

    def __init__(self, tables: Tables, after: int, until: int, most: int = 1) -> None:
        self._tables, self.audit, self._after = tables, tables.audit, after
        last = {kind: tables.last(kind) for kind in KINDS}
        came = [change for change in tables.changes(after) if change.kind in KINDS]
        for change in reversed(came):
            if change.seq > until:
                last[_kind(change)] = change.first - 1
        came = [change for change in came if change.seq <= until]
        self.whole = dict(last)
        """The highest running number of each kind, when all steps are taken."""
        for change in reversed(came):
            last[_kind(change)] = change.first - 1
        self.learned = dict(last)
        """The same, when the model had been learned."""
        self.steps = list(stepwise(came, most))
        self.rows = {kind: sum(x.rows for x in came if x.kind == kind) for kind in KINDS}
        """How many rows of each kind are replayed."""
        self._last, self._taken = last, list[Change]()

    def take(self) -> int:
        """Let the next step come; how many rows it brings."""
        step = self.steps.pop(0)
        for change in step:
            self._taken.append(replace(change, seq=self.latest() + 1))
            self._last[_kind(change)] = change.last
        return sum(change.rows for change in step)

    def everything(self) -> "Replay":
        """The same with all steps taken."""
        while self.steps:
            self.take()
        return self

    def owners(self, after: int, last: int) -> Iterator[pl.Series]:
        """Whose the events of some running numbers are, block by block."""
        for start in range(after + 1, last + 1, BLOCK):
            yield self._tables.between("events", start, min(start + BLOCK - 1, last), {c.USER})[
                c.USER
            ]

    # What a store can be asked

    def latest(self) -> int:
        """The number of the newest change that came."""
        return self._after + len(self._taken)

    def changes(self, after: int) -> Sequence[Change]:
        """What came behind the change of that number, oldest first."""
        return self._taken[max(after - self._after, 0) :]

    def last(self, kind: Kind) -> int:
        """The highest running number of a kind."""
        return self._last[kind]

    def read(self, kind: Kind) -> pl.LazyFrame:
        """All rows of a kind that came."""
        return self.between(kind, 1, self._last[kind]).lazy()

    def snapshot(self, kinds: Sequence[Kind]) -> tuple[int, dict[Kind, pl.LazyFrame]]:
        """The newest change that came, and all rows of some kinds."""
        return self.latest(), {kind: self.read(kind) for kind in kinds}

    def people(self, kind: Kind, user_ids: Sequence[str], last: int | None = None) -> pl.DataFrame:
        """Rows of some users that came."""
        most = self._last[kind]
        return self._tables.people(kind, user_ids, most if last is None else min(last, most))

    def between(
        self, kind: Kind, first: int, last: int, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """Rows of a kind by their running numbers."""
        return self._tables.between(kind, first, min(last, self._last[kind]), columns)

    # What it cannot

    def append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Nothing is put in.

        Raises:
            StoreError: always.
        """
        raise _closed()

    def append_unless_forgotten(
        self, kind: Kind, frame: pl.DataFrame, since: int
    ) -> Receipt | None:
        """Nothing is put in.

        Raises:
            StoreError: always.
        """
        raise _closed()

    def forget(self, user_id: str, act: Entry | None = None) -> int:
        """Nobody is forgotten here.

        Raises:
            StoreError: always.
        """
        raise _closed()


def stepwise(changes: Sequence[Change], most: int) -> Iterator[list[Change]]:
    """Changes in about `most` steps of about as many rows each, in the order they came: large ones
    are cut, small ones put together.

    >>> came = [Change(1, "events", 1, 4, 4), Change(2, "items", 1, 1, 1)]
    >>> [[change.rows for change in step] for step in stepwise(came, 3)]
    [[2], [2], [1]]
    """
    size = max(1, -(-sum(change.rows for change in changes) // most))
    step, rows = list[Change](), 0
    for change in changes:
        for first in range(change.first, change.last + 1, size):
            last = min(first + size - 1, change.last)
            step.append(replace(change, first=first, last=last, rows=last - first + 1))
            rows += last - first + 1
            if rows >= size:
                yield step
                step, rows = [], 0
    if step:
        yield step


def _kind(change: Change) -> Kind:
    return next(kind for kind in KINDS if kind == change.kind)


def _closed() -> StoreError:
    return StoreError("a replay is read only; put rows into the store that is replayed")
