"""Columns without a place of their own, as one JSON object a row, and back.

Times stand as microseconds since 1970, durations as microseconds, times of day as nanoseconds,
bytes as hexadecimal digits; NaN and infinity, which JSON does not have, as text.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from penchant.errors import StoreError
from penchant.store.dtypes import UTC, Types

_NUMBERED: Final = (pl.Datetime, pl.Duration, pl.Time)


def packed(owner: str, columns: Mapping[str, pl.Series], height: int) -> pl.Series:
    """One JSON text a row, null where a row has nothing to say.

    Raises:
        StoreError: a column holds what JSON cannot.
    """
    some = [_plain(owner, s).alias(n) for n, s in columns.items() if s.null_count() < height]
    if not some:
        return pl.Series("more", [None] * height, dtype=pl.String)
    frame = pl.DataFrame(some)
    says = pl.any_horizontal(pl.all().is_not_null())
    text = pl.struct(pl.all()).struct.json_encode()
    return frame.select(pl.when(says).then(text)).to_series()


def unpacked(texts: pl.Series, types: Types) -> pl.DataFrame:
    """The columns of some JSON texts, each in its type; null where a row does not say it."""
    if not types or texts.null_count() == texts.len():
        return pl.DataFrame(schema=types).clear(texts.len())
    shape = pl.Struct({name: _written(dtype) for name, dtype in types.items()})
    found = texts.str.json_decode(shape).struct.unnest()
    return found.select(_read(pl.col(name), dtype) for name, dtype in types.items())


def _plain(owner: str, column: pl.Series) -> pl.Series:
    """The column in types that JSON has."""
    dtype = column.dtype
    if dtype == pl.Date:
        return column.cast(UTC).cast(pl.Int64)
    if dtype in _NUMBERED:
        return column.cast(pl.Int64)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    if dtype == pl.Float64:
        return column if column.is_finite().all() else column.cast(pl.String)
    if dtype.is_nested():
        _check(owner, column, column.name)
        return column.cast(_numbered(dtype))
    return column


def _check(owner: str, column: pl.Series, name: str) -> None:
    """Lists and groups hold plain things: no bytes, and only numbers that are numbers."""
    dtype = column.dtype
    if isinstance(dtype, pl.List):
        _check(owner, column.explode(), name)
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            _check(owner, column.struct.field(field.name), name)
    elif dtype == pl.Binary or (dtype == pl.Float64 and not column.is_finite().all()):
        what = "bytes" if dtype == pl.Binary else "NaN or infinity"
        raise StoreError(
            f"{owner}.{name}: {what} inside a list or group cannot be kept; "
            "give it a column of its own"
        )


def _numbered(dtype: pl.DataType) -> pl.DataType:
    """A nested type with numbers in the place of times."""
    if isinstance(dtype, pl.List):
        return pl.List(_numbered(_of(dtype.inner)))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({f.name: _numbered(_of(f.dtype)) for f in dtype.fields})
    return pl.Int64() if dtype in (*_NUMBERED, pl.Date) else dtype


def _of(dtype: object) -> pl.DataType:
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype  # type: ignore[assignment]
    return made


def _written(dtype: pl.DataType) -> pl.DataType:
    """The type that a value has in JSON: text for floats, as it may be one."""
    if dtype in (pl.Float64, pl.Binary):
        return pl.String()
    return _numbered(dtype)


def _read(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Binary:
        return value.str.decode("hex")
    if dtype == pl.Date:
        return value.cast(UTC).cast(pl.Date)
    if dtype == pl.Float64:
        value = value.replace({"true": "1", "false": "0"})
    return value.cast(dtype)
