"""What makes a row of a log the same row: its `event_id`; where it has none, all that it says.

Rows with one `named` are the same: 16 bytes of BLAKE2b over the event_id, with the personalization
`event_id`. Of all others, rows of one user with one `same` are: the first 8 bytes, as a signed
number, of the 16 of BLAKE2b with the personalization `row` over

    for each column that has a value, in the order of the columns' names:
        <bytes of the name>:<name>=<bytes of the value>:<value>;

in UTF-8, where a value is written as

    text            as it is                        true, false      1, 0
    whole numbers   digits, also 3 for 3.0          other numbers    the shortest that reads back
                    and 0 for -0.0                                   (0.1), nan, inf, -inf
    times, dates    microseconds since 1970, UTC    durations        microseconds
    times of day    nanoseconds                     bytes            hexadecimal digits
    lists           [<bytes>:<value>,…] in order    groups           {} around what a row would be
                    and ~ for nothing

So a column that is missing says what a null says. This form never changes: it is in every store.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import polars as pl

from penchant.clock import DAY
from penchant.data import columns as c

SIZE: Final = 16
"""Bytes of a hash, of which a number holds the first half."""
FEW: Final = 500
"""Rows up to which plain Python is faster."""
_MICRO: Final = timedelta(microseconds=1)
_WHOLE: Final = 2.0**63


def canonical(row: Mapping[str, Any]) -> str:
    """The canonical form of one row in plain Python: what the fast way below must equal.

    >>> canonical({"user_id": "ann", "value": 1.0, "shop": None})
    '7:user_id=3:ann;5:value=1:1;'
    """
    said = sorted((name, value) for name, value in row.items() if value is not None)
    return "".join(f"{_bytes(name)}:{name}={_counted(written(value))};" for name, value in said)


def written(value: Any) -> str:
    """One value in canonical form."""
    match value:
        case bool():
            return str(int(value))
        case float():
            return _number(value)
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return str((aware - datetime(1970, 1, 1, tzinfo=UTC)) // _MICRO)
        case date():
            return str((value - date(1970, 1, 1)).days * DAY)
        case time():
            since = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
            return str((since // _MICRO + value.microsecond) * 1000)
        case timedelta():
            return str(value // _MICRO)
        case bytes():
            return value.hex()
        case list():
            return f"[{','.join('~' if v is None else _counted(written(v)) for v in value)}]"
        case dict():
            return f"{{{canonical(value)}}}"
    return str(value)


def forms(frame: pl.DataFrame) -> pl.Series:
    """The canonical form of every row of a frame in plain types."""
    names = sorted(name for name in frame.columns if frame[name].null_count() < frame.height)
    heads = [f"{_bytes(name)}:{name}=" for name in names]
    if frame.height <= FEW:
        return pl.Series("form", _few(heads, [_cells(frame[n]) for n in names], frame.height))
    if not names:
        return pl.Series("form", [""] * frame.height, dtype=pl.String)
    texts = [_texts(frame[name]).alias(str(n)) for n, name in enumerate(names)]
    begun = [_begun(head, text) for head, text in zip(heads, texts, strict=True)]
    parts: list[pl.Expr] = []
    for head, text in zip(begun, texts, strict=True):
        part = [pl.col(head.name), pl.col(text.name), pl.lit(";")]
        parts += [pl.concat_str(part).fill_null("")] if text.null_count() else part
    return pl.DataFrame(begun + texts).select(pl.concat_str(parts).alias("form")).to_series()


def _begun(head: str, texts: pl.Series) -> pl.Series:
    """What stands before each value: the head and its bytes, spelled once for each length."""
    lengths = texts.str.len_bytes().fill_null(0)
    each = lengths.unique().sort()
    spelled = pl.Series(f"before {texts.name}", [f"{head}{length}:" for length in each])
    return spelled.gather(each.search_sorted(lengths))


def _few(heads: list[str], columns: list[list[str | None]], height: int) -> list[str]:
    """The same for a few rows, for which setting up a query takes longer than they do."""
    said = [""] * height
    for head, column in zip(heads, columns, strict=True):
        for n, text in enumerate(column):
            if text is not None:
                said[n] += f"{head}{len(text.encode())}:{text};"
    return said


def marked(frame: pl.DataFrame) -> pl.DataFrame:
    """What tells rows apart: `same`, or `named` where they have an event_id."""
    if c.EVENT_ID not in frame.columns:
        return pl.DataFrame([_same(frame)])
    ids = frame[c.EVENT_ID]
    if not ids.null_count():
        return pl.DataFrame([named(ids)])
    left = iter(_same(frame.filter(ids.is_null())).to_list())
    same = pl.Series("same", [None if has else next(left) for has in ids.is_not_null()], pl.Int64)
    return pl.DataFrame([same, named(ids)])


def named(event_ids: pl.Series) -> pl.Series:
    """The hashes of event_ids, nothing where there is none."""
    if not event_ids.null_count():
        return pl.Series("named", _hashes(event_ids, b"event_id"), pl.Binary)
    some = iter(_hashes(event_ids.drop_nulls(), b"event_id"))
    said = [next(some) if has else None for has in event_ids.is_not_null()]
    return pl.Series("named", said, pl.Binary)


def _same(frame: pl.DataFrame) -> pl.Series:
    """The first halves of the hashes of all that rows say."""
    said = b"".join(_hashes(forms(frame), b"row"))
    return pl.Series("same", np.frombuffer(said, ">i8")[:: SIZE // 8].astype(np.int64))


def _hashes(texts: pl.Series, sort: bytes) -> list[bytes]:
    """A copy of a hash that has begun is ready sooner than a new one."""
    begun, said = blake2b(digest_size=SIZE, person=sort), list[bytes]()
    for text in texts.cast(pl.Binary).to_list():
        each = begun.copy()
        each.update(text)
        said.append(each.digest())
    return said


def _bytes(text: str) -> int:
    return len(text.encode())


def _counted(text: str) -> str:
    return f"{_bytes(text)}:{text}"


def _number(value: float) -> str:
    if math.isfinite(value) and value.is_integer() and abs(value) < _WHOLE:
        return str(int(value))
    return repr(value)


def _texts(column: pl.Series) -> pl.Series:
    """The values of a column in canonical form."""
    if column.dtype == pl.String:
        return column
    if column.dtype == pl.Float64:
        return _numbers(column)
    if (whole := _whole(column)) is not None:
        return whole.cast(pl.String)
    return pl.Series(column.name, _cells(column), dtype=pl.String)


def _cells(column: pl.Series) -> list[str | None]:
    """The same in plain Python."""
    if column.dtype == pl.String:
        return column.to_list()
    whole = _whole(column)
    write = written if whole is None else str
    values = (column if whole is None else whole).to_list()
    return [None if value is None else write(value) for value in values]


def _whole(column: pl.Series) -> pl.Series | None:
    """A column whose canonical form is that of whole numbers, as these."""
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us")).cast(pl.Int64)
    if column.dtype in (pl.Int64, pl.Boolean, pl.Datetime, pl.Duration, pl.Time):
        return column.cast(pl.Int64)
    return None


def _numbers(column: pl.Series) -> pl.Series:
    """Whole numbers, of which most logs are made, all at once."""
    whole = (column.is_finite() & (column.round() == column) & (column.abs() < _WHOLE)).fill_null(
        True
    )
    digits = column.cast(pl.Int64, strict=False).cast(pl.String)
    if whole.all():
        return digits
    both = zip(digits.to_list(), whole.to_list(), column.to_list(), strict=True)
    made = [text if is_whole else repr(value) for text, is_whole, value in both]
    return pl.Series(column.name, made, dtype=pl.String)
