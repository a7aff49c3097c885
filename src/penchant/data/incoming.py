"""Rows as they come from JSON → a table, and for each row that cannot be used, why.

`schema` takes whole tables and sets rows aside by the count; here somebody waits for an answer to
each row. Columns have Penchant's names, values are read as `schema` reads them, and a row is read
the same way whatever rows come beside it. Only columns that Penchant does not know take the type
that their values have in common.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

import polars as pl

from penchant import clock
from penchant.data import columns as c
from penchant.data import schema
from penchant.data.jsonlines import as_column
from penchant.data.schema import Shape, ordered
from penchant.data.statements import CLEAR, DIRECTIONS
from penchant.data.values import (
    WANTED,
    Column,
    read_column,
    shown,
    tame,
    too_long,
    wrong_list,
    wrong_scalar,
)
from penchant.errors import SchemaError, did_you_mean
from penchant.types import Report

MOST_COLUMNS: Final = 64
"""Columns of one row."""
MOST_TOGETHER: Final = 512
"""Different columns of all rows that come at once."""
LONGEST_COLUMN: Final = 128
"""Characters of a column's name."""
FIRST: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""An earlier time is a number that was no time."""
AHEAD: Final = timedelta(days=1)
"""So far may the sender's clock be ahead of ours."""
ANYTHING: Final = "text, a number, true, false, null, or a list of these"

