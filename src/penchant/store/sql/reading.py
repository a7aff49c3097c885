"""Rows out of the database, in Penchant's columns and types; in pieces, so memory stays flat."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Connection, select

from penchant.store.dtypes import UTC, Types
from penchant.store.sql.ids import parts, raw, spelled
from penchant.store.sql.layout import KEYED, MORE, PLACES, Place
from penchant.store.sql.more import unpacked
from penchant.store.sql.schema import TABLES
from penchant.store.tables import Kind

SEQ: Final = "seq"
PIECE: Final = 100_000
"""Rows that are Python objects at one time."""


def everything(connection: Connection, kind: Kind, types: Types) -> pl.DataFrame:
    """All rows of a kind, in the order they came."""
    return together(list(pieces(connection, kind, types)), types).drop(SEQ)


def pieces(
    connection: Connection, kind: Kind, types: Types, after: int = 0, last: int | None = None
) -> Iterator[pl.DataFrame]:
    """Rows by their running numbers, with these as the first column, a piece at a time."""
    seq = TABLES[kind].c.seq
    while True:
        asked = [seq > after] if last is None else [seq > after, seq <= last]
        statement = _columns(kind).where(*asked).order_by(seq).limit(PIECE)
        rows = raw(connection, statement)
        if not rows:
            return
        yield decoded(connection, kind, types, rows)
        if len(rows) < PIECE:
            return
        after = rows[-1][0]


def some(
    connection: Connection, kind: Kind, types: Types, column: ColumnElement[Any], values: list[Any]
) -> pl.DataFrame:
    """Rows with one of the values in a column, in the order they came, numbers first."""
    found = [
        decoded(connection, kind, types, raw(connection, _columns(kind).where(column.in_(asked))))
        for asked in parts(values)
    ]
    return together(found, types).sort(SEQ)


def decoded(
    connection: Connection, kind: Kind, types: Types, rows: Sequence[tuple[Any, ...]]
) -> pl.DataFrame:
    """Rows as the driver has them in Penchant's columns, behind their running numbers."""
    shape = {SEQ: pl.Int64(), **{p.sql: _stored(p) for p in PLACES[kind]}, MORE: pl.String()}
    frame = pl.DataFrame(rows, schema=shape, orient="row")
    other = unpacked(frame[MORE], types)
    held = {
        place.name: _held(connection, place, frame[place.sql], types[place.name])
        for place in PLACES[kind]
        if place.name in types
    }
    made = [_whole(held.get(name), other[name]).alias(name) for name in types]
    return pl.DataFrame([frame[SEQ], *made])


def _columns(kind: Kind) -> Any:
    table = TABLES[kind]
    names = [SEQ, *(p.sql for p in PLACES[kind]), MORE]
    return select(*(table.c[name] for name in names))


def _stored(place: Place) -> pl.DataType:
    return pl.Int64() if place.holds in KEYED or place.holds == "time" else place.dtype


def _held(connection: Connection, place: Place, column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if place.holds in KEYED:
        column = spelled(connection, KEYED[place.holds], column)
    elif place.holds == "time":
        column = column.cast(UTC)
    return column.cast(dtype)


def _whole(held: pl.Series | None, other: pl.Series) -> pl.Series:
    """What has a column of SQL, and where that is empty, what stands in `more`."""
    if held is None or other.null_count() == other.len():
        return other if held is None else held
    return held.zip_with(held.is_not_null(), other)


def together(found: list[pl.DataFrame], types: Types) -> pl.DataFrame:
    """Pieces as one frame, numbers first; no pieces are no rows."""
    return pl.concat(found) if found else pl.DataFrame(schema={SEQ: pl.Int64(), **types})
