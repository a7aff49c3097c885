"""Rows out of the database, in Penchant's columns and types; in pieces, so memory stays flat."""

from collections.abc import Iterator, Mapping, Sequence
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
_FIRST: Final = itemgetter(0)
_MARK: Final = {"sqlite": "?", "postgresql": "%s"}
"""What stands for a value in a statement."""


class Reader:
    """Reads one kind during one transaction; `types`: its columns, the running number first if it
    is among them. `known`: see `Names`."""

    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        types: Types,
        known: Mapping[str, Met] | None = None,
    ) -> None:
        self._connection, self._types = connection, types
        self._names = Names(connection, known)
        self._places = [place for place in PLACES[kind] if place.name in types]
        columns = ", ".join(f'"{n}"' for n in (SEQ, *(p.sql for p in self._places), MORE))
        self._asked = f"SELECT {columns} FROM {TABLES[kind].name}"

    def span(self, after: int = 0, last: int | None = None) -> pl.DataFrame:
        """Rows by their running numbers, in the order they came."""
        return self._together(list(self._pieces(after, last)))

    def some(self, column: str, numbers: Sequence[int], last: int | None = None) -> pl.DataFrame:
        """Rows with one of the numbers in a column, in the order they came, up to the running
        number `last` (None: all)."""
        until = "" if last is None else f" AND seq <= {last:d}"
        if len(numbers) == 1:  # in words that stay the same, which the driver has ready
            mark = _MARK[self._connection.dialect.name]
            asked = f'{self._asked} WHERE "{column}" = {mark}{until}'
            return self._decoded(sorted(rows_of(self._connection, asked, numbers), key=_FIRST))
        found: list[tuple[Any, ...]] = []
        for some in parts(numbers):
            found += rows_of(self._connection, f"{self._asked} WHERE {among(column, some)}{until}")
        return self._decoded(sorted(found, key=_FIRST))

    def named(self, hashes: Sequence[bytes]) -> pl.DataFrame:
        """Rows of a log by the hashes of their event_ids."""
        sqlite = self._connection.dialect.name == "sqlite"
        written = "X'{}'" if sqlite else "'\\x{}'::bytea"
        found: list[tuple[Any, ...]] = []
        for some in parts(hashes):
            those = ", ".join(written.format(one.hex()) for one in some)
            found += rows_of(self._connection, f"{self._asked} WHERE named IN ({those})")
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
        width = len(self._places) + 2  # zip(*rows) would make an iterator for every row
        columns = [list(map(itemgetter(n), rows)) for n in range(width)]
        made = {NUMBER: pl.Series(NUMBER, columns[0], pl.Int64)} if NUMBER in self._types else {}
        for place, column in zip(self._places, columns[1:], strict=False):
            made[place.name] = cast(self._held(place, column), self._types[place.name])
        if columns[-1].count(None) < len(rows):
            made = _filled(made, unpacked(pl.Series(MORE, columns[-1], pl.String), self._types))
        return pl.DataFrame(
            [
                made[name] if name in made else pl.Series(name, [None] * len(rows), dtype)
                for name, dtype in self._types.items()
            ]
        )

    def _held(self, place: Place, column: Sequence[Any]) -> pl.Series:
        if place.holds in KEYED:
            return cast(self._names.of(KEYED[place.holds], column), place.dtype).alias(place.name)
        if place.holds == "time":
            return pl.Series(place.name, column, pl.Int64).cast(UTC)
        return pl.Series(place.name, column, place.dtype)

    def _together(self, found: list[pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(found) if found else pl.DataFrame(schema=self._types)


def numbered(types: Types) -> Types:
    """The columns of a kind behind the running number."""
    return {NUMBER: pl.Int64(), **types}


def cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The column in another type, if it is another."""
    return column if column.dtype == dtype else column.cast(dtype)


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