Rows: TypeAlias = Literal["events", "items", "users", "relations", "exposures", "feedback"]
SHAPES: Final[dict[str, Shape]] = {
    shape.name: shape
    for shape in (
        schema.EVENTS, schema.ITEMS, schema.USERS, schema.RELATIONS, schema.EXPOSURES,
        schema.FEEDBACK,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be used: which of those that came, its field (empty: the row), and why."""

    index: int
    field: str
    reason: str

    def __str__(self) -> str:
        """One line for people."""
        return f"row {self.index}: {self.field}{': ' * bool(self.field)}{self.reason}"


@dataclass(frozen=True)
class Incoming:
    """Rows that can be used, in the order they came, and those that cannot, in that order too."""

    frame: pl.DataFrame
    rejected: tuple[Rejected, ...] = ()
    report: Report = field(default_factory=Report)


def read_rows(
    kind: str, rows: Sequence[Mapping[str, Any]], *, now: datetime | None = None
) -> Incoming:
    """Rows of a kind (events, items, users, relations, exposures, feedback) as a table.

    Rows that must have a time and say none happened `now`, if that is given. Of several items or
    users with one id all are kept, as if each had come by itself.

    Raises:
        SchemaError: there is no such kind.

    >>> came = read_rows("events", [{"user_id": 7, "item_id": "tea"}, {"user_id": "bob"}],
    ...                  now=datetime(2024, 5, 1, tzinfo=UTC))
    >>> came.frame["user_id"].to_list(), str(came.rejected[0])
    (['7'], 'row 1: item_id: missing; expected an id: text or a whole number')
    """
    if kind not in SHAPES:
        hint = did_you_mean(kind, SHAPES)
        raise SchemaError(f"kind: {kind!r} came; expected one of {', '.join(SHAPES)}.{hint}")
    return _Reading(SHAPES[kind], rows, now).done()


class _Reading:
    """One call: `bad` grows as rows are looked at, a row's first fault stays."""

    def __init__(
        self, shape: Shape, rows: Sequence[Mapping[str, Any]], now: datetime | None
    ) -> None:
        self.shape, self.now = shape, now
        self.bad: dict[int, Rejected] = {}
        self.rows = self._sound(rows)
        self.names = list(dict.fromkeys(chain.from_iterable(self.rows)))
        self.values = {name: [row.get(name) for row in self.rows] for name in self.names}

    def reject(self, index: int, name: str, reason: str) -> None:
        """Note why a row cannot be used, unless that is known already."""
        self.bad.setdefault(index, Rejected(index, name, reason))

    def _sound(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows, with an empty one for each that is none or has columns that cannot be."""
        found: list[Mapping[str, Any]] = []
        together: dict[str, str] = {}
        passed: set[tuple[str, ...]] = set()  # most rows have the columns of the one before
        for index, row in enumerate(rows):
            if type(row) is dict and tuple(row) in passed:
                found.append(row)
            elif why := _unsound(row, together):
                self.reject(index, "", why)
                found.append({})
            else:
                passed.add(tuple(row))
                found.append(row)
        return found

    def done(self) -> Incoming:
        """The table and the rejected."""
        known = {name: self._known(name) for name in self.shape.kinds if name in self.values}
        for name in self.shape.required:
            if name not in known:
                known[name] = self._absent(name)
        others = [name for name in self.names if name not in self.shape.kinds]
        for name in others:
            self._look_at(name)
        if self.shape is schema.FEEDBACK:
            self._one_thing(known)
        return self._told(known, others)

    def _known(self, name: str) -> Column:
        """A column that Penchant knows; rows that it makes unusable are noted."""
        column = read_column(name, self.shape.kinds[name], self.values[name])
        for index, why in column.bad.items():
            self.reject(index, name, why)
        if name == c.TIME:
            column = self._timely(column)
        if name in self.shape.required and column.series.null_count():
            self._need(name, column.series.is_null().arg_true())
        return column

    def _absent(self, name: str) -> Column:
        """A column that must be and that no row has."""
        none: list[Any] = [None] * len(self.rows)
        column = read_column(name, self.shape.kinds[name], none)
        if name == c.TIME:
            column = self._timely(column)
        self._need(name, column.series.is_null().arg_true())
        return column

    def _need(self, name: str, missing: Iterable[int]) -> None:
        for index in missing:
            self.reject(index, name, f"missing; expected {WANTED[self.shape.kinds[name]]}")

    def _timely(self, column: Column) -> Column:
        """Times from 1971 until tomorrow; those that were not said are now."""
        series = column.series
        if self.now is not None and c.TIME in self.shape.required and series.null_count():
            series = series.fill_null(self.now)
        last = (self.now or clock.now()) + AHEAD
        if series.len() and not series.is_between(FIRST, last).all():
            for index in (~series.is_between(FIRST, last)).arg_true():
                said = shown(self.values[c.TIME][index])
                self.reject(index, c.TIME, f"{said} came; expected a time from 1971 until now")
        return Column(series, column.bad, column.zoneless)

    def _look_at(self, name: str) -> None:
        """A column that Penchant does not know: single values and plain lists of them."""
        values = self.values[name]
        if not {type(value) for value in values} <= {str, bool, type(None)}:
            values = self.values[name] = [tame(value) for value in values]
        for index, value in enumerate(values):
            if value is None or (type(value) is str and len(value) < 64 and value.isascii()):
                continue
            why = wrong_list(value) if type(value) is list else wrong_scalar(value, ANYTHING)
            if why := why or too_long(value):
                self.reject(index, name, why)

    def _one_thing(self, known: Mapping[str, Column]) -> None:
        """Feedback has a direction, and names one interest or item, or takes all back."""
        none: list[Any] = [None] * len(self.rows)
        events, interests, items = (
            known[name].series.to_list() if name in known else none
            for name in (c.EVENT, c.INTEREST, c.ITEM)
        )
        for index, (event, interest, item) in enumerate(zip(events, interests, items, strict=True)):
            word = (event or "").lower()
            if word not in DIRECTIONS:
                wanted = ", ".join(DIRECTIONS)
                self.reject(index, c.EVENT, f"{shown(event)} came; expected one of {wanted}")
            elif interest is not None and item is not None:
                self.reject(index, c.INTEREST, "came beside an item_id; expected one of them")
            elif interest is None and item is None and word != CLEAR:
                self.reject(index, c.INTEREST, "missing; expected an interest or an item_id")

    def _told(self, known: Mapping[str, Column], others: Sequence[str]) -> Incoming:
        """The rows that were not rejected as a table of their kind."""
        report = Report()
        kept = [index for index in range(len(self.rows)) if index not in self.bad]
        present = set(self.names)
        series = {name: column.series for name, column in known.items()}
        if self.bad:
            present = set(chain.from_iterable(self.rows[index] for index in kept))
            series = {name: one.gather(kept) for name, one in series.items()}
        self._note_zones(known, report)
        table = pl.DataFrame(
            [one for name, one in series.items() if name in present or name in self.shape.required]
        )
        extras = [
            as_column(name, [self.values[name][index] for index in kept], report)
            for name in others
            if name in present
        ]
        table = _finished(self.shape, table.with_columns(extras), report)
        rejected = tuple(self.bad[index] for index in sorted(self.bad))
        return Incoming(table, rejected, report)

    def _note_zones(self, known: Mapping[str, Column], report: Report) -> None:
        for name, column in known.items():
            count = len(column.zoneless - self.bad.keys())
            report.add(self.shape.name, f"{name} without a time zone, taken as UTC", count)


def _unsound(row: Any, together: dict[str, str]) -> str:
    """Why a row is no row, or has columns that cannot be; empty where all is well.

    `together` has what is wrong with each name met so far, and grows up to its limit.
    """
    if not isinstance(row, Mapping):
        return f"{shown(row)} came; expected an object"
    if len(row) > MOST_COLUMNS:
        return f"{len(row):,} columns came; expected at most {MOST_COLUMNS}"
    fresh = [name for name in row if name not in together]
    if len(together) + len(fresh) > MOST_TOGETHER:
        return f"more than {MOST_TOGETHER} different columns came at once"
    for name in fresh:
        together[name] = _wrong_name(name)
    return next((together[name] for name in row if together[name]), "")


def _wrong_name(name: Any) -> str:
    if type(name) is not str or not name or len(name) > LONGEST_COLUMN or "\0" in name:
        wanted = f"text of 1 to {LONGEST_COLUMN} characters, none of them NUL"
        return f"a column named {shown(name)} came; expected {wanted}"
    return too_long(name)


def _finished(shape: Shape, table: pl.DataFrame, report: Report) -> pl.DataFrame:
    """What `schema` does to a table of this kind once its rows are whole."""
    if shape is schema.EVENTS and not _small(table):
        table = schema.with_types(table, report)
    elif shape is schema.RELATIONS:
        table = schema.with_relations(table, report)
    elif shape is schema.FEEDBACK:
        table = schema.with_targets(table)
    return ordered(table, shape)


def _small(events: pl.DataFrame) -> bool:
    """Whether all types of events are there and in small letters: told faster than made so."""
    if c.EVENT not in events.columns:
        return False
    kinds = set(events[c.EVENT].to_list())
    return all(kind is not None and kind.isascii() and kind == kind.lower() for kind in kinds)
