"""One column of values as they come in rows: in the type that Penchant keeps, and which of them
cannot be used, and why.

The plainest form of each kind is read in Python at once: for a hundred rows that is many times
quicker than a table's way. Whatever else comes goes through `coerce`, each type of value apart, so
that a value is read the same way whatever stands beside it. A test holds both ways equal.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any, Final, TypeAlias

import polars as pl

from penchant.data import columns as c
from penchant.data.coerce import COERCE, Kind
from penchant.data.ids import AN_ID
from penchant.data.schema import nothing
from penchant.data.times import DAY_NUMBERS, MILLIS, SECONDS, UTC_TIME, zoneless
from penchant.errors import short

LONGEST_NAME: Final = 512
"""Characters of an id, of an event's type, of a relation."""
LONGEST_TEXT: Final = 64 * 1024
"""Bytes of a text, or of all texts of a list."""
NAMES: Final = frozenset({c.EVENT, c.RELATION})
"""Columns of text that hold names and are as short as ids."""
WANTED: Final[dict[Kind, str]] = {
    "id": AN_ID,
    "time": "a time: ISO 8601 (2024-05-01T10:00:00+02:00) or seconds since 1970",
    "number": "a number",
    "whole": "a whole number",
    "text": "text",
    "path": "a path: a list of texts, or 'A > B'",
    "labels": "labels: a list of texts, or 'A, B'",
    "flag": "true or false",
}

