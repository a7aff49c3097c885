"""Tables that live as long as the process: for an engine without a workspace, and for tests."""

from collections.abc import Collection, Sequence
from threading import RLock
from typing import Final

import polars as pl

from penchant.store.audit import AuditLog, Entry, MemoryAudit
from penchant.store.dtypes import Types
from penchant.store.rows import conform, empty, latest, take_in
from penchant.store.tables import KINDS, OWNERS, Change, Kind, Receipt, known_kind, person_of

NUMBER: Final = "\0number"


class MemoryTables:
    """Tables in memory; the same counts as every other store.

    >>> tables = MemoryTables()
    >>> tables.append("items", pl.DataFrame({"item_id": ["a", "a"]})).known
    1
    """

    def __init__(self) -> None:
        self._frames: dict[Kind, pl.DataFrame] = {}  # with the running number as the last column
        self._last: dict[Kind, int] = {}
        self._changes: list[Change] = []
        self._lock = RLock()
        self.audit: AuditLog = MemoryAudit()

    def append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Put rows in; see `Tables.append`."""
        with self._lock:
            return self._append(known_kind(kind), frame)

    def append_unless_forgotten(
        self, kind: Kind, frame: pl.DataFrame, since: int
    ) -> Receipt | None:
        """Put rows in; see `Tables.append_unless_forgotten`."""
        with self._lock:
            if any(change.kind == "forget" for change in self.changes(since)):
                return None
            return self._append(known_kind(kind), frame)

    def _append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        held = self._frames.get(kind, pl.DataFrame())
        types = {name: dtype for name, dtype in held.schema.items() if name != NUMBER}
        intake = take_in(kind, frame, types, lambda _, wide: _as(held, wide))
        if came := intake.rows.height:
            first = self._last.get(kind, 0) + 1
            numbers = pl.int_range(first, first + came, dtype=pl.Int64).alias(NUMBER)
            wide = intake.types | {NUMBER: pl.Int64()}
            rows = pl.concat([_as(held, wide), intake.rows.lazy().with_columns(numbers)])
            self._frames[kind] = latest(kind, rows, list(intake.types)).collect()
            self._last[kind] = first + came - 1
            self._note(kind, first, self._last[kind], came)
        return intake.receipt(kind)

    def read(self, kind: Kind) -> pl.LazyFrame:
        """All rows of a kind, each once, in the order they came."""
        return self._rows(known_kind(kind)).drop(NUMBER, strict=False)

    def snapshot(self, kinds: Sequence[Kind]) -> tuple[int, dict[Kind, pl.LazyFrame]]:
        """The newest change, and all rows of some kinds as they were right after it."""
        with self._lock:
            return self.latest(), {kind: self.read(kind) for kind in kinds}

    def forget(self, user_id: str, act: Entry | None = None) -> int:
        """Remove every row of a user; see `Tables.forget`."""
        with self._lock:
            gone = sum(self._forget(kind, user_id) for kind in KINDS if kind in self._frames)
            if gone:
                self._note("forget", rows=gone)
            if act is not None:
                self.audit.append(act.counted(gone))
            return gone

    def people(self, kind: Kind, user_ids: Sequence[str], last: int | None = None) -> pl.DataFrame:
        """Rows of some users; see `Tables.people`."""
        person = person_of(known_kind(kind))
        mine = pl.col(person).is_in(list(user_ids))
        if last is not None and kind in self._frames:
            mine &= pl.col(NUMBER) <= last
        return self._rows(kind).filter(mine).drop(NUMBER, strict=False).collect()

    def between(
        self, kind: Kind, first: int, last: int, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """Rows of a kind by their running numbers, inclusive; see `Tables.between`."""
        rows = self._frames.get(known_kind(kind))
        if rows is None:
            rows = empty(kind, {})
        else:
            rows = rows.filter(pl.col(NUMBER).is_between(first, last)).drop(NUMBER)
        return rows.select(n for n in rows.columns if columns is None or n in columns)

    def last(self, kind: Kind) -> int:
        """The highest running number that a row of a kind ever had (0: none)."""
        return self._last.get(known_kind(kind), 0)

    def changes(self, after: int) -> Sequence[Change]:
        """What changed since the change of that number, oldest first."""
        return tuple(self._changes[max(after, 0) :])

    def latest(self) -> int:
        """The number of the newest change (0: none)."""
        return len(self._changes)

    def _rows(self, kind: Kind) -> pl.LazyFrame:
        return self._frames[kind].lazy() if kind in self._frames else empty(kind, {}).lazy()

    def _note(self, kind: str, first: int = 0, last: int = 0, rows: int = 0) -> None:
        self._changes.append(Change(self.latest() + 1, kind, first, last, rows))

    def _forget(self, kind: Kind, user_id: str) -> int:
        frame = self._frames[kind]
        kept = frame.remove(whose(kind, user_id))
        self._frames[kind] = kept
        return frame.height - kept.height


def whose(kind: Kind, user_id: str) -> pl.Expr:
    """Which rows of a kind are a user's."""
    owned = [pl.col(name) == user_id for name in OWNERS[kind]]
    return pl.any_horizontal(owned) if owned else pl.lit(False)


def _as(frame: pl.DataFrame, types: Types) -> pl.LazyFrame:
    if not frame.width:
        return pl.LazyFrame(schema=types)
    return conform(frame.lazy(), dict(frame.schema), types)
