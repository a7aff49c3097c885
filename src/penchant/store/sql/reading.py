"""Rows out of the database, in Penchant's columns and types; in pieces, so memory stays flat."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from penchant.store.dtypes import UTC, Types
from penchant.store.sql.ids import Met, Names, among, parts, rows_of
from penchant.store.sql.layout import KEYED, MORE, PLACES, Place
from penchant.store.sql.more import unpacked
from penchant.store.sql.schema import TABLES
from penchant.store.tables import Kind

SEQ: Final = "seq"
NUMBER: Final = "\0seq"
"""What a row's number is called in a table, beside columns that may have any name that is text."""
PIECE: Final = 100_000
"""Rows that are Python objects at one time."""


class Reader:
    """Reads one kind during one transaction; `types`: its columns. Numbers come first. `items`: see
    `Names`."""

    def __init__(
        self, connection: Connection, kind: Kind, types: Types, items: Met | None = None
    ) -> None:
        self._connection = connection
        self._names = Names(connection, items)
        self._places, self._types = PLACES[kind], types
        columns = ", ".join(f'"{n}"' for n in (SEQ, *(p.sql for p in self._places), MORE))
        self._asked = f"SELECT {columns} FROM {TABLES[kind].name}"

    def span(self, after: int = 0, last: int | None = None) -> pl.DataFrame:
        """Rows by their running numbers, in the order they came."""
        return self._together(list(self._pieces(after, last)))

    def some(self, column: str, numbers: Sequence[int]) -> pl.DataFrame:
        """Rows with one of the numbers in a column, in the order they came."""
        found: list[tuple[Any, ...]] = []
        for some in parts(numbers):
            found += rows_of(self._connection, f"{self._asked} WHERE {among(column, some)}")
        return self._decoded(sorted(found, key=itemgetter(0)))

    def same(self, digests: Sequence[bytes]) -> pl.DataFrame:
        """Rows of a log with one of the digests."""
        sqlite = self._connection.dialect.name == "sqlite"
        written = "X'{}'" if sqlite else "'\\x{}'::bytea"
        found: list[tuple[Any, ...]] = []
        for some in parts(digests):
            those = ", ".join(written.format(digest.hex()) for digest in some)
            found += rows_of(self._connection, f"{self._asked} WHERE same IN ({those})")
        return self._decoded(found)

    def _pieces(self, after: int, last: int | None) -> Iterator[pl.DataFrame]:
        until = "" if last is None else f" AND seq <= {last:d}"
        while True:
            behind = f" WHERE seq > {after:d}{until} ORDER BY seq LIMIT {PIECE}"
            rows = rows_of(self._connection, self._asked + behind)
            if rows:
                yield self._decoded(rows)
            if len(rows) < PIECE:
                return
            after = rows[-1][0]

    def _decoded(self, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        """Rows as the driver has them in Penchant's columns."""
        columns = list(zip(*rows, strict=True)) or [()] * (len(self._places) + 2)
        more = pl.Series(MORE, columns[-1], dtype=pl.String)
        held = {
            place.name: self._held(place, columns[n])
            for n, place in enumerate(self._places, start=1)
            if place.name in self._types
        }
        made = {name: held[name].cast(self._types[name]) for name in held}
        if more.null_count() < more.len():
            made = _filled(made, unpacked(more, self._types))
        nothing = {n: pl.Series([None] * len(rows), dtype=d) for n, d in self._types.items()}
        return pl.DataFrame({NUMBER: pl.Series(columns[0], dtype=pl.Int64), **(nothing | made)})

    def _held(self, place: Place, column: Sequence[Any]) -> pl.Series:
        if place.holds in KEYED:
            return pl.Series(self._names.of(KEYED[place.holds], column), dtype=pl.String)
        if place.holds == "time":
            return pl.Series(column, dtype=pl.Int64).cast(UTC)
        return pl.Series(column, dtype=place.dtype)

    def _together(self, found: list[pl.DataFrame]) -> pl.DataFrame:
        return (
            pl.concat(found) if found else pl.DataFrame(schema={NUMBER: pl.Int64(), **self._types})
        )


def _filled(held: dict[str, pl.Series], other: pl.DataFrame) -> dict[str, pl.Series]:
    """What has a column of SQL, and where that is empty, what stands in `more`."""
    made = dict(held)
    for column in other:
        mine = held.get(column.name)
        if mine is None or mine.null_count() == mine.len():
            made[column.name] = column
        elif column.null_count() < column.len():
            made[column.name] = mine.zip_with(mine.is_not_null(), column)
    return made