Form: TypeAlias = type | tuple[type, type | None]
_DTYPES: Final[dict[type, pl.DataType]] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
    date: pl.Date(),
}
_LISTS: Final = ("path", "labels", "text")
_MOST: Final = 2**63 - 1
_EXACT: Final = 2**53
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_ID: Final = re.compile(
    r"(?!(?:nan|null|none|<na>|nat)$)(?!-?\d+\.0+$)(?=\S)[^\x00]{1,512}(?<=\S)", re.I
)
_TIME: Final = re.compile(
    r"[1-9]\d{3}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,6})?)?"
    r"(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Column:
    """Values in their type, null where none came or it cannot be used; `bad` says why, by row;
    `zoneless` are the rows of times that say nothing of their zone."""

    series: pl.Series
    bad: dict[int, str] = field(default_factory=dict)
    zoneless: frozenset[int] = frozenset()


def read_column(name: str, kind: Kind, values: Sequence[Any]) -> Column:
    """Values of a column that Penchant knows."""
    return plain(name, kind, values) or apart(name, kind, values)


def plain(name: str, kind: Kind, values: Sequence[Any]) -> Column | None:
    """The column where each value is in its plainest form; else None."""
    try:
        return _PLAIN[kind](name, values)
    except (UnicodeEncodeError, OverflowError):
        return None


def _plain_id(name: str, values: Sequence[Any]) -> Column | None:
    texts = [str(v) if type(v) is int else v for v in values]
    whole = _ID.fullmatch
    if all(v is None or (type(v) is str and whole(v)) for v in texts):
        return Column(pl.Series(name, texts, dtype=pl.String))
    return None


def _plain_text(name: str, values: Sequence[Any]) -> Column | None:
    short = LONGEST_NAME if name in NAMES else LONGEST_TEXT // 4
    for v in values:
        if v is not None and not (type(v) is str and v and len(v) <= short and v == v.strip()):
            return None
    if name in NAMES and any(v is not None and "\0" in v for v in values):
        return None
    return Column(pl.Series(name, values, dtype=pl.String))


def _plain_number(name: str, values: Sequence[Any]) -> Column | None:
    for v in values:
        kind = type(v)
        if v is None or (kind is float and isfinite(v)) or (kind is int and -_EXACT <= v <= _EXACT):
            continue
        return None
    return Column(pl.Series(name, values, dtype=pl.Float64, strict=False))


def _plain_whole(name: str, values: Sequence[Any]) -> Column | None:
    if all(v is None or (type(v) is int and -_EXACT <= v <= _EXACT) for v in values):
        return Column(pl.Series(name, values, dtype=pl.Int64))
    return None


def _plain_flag(name: str, values: Sequence[Any]) -> Column | None:
    if all(v is None or type(v) is bool for v in values):
        return Column(pl.Series(name, values, dtype=pl.Boolean))
    return None


def _plain_list(name: str, values: Sequence[Any]) -> Column | None:
    for v in values:
        if v is None:
            continue
        if type(v) is not list or not v or any(type(x) is not str for x in v):
            return None
        if any(not x or x != x.strip() for x in v) or sum(map(len, v)) > LONGEST_TEXT // 4:
            return None
    return Column(pl.Series(name, values, dtype=pl.List(pl.String)))


def _plain_time(name: str, values: Sequence[Any]) -> Column | None:
    times: list[int | None] = []
    naive: list[int] = []
    for place, v in enumerate(values):
        if v is None:
            times.append(None)
        elif type(v) is int and (unit := _unit(v)):
            times.append(v * unit)
        elif type(v) is str and (form := _TIME.fullmatch(v)):
            try:
                at = datetime.fromisoformat(v)
            except ValueError:
                return None
            if form[1] is None:
                naive.append(place)
                at = at.replace(tzinfo=UTC)
            times.append((at - _EPOCH) // _TICK)
        else:
            return None
    series = pl.Series(name, times, dtype=pl.Int64).cast(UTC_TIME)
    return Column(series, zoneless=frozenset(naive))


def _unit(number: int) -> int:
    """Microseconds of one of a whole number of seconds or milliseconds; 0 where it may be more."""
    if abs(number) < SECONDS:
        return 0 if DAY_NUMBERS[0] <= number <= DAY_NUMBERS[1] else 1_000_000
    return 1_000 if abs(number) < MILLIS else 0


_PLAIN: Final[dict[Kind, Callable[[str, Sequence[Any]], Column | None]]] = {
    "id": _plain_id,
    "time": _plain_time,
    "number": _plain_number,
    "whole": _plain_whole,
    "text": _plain_text,
    "path": _plain_list,
    "labels": _plain_list,
    "flag": _plain_flag,
}


def apart(name: str, kind: Kind, values: Sequence[Any]) -> Column:
    """The column by way of `coerce`, each type of value by itself."""
    short = kind == "id" or name in NAMES
    bad: dict[int, str] = {}
    forms: dict[Form, list[int]] = {}
    tamed = [tame(value) for value in values]
    for place, value in enumerate(tamed):
        if value is None:
            continue
        if why := _wrong(value, kind) or too_long(value, short):
            bad[place] = why
        else:
            forms.setdefault(_form(value), []).append(place)
    parts: list[pl.Series] = []
    naive: set[int] = set()
    for form, places in forms.items():
        raw = pl.Series(name, [tamed[p] for p in places], dtype=_dtype(form))
        new = COERCE[kind](raw)
        for p in () if kind in ("id", "text") else (new.is_null() & ~nothing(raw)).arg_true():
            bad[places[p]] = f"{shown(tamed[places[p]])} came; expected {WANTED[kind]}"
        if kind == "time":
            naive.update(places[p] for p in zoneless(raw).arg_true())
        parts.append(new)
    order = [p for places in forms.values() for p in places]
    return Column(_laid_out(name, kind, parts, order, len(values)), bad, frozenset(naive))


def _laid_out(
    name: str, kind: Kind, parts: Sequence[pl.Series], order: Sequence[int], height: int
) -> pl.Series:
    """Parts of a column, each value at its row; null elsewhere."""
    none = COERCE[kind](pl.Series(name, [], dtype=pl.String))
    place: list[int | None] = [None] * height
    for row, p in enumerate(order):
        place[p] = row
    return pl.concat([none, *parts]).gather(pl.Series(place, dtype=pl.UInt32))


def tame(value: Any) -> Any:
    """Whole numbers beyond 64 bits as their digits, times with a zone in UTC; all else as it is."""
    if type(value) is int and not -_MOST <= value <= _MOST:
        return str(value)
    if type(value) is datetime and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


def _form(value: Any) -> Form:
    """What values of a column are read together: their type, and that of what is in a list."""
    kind = type(value)
    if kind is list:
        return list, next((type(x) for x in value if x is not None), str)
    return (datetime, None if value.tzinfo is None else datetime) if kind is datetime else kind


def _dtype(form: Form) -> pl.DataType:
    if not isinstance(form, tuple):
        return _DTYPES[form]
    outer, inner = form
    if outer is datetime:
        return UTC_TIME if inner else pl.Datetime("us")
    return pl.List(pl.List(pl.String) if inner is list else _DTYPES[inner or str])


def _wrong(value: Any, kind: Kind) -> str:
    """Why a value cannot be of a kind at all; empty where it may be."""
    if type(value) is list:
        if kind not in _LISTS:
            return f"a list came; expected {WANTED[kind]}"
        nested = kind == "path" and all(type(x) is list for x in value)
        inner = [x for part in value for x in part] if nested else value
        if nested and any(type(x) is not str for x in inner):
            return f"a list of lists came; expected {WANTED[kind]}"
        return wrong_list(inner)
    if kind == "id" and (type(value) is bool or (type(value) is float and value % 1)):
        return f"{shown(value)} came; expected {AN_ID}"
    return wrong_scalar(value, WANTED[kind])


def wrong_scalar(value: Any, wanted: str) -> str:
    """Why a value is no single finite value; empty where it is one."""
    if type(value) not in _DTYPES and type(value) is not datetime:
        return f"{shown(value)} came; expected {wanted}"
    if type(value) is float and not isfinite(value):
        return f"{value} came; expected {wanted}"
    return ""


def wrong_list(value: list[Any]) -> str:
    """Why a list is no list of values of one type; empty where it is."""
    kinds = {type(x) for x in value if x is not None}
    if not kinds <= {str, int, float, bool}:
        return "a list of lists or objects came; expected a list of texts or numbers"
    if len(kinds) > 1:
        return "a list of several types came; expected a list of texts, or one of numbers"
    if float in kinds and not all(x is None or isfinite(x) for x in value):
        return "a list with NaN or infinity came; expected finite numbers"
    if int in kinds and not all(x is None or -_MOST <= x <= _MOST for x in value):
        return "a list with a whole number beyond 64 bits came; send such numbers as text"
    return ""


def too_long(value: Any, short: bool = False) -> str:
    """Why a text, or the texts of a list, cannot be kept: too long, or no sound Unicode."""
    if type(value) is list:
        parts = [x for part in value for x in (part if type(part) is list else [part])]
        return _too_large([x for x in parts if type(x) is str])
    if type(value) is not str:
        return ""
    if short and len(value.strip()) > LONGEST_NAME:
        return f"{len(value):,} characters came; expected at most {LONGEST_NAME}"
    if short and "\0" in value:
        return "a NUL character came in a name; leave it out"
    return _too_large([value])


def _too_large(texts: Sequence[str]) -> str:
    try:
        size = sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
    except UnicodeEncodeError:
        return "half of a surrogate pair came; expected sound Unicode"
    if size <= LONGEST_TEXT:
        return ""
    return f"{size:,} bytes of text came; expected at most {LONGEST_TEXT:,}"


def shown(value: Any) -> str:
    """A value as an error shows it: short, and never the inside of lists and objects."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bytes):
        return "bytes"
    if value is None:
        return "null"
    return short(value)
