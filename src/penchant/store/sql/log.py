"""Appending to a log: each row once, told apart by the database itself."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
from sqlalchemy import Connection, Index
from sqlalchemy.exc import IntegrityError

from penchant.data import columns as c
from penchant.store.dtypes import Types
from penchant.store.sql.database import SORTING_CACHE
from penchant.store.sql.ids import Codes, rows_of, run
from penchant.store.sql.layout import coded, laid_out
from penchant.store.sql.reading import SEQ, Reader
from penchant.store.sql.same import forms, marked, named
from penchant.store.sql.schema import TABLES
from penchant.store.tables import DIFFERING, Kind
from penchant.types import Report

CHUNK: Final = 100_000
"""Rows that are Python objects at one time; names are, once each, of all that come."""
LATER: Final = 200_000
"""Rows from which a SQLite table with no more than those gets its indexes when they are in: sorting
is faster than putting each in its place."""
SAMPLE: Final = 500
"""Rows of many that are looked for first: whoever adds a file again adds nothing."""
CELLS: Final = 8_000
"""Cells of one statement; SQLite takes 32,766, but these stay in the processor's cache."""
_ONCE: Final = "ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class Log:
    """A log inside one writing transaction; `types`: its columns from now on."""

    connection: Connection
    kind: Kind
    types: Types
    notes: Report = field(default_factory=Report)

    def append(self, frame: pl.DataFrame, last: int) -> tuple[int, int, int]:
        """Put rows in plain types in, numbered behind `last`; first, last number and how many."""
        if self._sqlite and frame.height >= LATER and self._mostly_new(frame):
            self._fill(frame, last)
        else:
            for rows in self._chunks(frame, last):
                self._insert(rows, _ONCE) if self._sqlite else self._copy(rows)
        asked = f"SELECT min(seq), max(seq), count(*) FROM {self._table} WHERE seq > {last:d}"
        ((first, newest, new),) = rows_of(self.connection, asked)
        if new < frame.height and c.EVENT_ID in frame.columns:
            self._note_differing(frame, last)
        return first or 0, newest or 0, new

    @property
    def _table(self) -> str:
        return TABLES[self.kind].name

    @property
    def _sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def _mostly_new(self, frame: pl.DataFrame) -> bool:
        """Whether no more rows are there than come, and none of some that come."""
        counted = f"SELECT count(*) FROM (SELECT 1 FROM {self._table} LIMIT {frame.height + 1})"
        ((there,),) = rows_of(self.connection, counted)
        some = frame.gather_every(max(frame.height // SAMPLE, 1))
        return there == 0 or (there <= frame.height and not self._any_known(some))

    def _any_known(self, rows: pl.DataFrame) -> bool:
        """Whether any of a few rows is there."""
        users = coded(self.kind, rows, Codes(self.connection))["user"]
        marks = {"user": users, **marked(rows).to_dict()}
        for key in (("user", "same"), ("named",)):
            if key[-1] in marks:
                same = " AND ".join(f'"{name}" = ?' for name in key)
                asked = f"SELECT 1 FROM {self._table} WHERE {same}"
                each = zip(*(marks[name].to_list() for name in key), strict=True)
                if any(rows_of(self.connection, asked, values) for values in each):
                    return True
        return False

    def _chunks(self, frame: pl.DataFrame, last: int) -> Iterator[pl.DataFrame]:
        """Rows with the columns of SQL, ids as numbers, some at a time."""
        ids = coded(self.kind, frame, Codes(self.connection, make=True))
        ready = partial(self._ready, frame, ids, last + 1)
        starts = range(0, frame.height, CHUNK)
        return ahead(ready, starts) if len(starts) > 1 else map(ready, starts)

    def _ready(
        self, frame: pl.DataFrame, ids: pl.DataFrame, first: int, start: int
    ) -> pl.DataFrame:
        """All that can be made of some rows without the database."""
        rows = frame.slice(start, CHUNK)
        held = laid_out(self.kind, rows, ids.slice(start, CHUNK))
        seq = pl.Series(SEQ, np.arange(first + start, first + start + rows.height))
        return pl.DataFrame([*held, seq, *marked(rows)])

    def _insert(self, rows: pl.DataFrame, rule: str = "") -> None:
        """SQLite: many rows a statement, which is faster, and lets go of the interpreter's lock
        once for all of them: a busy service would else wait for it at every row."""
        some = [column for column in rows if column.null_count() < rows.height]
        into = f"INSERT INTO {self._table} ({_names(some)}) VALUES "
        one, width = f"({', '.join('?' * len(some))})", len(some)
        at_once = max(CELLS // width, 1)
        for start in range(0, rows.height, at_once):
            count = min(at_once, rows.height - start)
            cells: list[Any] = [None] * (count * width)
            for n, column in enumerate(some):
                cells[n::width] = column.slice(start, count).to_list()
            run(self.connection, f"{into}{', '.join([one] * count)} {rule}", cells)

    def _fill(self, frame: pl.DataFrame, last: int) -> None:
        """Everything first, then the indexes; of rows that are the same the first stays."""
        indexes = sorted(TABLES[self.kind].indexes, key=lambda index: str(index.name))
        for index in indexes:
            index.drop(self.connection)
        for rows in self._chunks(frame, last):
            self._insert(rows if last else rows.drop(SEQ))  # from 1 on SQLite counts by itself
        run(self.connection, f"PRAGMA cache_size = {-SORTING_CACHE}")
        for index in indexes:
            try:
                index.create(self.connection)
            except IntegrityError:
                self._drop_twins(index)
                index.create(self.connection)

    def _drop_twins(self, index: Index) -> None:
        """Of rows that a unique index takes for the same, the first one stays."""
        key = ", ".join(f'"{column.name}"' for column in index.columns)
        for line in (
            f"CREATE INDEX twins ON {self._table} ({key}, {SEQ})",
            f"DELETE FROM {self._table} WHERE {SEQ} IN (SELECT {SEQ} FROM (SELECT {SEQ}, "
            f"row_number() OVER (PARTITION BY {key} ORDER BY {SEQ}) AS n FROM {self._table} "
            f'WHERE "{index.columns.values()[-1].name}" IS NOT NULL) WHERE n > 1)',
            "DROP INDEX twins",
        ):
            self.connection.exec_driver_sql(line)

    def _copy(self, rows: pl.DataFrame) -> None:
        """PostgreSQL: as CSV into a table of this transaction, and from there what is new."""
        do = partial(run, self.connection)
        do(f"CREATE TEMPORARY TABLE came (LIKE {self._table}) ON COMMIT DROP")
        hashes = pl.format("\\x{}", pl.col(pl.Binary).bin.encode("hex")).name.keep()
        said = rows.with_columns(hashes).write_csv(include_header=False, quote_style="non_numeric")
        names = _names(rows)
        driver: Any = self.connection.connection.driver_connection
        with driver.cursor().copy(f"COPY came ({names}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(said)
        do(f"INSERT INTO {self._table} ({names}) SELECT {names} FROM came ORDER BY {SEQ} {_ONCE}")
        do("DROP TABLE came")

    def _note_differing(self, frame: pl.DataFrame, last: int) -> None:
        """Events that say something else under an id that is taken: the first one stays."""
        reader = Reader(self.connection, self.kind, self.types)
        said: list[str] = []
        for start in range(0, frame.height, CHUNK):
            chunk = frame.slice(start, CHUNK).filter(pl.col(c.EVENT_ID).is_not_null())
            came = chunk.select(c.EVENT_ID, forms(chunk))
            kept = reader.named(named(chunk[c.EVENT_ID]).to_list())
            stands = kept.select(c.EVENT_ID, forms(kept))
            other = came.join(stands, on=came.columns, how="anti", maintain_order="left")
            said += other[c.EVENT_ID].to_list()
        total = frame.height - frame[c.EVENT_ID].null_count()
        self.notes.add("add", DIFFERING, len(said), total=total, examples=said)


def _names(columns: Iterable[pl.Series]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


def ahead(make: Callable[[int], pl.DataFrame], each: Iterable[int]) -> Iterator[pl.DataFrame]:
    """What is made of each, the next one while the last one is being written."""
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[pl.DataFrame]] = []
        for one in each:
            waiting.append(pool.submit(make, one))
            if len(waiting) > 1:
                yield waiting.pop(0).result()
        yield from (one.result() for one in waiting)
