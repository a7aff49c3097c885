"""Ids and names, each written once and named by a number."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Table

SOME: Final = 5_000
"""Values in one question."""
_FASTER = 5  # times: a name that is read with all others, and not asked for (of a million, SQLite)

_THOSE: Final = {
    "sqlite": "SELECT value FROM json_each(?)",
    "postgresql": "SELECT unnest(%s::text[])",
}
"""The names that are asked about, as rows, in each database's own way."""


class Codes:
    """The number of each name, during one transaction; `make`: new names get one."""

    def __init__(self, connection: Connection, make: bool = False) -> None:
        self._connection = connection
        self._make = make
        self._met: dict[str, dict[str | None, int]] = {}

    def of(self, table: Table, names: Sequence[str | None]) -> list[int | None]:
        """The numbers, None where there is no name, or none yet."""
        met = self._met.setdefault(table.name, {})
        new = [name for name in dict.fromkeys(names) if name not in met and name is not None]
        met.update(self._known(table, new))
        if self._make:
            met.update(self._made(table, [name for name in new if name not in met]))
        return list(map(met.get, names))

    def _known(self, table: Table, names: list[str]) -> Iterator[tuple[str, int]]:
        name = table.c[1].name
        asked = f'SELECT {name}, "row" FROM {table.name} WHERE {name} IN ({self._those})'
        return self._each(asked, names)

    def _made(self, table: Table, names: list[str]) -> Iterator[tuple[str, int]]:
        name = table.c[1].name
        asked = f'INSERT INTO {table.name} ({name}) {self._those} RETURNING {name}, "row"'
        return self._each(asked, names)

    @property
    def _those(self) -> str:
        return _THOSE[self._connection.dialect.name]

    def _each(self, statement: str, names: list[str]) -> Iterator[Any]:
        sqlite = self._connection.dialect.name == "sqlite"
        for some in parts(names):
            those = json.dumps(some, ensure_ascii=False) if sqlite else some
            yield from rows_of(self._connection, statement, (those,))


Met = dict[int | None, str]
"""Names by number."""


class Names:
    """The name of each number, during one transaction; `known`: by table, those that were met
    before, and are added to. A transaction that writes must not tell of what it met: what it undoes
    was never there."""

    def __init__(self, connection: Connection, known: Mapping[str, Met] | None = None) -> None:
        self._connection = connection
        self._met: dict[str, Met] = dict(known or {})

    def of(self, table: Table, codes: Sequence[int | None]) -> pl.Series:
        """The names, null where there is no number."""
        met = self._met.setdefault(table.name, {})
        if len(codes) > SOME:
            numbers = pl.Series(codes, dtype=pl.Int64)
            some = numbers.drop_nulls().unique()
            names = pl.Series(self._each(table, met, some.to_list()), dtype=pl.String)
            return numbers.replace_strict(some, names, default=None, return_dtype=pl.String)
        return pl.Series(self._each(table, met, codes), dtype=pl.String)

    def _each(self, table: Table, met: Met, codes: Sequence[int | None]) -> list[str | None]:
        names = list(map(met.get, codes))
        if None not in names:
            return names
        new = [code for code in set(codes) if code is not None and code not in met]
        met.update(self._found(table, new))
        return list(map(met.get, codes))

    def _found(self, table: Table, codes: list[int]) -> Iterator[tuple[int, str]]:
        asked = f'SELECT "row", {table.c[1].name} FROM {table.name}'
        if len(codes) > SOME and _FASTER * len(codes) > self._size(table):
            yield from rows_of(self._connection, asked)
            return
        for some in parts(codes):
            yield from rows_of(self._connection, f"{asked} WHERE {among('row', some)}")

    def _size(self, table: Table) -> int:
        """About how many names there are."""
        found = rows_of(self._connection, f'SELECT max("row") FROM {table.name}')
        return int(found[0][0] or 0)


def rows_of(connection: Connection, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    """All rows of an answer, by the driver itself: ten times as fast for a few of them."""
    rows: list[tuple[Any, ...]] = run(connection, statement, values).fetchall()
    return rows


def run(connection: Connection, statement: str, values: Any = None) -> Any:
    """Have the driver itself do something inside a transaction; its cursor."""
    driver: Any = connection.connection.driver_connection
    return driver.execute(statement, values or ())


def among(column: str, numbers: Iterable[int]) -> str:
    """That a column has one of some numbers, written out: binding thousands takes longer."""
    return f'"{column}" IN ({", ".join(map(str, numbers))})'


def parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Values in pieces that one question can name."""
    return (values[start : start + SOME] for start in range(0, len(values), SOME))
