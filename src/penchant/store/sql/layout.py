"""Which columns of a kind have a column of SQL, and what that holds; all others stand in `more`.

A cell that its SQL column cannot hold (a text where numbers are, NaN, a NUL character) stands in
`more` too, so that nothing is lost.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import polars as pl
from sqlalchemy import Table

from penchant.data import columns as c
from penchant.errors import StoreError
from penchant.store.dtypes import UTC
from penchant.store.sql import schema
from penchant.store.sql.ids import Codes
from penchant.store.sql.more import packed
from penchant.store.sql.same import FEW
from penchant.store.tables import Kind

Holds: TypeAlias = Literal["user", "item", "event", "text", "time", "int", "float"]

KEYED: Final = {"user": schema.USER_KEY, "item": schema.ITEM_KEY, "event": schema.EVENT_NAME}
"""What is written once, and named by number."""

MORE: Final = "more"
_EXACT: Final = 2**53  # whole numbers that a float holds


@dataclass(frozen=True)
class Place:
    """A column of Penchant's, and the column of SQL that holds it."""

    name: str
    sql: str
    holds: Holds

    @property
    def dtype(self) -> pl.DataType:
        """The type in Polars of what is held."""
        return _HELD[self.holds]


_HELD: Final[dict[Holds, pl.DataType]] = {
    "user": pl.String(), "item": pl.String(), "event": pl.String(), "text": pl.String(),
    "time": UTC, "int": pl.Int64(), "float": pl.Float64(),
}  # fmt: skip

_USER: Final = Place(c.USER, "user", "user")
_ITEM: Final = Place(c.ITEM, "item", "item")
_TIME: Final = Place(c.TIME, "time", "time")
_TYPE: Final = Place(c.EVENT, "type", "event")
_SESSION: Final = Place(c.SESSION, "session", "text")
_EVENT_ID: Final = Place(c.EVENT_ID, "event_id", "text")

PLACES: Final[dict[Kind, tuple[Place, ...]]] = {
    "events": (
        _USER, _ITEM, _TIME, _TYPE, Place(c.VALUE, "value", "float"), _SESSION, _EVENT_ID,
    ),
    "exposures": (
        _USER, _ITEM, _TIME, Place(c.POSITION, "position", "int"), _SESSION, _EVENT_ID,
    ),
    "feedback": (_USER, _TIME, _TYPE, Place(c.INTEREST, "interest", "text"), _ITEM, _EVENT_ID),
    "items": (_ITEM,),
    "users": (_USER,),
    "relations": (
        Place(c.SOURCE, "source", "user"), Place(c.TARGET, "target", "user"),
        Place(c.RELATION, "relation", "text"), _TIME,
    ),
}  # fmt: skip


def coded(kind: Kind, frame: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """The ids and names of rows as numbers, in the columns of SQL; of all rows at once, as each
    name is looked up once for them.

    Raises:
        StoreError: an id holds a NUL character.
    """
    held: list[pl.Series] = []
    for place in PLACES[kind]:
        if place.holds in KEYED and place.name in frame.columns:
            names, _ = _fitting(kind, place, frame[place.name])
            if names is not None:
                held.append(_numbered(names.alias(place.sql), KEYED[place.holds], codes))
    return pl.DataFrame(held)


def laid_out(kind: Kind, frame: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Rows in plain types, with the columns of SQL that hold something, and `more` last; `ids` are
    theirs, as numbers (see `coded`).

    Raises:
        StoreError: a value cannot be kept.
    """
    held = list(ids)
    rest = {name: frame[name] for name in frame.columns}
    for place in PLACES[kind]:
        column = rest.pop(place.name, None)
        if place.sql in ids.columns:
            continue
        fits, other = _fitting(kind, place, column)
        if fits is not None:
            held.append(fits.alias(place.sql))
        if other is not None:
            rest[place.name] = other
    return pl.DataFrame([*held, packed(kind, rest, frame.height).alias(MORE)])


def _numbered(names: pl.Series, table: Table, codes: Codes) -> pl.Series:
    """Each name looked up once, as most come many times."""
    if names.len() <= FEW:
        return pl.Series(names.name, codes.of(table, names.to_list()), dtype=pl.Int64)
    each = names.drop_nulls().unique(maintain_order=True)
    found = pl.Series(codes.of(table, each.to_list()), dtype=pl.Int64)
    return names.replace_strict(each, found, default=None, return_dtype=pl.Int64)


def _fitting(
    kind: Kind, place: Place, column: pl.Series | None
) -> tuple[pl.Series | None, pl.Series | None]:
    """What of a column its SQL column can hold, and what it cannot."""
    if column is None or column.dtype == pl.Null:
        return None, column
    if column.dtype == pl.String and place.dtype == pl.String:
        return _texts(kind, place, column)
    if place.holds == "float":
        return _numbers(column)
    if column.dtype != place.dtype:
        return None, column
    return (column.cast(pl.Int64) if place.holds == "time" else column), None


def _texts(kind: Kind, place: Place, column: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    if not _any_nul(column):
        return column, None
    odd = column.str.contains("\0", literal=True).fill_null(False)
    if place.holds in KEYED:
        raise StoreError(
            f"{kind}.{place.name}: {odd.sum()} of {column.len():,} values hold a NUL character, "
            "which is no part of an id; take it out"
        )
    return _divided(column, ~odd)


def _any_nul(column: pl.Series) -> bool:
    if column.len() <= FEW:
        return any("\0" in text for text in column.to_list() if text)
    return bool(column.str.contains("\0", literal=True).any())


def _numbers(column: pl.Series) -> tuple[pl.Series | None, pl.Series | None]:
    if column.dtype == pl.Int64:
        exact = column.is_between(-_EXACT, _EXACT).fill_null(True).all()
        return (column.cast(pl.Float64), None) if exact else (None, column)
    if column.dtype != pl.Float64:
        return None, column
    if math.isfinite(column.sum()):  # one that is not makes the sum so
        return column, None
    return _divided(column, column.is_finite().fill_null(True))


def _divided(column: pl.Series, first: pl.Series) -> tuple[pl.Series, pl.Series]:
    nothing = pl.Series(column.name, [None] * column.len(), dtype=column.dtype)
    return column.zip_with(first, nothing), nothing.zip_with(first, column)
