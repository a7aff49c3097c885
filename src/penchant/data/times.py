"""Times of every kind → UTC, in microseconds.

    text      ISO 8601, with or without offset (`2024-05-01T10:00:00+02:00`, `2024-05-01 10:00`),
              or a format that is given
    numbers   seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their
              size; eight digits that are a day (20240501) are that day

A time without a zone is taken as UTC. A time outside the years 1 to 9999 is none: no calendar
that reads it back could write it.
"""

from datetime import UTC, datetime

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
DAY_NUMBERS = (19000101, 21001231)
SECONDS, MILLIS, MICROS = 1e11, 1e14, 1e17
"""Upper ends of the sizes: in seconds 1e11 is the year 5138, in milliseconds 1973."""
NUMBER = r"^[+-]?\d+(\.\d+)?([eE]\+?\d+)?$"
ISO = (
    r"^(\d{4}-\d{2}-\d{2})(?:[Tt ]+(\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?$"
)
ZONED = r"(?i)\d\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[T ]\d{2}:\d{2}\S*[+-]\d{2})$"


def as_time(column: pl.Series, form: str | None = None) -> pl.Series:
    """A column of times in UTC; null where a value is no time.

    >>> as_time(pl.Series(["2024-05-01T10:00:00+02:00", "1714550400", "soon"])).dt.hour().to_list()
    [8, 8, None]
    """
    time = _read(column, form)
    return time.set(~time.is_between(FIRST, LAST), None)


def _read(column: pl.Series, form: str | None) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        return _in_utc(column)
    if kind == pl.Date:
        return _in_utc(column.cast(pl.Datetime("us")))
    if kind.is_numeric():
        return _from_number(column)
    if kind in (pl.String, pl.Categorical) or isinstance(kind, pl.Enum):
        return _from_text(column.cast(pl.String).str.strip_chars(), form)
    return pl.Series(column.name, [None], dtype=UTC_TIME).new_from_index(0, len(column))


def without_zone(column: pl.Series) -> int:
    """How many times say nothing of their zone (numbers count from 1970 in UTC, and so do)."""
    return int(zoneless(column).sum() or 0)


def zoneless(column: pl.Series) -> pl.Series:
    """Which times say nothing of their zone; null where there is no value."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        return column.is_not_null() & (kind.time_zone is None)
    if kind == pl.Date:
        return column.is_not_null()
    if kind == pl.String:
        text = column.str.strip_chars()
        dated = text.str.contains(r"^\d{4}-\d{2}-\d{2}")
        return dated & ~text.str.contains(ZONED)
    return column.is_null() & column.is_not_null()


def _in_utc(column: pl.Series) -> pl.Series:
    zone = getattr(column.dtype, "time_zone", None)
    zoned = column.dt.replace_time_zone("UTC") if zone is None else column
    return zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _from_number(column: pl.Series) -> pl.Series:
    """Time since 1970 by its size; whole numbers stay exact."""
    x = pl.col("x")
    exact = column.dtype.is_integer()
    size = x.cast(pl.Float64).abs()
    unit = (
        pl.when(size < SECONDS)
        .then(1e6)
        .when(size < MILLIS)
        .then(1e3)
        .when(size < MICROS)
        .then(1.0)
    ).otherwise(1e-3)
    scaled = (x.cast(pl.Float64) * unit).round().cast(pl.Int64, strict=False)
    if exact:
        whole = x.cast(pl.Int64, strict=False)
        scaled = (
            pl.when(size < SECONDS)
            .then(whole * 1_000_000)
            .when(size < MILLIS)
            .then(whole * 1_000)
            .when(size < MICROS)
            .then(whole)
            .otherwise(whole // 1_000)
        )
    day = x.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    is_day = x.is_between(*DAY_NUMBERS) & day.is_not_null()
    scaled = pl.when(size.is_finite()).then(scaled)
    time = (
        pl.when(is_day).then(day.cast(pl.Datetime("us"))).otherwise(scaled.cast(pl.Datetime("us")))
    )
    table = pl.DataFrame({"x": column})
    return _in_utc(table.select(time.alias(column.name)).to_series())


def _from_text(text: pl.Series, form: str | None) -> pl.Series:
    """The commonest forms first, as a whole; what they leave is taken apart."""
    if form is not None:
        return _in_utc(text.str.to_datetime(form, time_unit="us", strict=False))
    time = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    time = _in_utc(time)
    left = time.is_null() & text.is_not_null()
    if not left.any():
        return time
    number = text.str.contains(NUMBER) & left
    rows = left.arg_true()
    return _scatter(time, rows, _iso(text.gather(rows)), _numeric(text.set(~number, None), rows))


def _numeric(text: pl.Series, rows: pl.Series) -> pl.Series:
    """Numbers written as text; those without a fraction stay exact."""
    some = text.gather(rows)
    whole = _from_number(some.cast(pl.Int64, strict=False))
    return whole.zip_with(whole.is_not_null(), _from_number(some.cast(pl.Float64, strict=False)))


def _scatter(time: pl.Series, rows: pl.Series, *found: pl.Series) -> pl.Series:
    first = pl.select(pl.coalesce(*found)).to_series()
    place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(time))
    place = place.scatter(rows, pl.arange(0, len(rows), dtype=pl.UInt32, eager=True))
    return time.zip_with(time.is_not_null(), first.gather(place).alias(time.name))


def _iso(text: pl.Series) -> pl.Series:
    """ISO 8601 taken apart: day, hour and minute, second, fraction, offset."""
    parts = text.str.extract_groups(ISO).struct.unnest()
    parts.columns = ["day", "clock", "second", "fraction", "zone"]
    written = pl.concat_str(
        "day",
        pl.lit(" "),
        pl.col("clock").fill_null("00:00"),
        pl.lit(":"),
        pl.col("second").fill_null("00"),
        pl.lit("."),
        pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6),
    )
    local = written.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    digits = pl.col("zone").str.replace_all(r"[^0-9]", "")
    minutes = (
        digits.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0) * 60
        + digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    ) * pl.when(pl.col("zone").str.starts_with("-")).then(-1).otherwise(1)
    shift = pl.duration(minutes=minutes.fill_null(0))
    return parts.select((local - shift).dt.replace_time_zone("UTC").alias("time")).to_series()
