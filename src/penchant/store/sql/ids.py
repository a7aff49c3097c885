"""Ids and names, each written once and named by a number."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Table, insert, select

SOME: Final = 1_000
"""Values in one question."""


class Codes:
    """Numbers for names, during one transaction; `make`: new names get one."""

    def __init__(self, connection: Connection, make: bool = False) -> None:
        self._connection = connection
        self._make = make
        self._met: dict[str, pl.DataFrame] = {}

    def of(self, table: Table, names: pl.Series) -> pl.Series:
        """The number of each name; null where there is none."""
        met = self._met.get(table.name, _pairs([]))
        asked = names.to_frame("name")
        new = asked.drop_nulls().unique(maintain_order=True).join(met, on="name", how="anti")
        if new.height:
            met = self._met[table.name] = pl.concat([met, self._found(table, new["name"])])
        return asked.join(met, on="name", how="left", maintain_order="left")["code"]

    def _found(self, table: Table, names: pl.Series) -> pl.DataFrame:
        known = self._known(table, names)
        if not self._make or known.height == names.len():
            return known
        new = names.to_frame("name").join(known, on="name", how="anti", maintain_order="left")
        rows = [{table.c[1].name: name} for name in new["name"]]
        self._connection.execute(insert(table), rows)
        return pl.concat([known, self._known(table, new["name"])])

    def _known(self, table: Table, names: pl.Series) -> pl.DataFrame:
        name, row = table.c[1], table.c.row
        return _asked(self._connection, name, row, name, names)


def spelled(connection: Connection, table: Table, codes: pl.Series) -> pl.Series:
    """The name of each number."""
    wanted, (name, row) = codes.drop_nulls().unique(), (table.c[1], table.c.row)
    if wanted.len() > 20 * SOME:  # all of them are faster than so many questions
        found = _pairs(raw(connection, select(name, row)))
    else:
        found = _asked(connection, name, row, row, wanted)
    return codes.to_frame("code").join(found, on="code", how="left", maintain_order="left")["name"]


def raw(connection: Connection, statement: Any) -> list[tuple[Any, ...]]:
    """All rows of an answer as the driver has them, which is fastest."""
    result = connection.execute(statement)
    cursor: Any = result.cursor
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    result.close()
    return rows


def parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Values in pieces that one question can name."""
    return (values[start : start + SOME] for start in range(0, len(values), SOME))


def _asked(
    connection: Connection, name: Any, row: Any, column: Any, values: pl.Series
) -> pl.DataFrame:
    found: list[tuple[Any, ...]] = []
    for some in parts(values.to_list()):
        found += raw(connection, select(name, row).where(column.in_(some)))
    return _pairs(found)


def _pairs(found: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(found, schema={"name": pl.String, "code": pl.Int64}, orient="row")
