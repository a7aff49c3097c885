"""What a store of tables is: append, read, forget, and what changed; in memory or in SQL alike.

    kind        what counts as the same row                          a later one
    events      event_id where given, else all that the row says     is set aside
    exposures   event_id where given, else all that the row says     is set aside
    feedback    event_id where given, else all that the row says     is set aside
    items       item_id                                              replaces the earlier one
    users       user_id                                              replaces the earlier one
    relations   source, target, relation                             replaces the earlier one

Rows of a kind have running numbers, in the order they came; a row that replaces an earlier one has
a new number. Whoever keeps something in mind asks `latest()`; when it moved, `changes` says what
came, and `between` gives it.

Every store passes `penchant.testing.stores.TablesContract`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias, get_args

import polars as pl

from penchant.data import columns as c
from penchant.errors import StoreError, did_you_mean
from penchant.store.audit import AuditLog, Entry
from penchant.types import Report

Kind: TypeAlias = Literal["events", "items", "users", "relations", "exposures", "feedback"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

NEEDED: Final[dict[Kind, tuple[str, ...]]] = {
    "events": (c.USER, c.ITEM),
    "items": (c.ITEM,),
    "users": (c.USER,),
    "relations": (c.SOURCE, c.TARGET),
    "exposures": (c.USER, c.ITEM),
    "feedback": (c.USER, c.EVENT),
}
"""Columns that every row of a kind must fill."""

KEYS: Final[dict[Kind, tuple[str, ...]]] = {
    "items": (c.ITEM,),
    "users": (c.USER,),
    "relations": (c.SOURCE, c.TARGET, c.RELATION),
}
"""Kinds of which a later row replaces the earlier one, and what makes it the same row."""

OWNERS: Final[dict[Kind, tuple[str, ...]]] = {
    "events": (c.USER,),
    "items": (),
    "users": (c.USER,),
    "relations": (c.SOURCE, c.TARGET),
    "exposures": (c.USER,),
    "feedback": (c.USER,),
}
"""Columns that say whose row it is: what `forget` looks at."""

PERSON: Final[dict[Kind, str]] = {
    "events": c.USER,
    "users": c.USER,
    "relations": c.SOURCE,
    "exposures": c.USER,
    "feedback": c.USER,
}
"""The column that `people` looks at."""

TEXT: Final = frozenset({c.USER, c.ITEM, c.SOURCE, c.TARGET, c.EVENT_ID, c.SESSION, c.INTEREST})
"""Ids: kept as text, whatever type they came in."""


DIFFERING: Final = "rows set aside that say something else under a known event_id"
"""What a report says of them."""


@dataclass(frozen=True)
class Receipt:
    """What an acknowledged append did; the rows are safe once it is in hand.

    new: rows that were not there; known: rows that were there already, set aside; replaced: rows
    that took the place of an earlier one; notes: what was changed on the way (types, fractions of
    a microsecond).

    >>> print(Receipt("items", new=2, known=1))
    items: 2 new, 1 already there, 0 replaced
    """

    kind: Kind
    new: int = 0
    known: int = 0
    replaced: int = 0
    notes: Report = field(default_factory=Report)

    @property
    def rows(self) -> int:
        """How many rows were handed in."""
        return self.new + self.known + self.replaced

    @property
    def differing(self) -> int:
        """How many of those that were known say something else than what stands."""
        return self.notes.count(DIFFERING)

    def report(self) -> Report:
        """What was set aside, replaced or changed."""
        report = Report()
        step = f"add {self.kind}"
        report.add(step, "rows already there set aside", self.known, total=self.rows)
        report.add(step, "earlier rows replaced", self.replaced, total=self.rows)
        report.extend(self.notes)
        return report

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.kind}: {self.new:,} new, {self.known:,} already there, "
            f"{self.replaced:,} replaced"
        )


@dataclass(frozen=True)
class Change:
    """One thing that changed a store; `seq` counts them from 1, in the order they became visible.

    kind: the table whose rows came, "forget" (somebody is gone) or "model" (another version
    serves); first, last: the running numbers of the rows that came, 0 for forget and model; rows:
    how many came, or went.
    """

    seq: int
    kind: str
    first: int = 0
    last: int = 0
    rows: int = 0


class Tables(Protocol):
    """Where events, items, users, relations, exposures and feedback live, and who did what to
    them (`audit`)."""

    audit: AuditLog

    def append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Put rows in; once the receipt is returned they survive a crash (if the store lasts)."""
        ...

    def append_unless_forgotten(
        self, kind: Kind, frame: pl.DataFrame, since: int
    ) -> Receipt | None:
        """The same, of rows that rest on what was known at the change of that number; None where
        somebody was forgotten since then, and nothing was put in."""
        ...

    def read(self, kind: Kind) -> pl.LazyFrame:
        """All rows of a kind, each once, in the order they came."""
        ...

    def snapshot(self, kinds: Sequence[Kind]) -> tuple[int, dict[Kind, pl.LazyFrame]]:
        """The number of the newest change, and all rows of some kinds as they were right after it,
        whatever comes meanwhile."""
        ...

    def forget(self, user_id: str, act: Entry | None = None) -> int:
        """Remove every row of a user, and every copy of it; says how many rows were visible. An
        `act`, with that number, goes into the audit log if the rows go, and only then.

        Raises:
            CopiesLeftError: the rows are gone, but not yet every copy.
        """
        ...

    def people(self, kind: Kind, user_ids: Sequence[str], last: int | None = None) -> pl.DataFrame:
        """Rows of some users, as `read` has them, by their running numbers up to `last` (None:
        all); relations: those whose source is one of them.

        Raises:
            StoreError: the kind has no users (items).
        """
        ...

    def between(
        self, kind: Kind, first: int, last: int, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """Rows of a kind by their running numbers, inclusive, as `read` has them; of its columns
        some (None: all) where they are there."""
        ...

    def last(self, kind: Kind) -> int:
        """The highest running number that a row of a kind ever had (0: none)."""
        ...

    def changes(self, after: int) -> Sequence[Change]:
        """What changed since the change of that number, oldest first; rows that were there
        already change nothing."""
        ...

    def latest(self) -> int:
        """The number of the newest change (0: none): cheap, for who asks many times a second."""
        ...


def person_of(kind: Kind) -> str:
    """The column of a kind that says whose row it is.

    Raises:
        StoreError: it has none.
    """
    if kind not in PERSON:
        raise StoreError(f"people: {kind} belong to nobody; expected one of {', '.join(PERSON)}")
    return PERSON[kind]


def known_kind(kind: str) -> Kind:
    """The kind, if it is one.

    Raises:
        StoreError: it is not.
    """
    for known in KINDS:
        if kind == known:
            return known
    hint = did_you_mean(kind, KINDS)
    raise StoreError(f"kind: {kind!r} is not a table; expected one of {', '.join(KINDS)}.{hint}")
