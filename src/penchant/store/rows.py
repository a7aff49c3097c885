"""Rows before they are kept: brought into plain form, and told apart from those already there.

Used by every store that keeps Polars frames, so that all of them count alike.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from penchant.data import columns as c
from penchant.errors import SchemaError, StoreError
from penchant.store.dtypes import UTC, Types, plain, union
from penchant.store.tables import DIFFERING, KEYS, NEEDED, TEXT, Kind, Receipt
from penchant.types import Report

ROW: Final = "\0row"
SAME: Final = "\0same"
"""Columns while rows are looked at: no column that comes is called so."""

Stored = Callable[[pl.DataFrame, Types], pl.LazyFrame]
"""Given rows that come and the columns that will be: stored rows that might be the same."""


@dataclass(frozen=True)
class Intake:
    """What an append will do: rows to write, the columns from now on, and the counts."""

    rows: pl.DataFrame
    types: Types
    new: int
    known: int
    replaced: int = 0
    notes: Report = field(default_factory=Report)

    def receipt(self, kind: Kind) -> Receipt:
        """The counts, once the rows are written."""
        return Receipt(kind, self.new, self.known, self.replaced, self.notes)


@dataclass(frozen=True)
class Arrival:
    """Rows in plain types as they came, and the columns that the kind has from now on."""

    kind: Kind
    rows: pl.DataFrame
    types: Types
    notes: Report

    def batch(self) -> pl.DataFrame:
        """The rows with exactly the columns that the kind has from now on."""
        return conform(self.rows.lazy(), dict(self.rows.schema), self.types).collect()


def arrive(kind: Kind, frame: pl.DataFrame, types: Types) -> Arrival:
    """Look at what comes beside the columns that are stored.

    Raises:
        SchemaError: a column that the kind needs is missing or has empty cells, or one does not go
            with the stored one.
    """
    _check(kind, frame)
    notes = Report()
    came = canonical(kind, frame, notes)
    wide = union(types, dict(came.schema), kind)
    _note_widened(kind, types, wide, notes)
    return Arrival(kind, came, wide, notes)


def take_in(kind: Kind, frame: pl.DataFrame, types: Types, stored: Stored) -> Intake:
    """Tell which rows of a frame are new, given what is stored.

    Raises:
        SchemaError: a column that the kind needs is missing or has empty cells, or one does not go
            with the stored one.
    """
    came = arrive(kind, frame, types)
    if kind in KEYS:
        return upsert(came, stored)
    return unseen(kind, came.batch(), came.types, stored, came.notes)


def empty(kind: Kind, types: Types) -> pl.DataFrame:
    """No rows, with the columns that are known of."""
    return pl.DataFrame(schema=types or {name: pl.String() for name in NEEDED[kind]})


def conform(rows: pl.LazyFrame, have: Types, want: Types) -> pl.LazyFrame:
    """The rows with exactly the wanted columns: cast where narrower, null where missing."""
    if list(have.items()) == list(want.items()):
        return rows
    return rows.select(
        pl.lit(None, dtype=dtype).alias(name)
        if name not in have
        else pl.col(name)
        if have[name] == dtype
        else pl.col(name).cast(dtype)
        for name, dtype in want.items()
    )


def latest(kind: Kind, rows: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    """Each keyed row once, as it was last said; other kinds are told apart before writing."""
    keys = keys_of(kind, columns)
    return rows.unique(keys, keep="last", maintain_order=True) if keys else rows


def keys_of(kind: Kind, columns: Iterable[str]) -> list[str]:
    """The columns that make a row the same row; empty for those of a log."""
    known = set(columns)
    return [name for name in KEYS.get(kind, ()) if name in known]


def canonical(kind: Kind, frame: pl.DataFrame, notes: Report) -> pl.DataFrame:
    """The frame in plain types, the same whichever reader it came through."""
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":
            cut = (frame[name].dt.nanosecond() % 1000).gt(0).sum()
            notes.add(f"add {kind}", f"{name} cut to microseconds", int(cut), total=frame.height)
    return pl.DataFrame([_plain_column(kind, column) for column in frame])


def _plain_column(kind: Kind, column: pl.Series) -> pl.Series:
    try:
        target = _target(kind, column)
        if column.dtype == target:
            return column
        if target == UTC and column.dtype.is_temporal() and column.dtype != pl.Date:
            column = column.dt.cast_time_unit("us")
        return column.cast(target)
    except StoreError as error:
        raise SchemaError(f"{kind}.{column.name}: {error}") from None
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            f"{kind}.{column.name}: {column.dtype} cannot be kept as {target} ({error}); "
            "convert the column to text or to smaller numbers"
        ) from None


def _target(kind: Kind, column: pl.Series) -> pl.DataType:
    """Ids are text and times of a log are times; all else is what it came as."""
    if column.name in TEXT:
        return pl.String()
    if column.name != c.TIME or kind in KEYS:
        return plain(column.dtype)
    if column.dtype not in (pl.Datetime, pl.Date, pl.Null):
        raise StoreError(f"{column.dtype} came, expected times (Datetime); convert the column")
    return UTC


def _check(kind: Kind, frame: pl.DataFrame) -> None:
    for name in NEEDED[kind]:
        if name not in frame.columns:
            came = ", ".join(frame.columns) or "none"
            raise SchemaError(f"{kind}.{name}: the column is missing; columns that came: {came}")
        if empties := frame[name].null_count():
            raise SchemaError(
                f"{kind}.{name}: {empties:,} of {frame.height:,} rows have no value; "
                "set them aside before they are added"
            )


def _note_widened(kind: Kind, old: Types, new: Types, notes: Report) -> None:
    widened = [n for n in old if old[n] != new[n] and not isinstance(old[n], pl.Null)]
    step, what = f"add {kind}", "columns whose type became wider"
    notes.add(step, what, len(widened), examples=[f"{n}: {old[n]} → {new[n]}" for n in widened])


def unseen(kind: Kind, batch: pl.DataFrame, types: Types, stored: Stored, notes: Report) -> Intake:
    """Rows of a log that are not there yet: by event_id where given, else by all they say."""
    rows = batch.with_row_index(ROW)
    everything = batch.columns
    parts = [(rows, everything)]
    if c.EVENT_ID in batch.columns:
        has_id = pl.col(c.EVENT_ID).is_not_null()
        parts = [(rows.filter(has_id), [c.EVENT_ID]), (rows.filter(~has_id), everything)]
    fresh = pl.concat([_fresh(part, keys, types, stored, notes) for part, keys in parts])
    fresh = fresh.sort(ROW).drop(ROW)
    return Intake(fresh, types, fresh.height, batch.height - fresh.height, notes=notes)


def _fresh(
    rows: pl.DataFrame, keys: list[str], types: Types, stored: Stored, notes: Report
) -> pl.DataFrame:
    if rows.is_empty():
        return rows
    met = _same(stored(rows, types), rows, keys)
    once = rows.unique(keys, keep="first", maintain_order=True)
    fresh = once.join(met, on=keys, how="anti", nulls_equal=True, maintain_order="left")
    if len(keys) == 1 and fresh.height < rows.height:
        _note_differing(rows, pl.concat([met, fresh.drop(ROW)]), notes)
    return fresh


def _note_differing(rows: pl.DataFrame, kept: pl.DataFrame, notes: Report) -> None:
    """Events that say something else under an id that is taken: the first one stays."""
    other = rows.join(kept, on=kept.columns, how="anti", nulls_equal=True)
    notes.add(
        "add", DIFFERING, other.height, total=rows.height, examples=other[c.EVENT_ID].to_list()
    )


def _same(stored: pl.LazyFrame, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Stored rows whose key is among those that come."""
    wanted = rows.lazy().select(keys).unique()
    return stored.join(
        wanted, on=keys, how="semi", nulls_equal=True, maintain_order="left"
    ).collect(engine="streaming")


def upsert(came: Arrival, stored: Stored) -> Intake:
    """Rows that replace earlier ones with the same key; rows that say nothing new are known.

    Counted as if the rows came one by one, so a key said twice in one batch counts twice.
    """
    batch = came.batch()
    keys = keys_of(came.kind, batch.columns)
    versions = _same(stored(batch, came.types), batch, keys)
    current = versions.unique(keys, keep="last", maintain_order=True)
    steps = pl.concat([current, batch])
    said = steps.unique(maintain_order=True).with_row_index(SAME)
    content = steps.join(said, on=batch.columns, nulls_equal=True, maintain_order="left")
    before = content.select(pl.col(SAME).shift(1).over(keys)).to_series()[current.height :]
    now = content[SAME][current.height :]
    new, known = before.null_count(), int((before == now).sum())
    last = batch.unique(keys, keep="last", maintain_order=True)
    rows = last.join(current, on=batch.columns, how="anti", nulls_equal=True, maintain_order="left")
    return Intake(rows, came.types, new, known, batch.height - new - known, came.notes)
