"""One column at a time: whatever came → the type that Penchant keeps.

Each function takes a column and returns it in its type, with null where a value cannot be read.
A value is read the same way whatever stands beside it, so that events sent one at a time become
what a whole table of them would.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import polars as pl

from penchant.data.times import as_time
from penchant.errors import SchemaError

Kind: TypeAlias = Literal["id", "time", "number", "whole", "text", "path", "labels", "flag"]

MISSING = ("", "nan", "null", "none", "<na>", "nat")
"""How other programs write that there is no value (in any case of letters)."""
YES = ("true", "t", "yes", "y", "1", "1.0")
NO = ("false", "f", "no", "n", "0", "0.0")


def as_id(column: pl.Series) -> pl.Series:
    """Ids as strings: 17850, 17850.0 and "17850.0" are the same id; 007 keeps its zeros.

    Raises:
        SchemaError: the column holds lists or records.

    >>> as_id(pl.Series("user_id", [17850.0, None])).to_list()
    ['17850', None]
    """
    kind = column.dtype
    if kind.is_nested() or kind == pl.Object:
        raise SchemaError(f"{column.name}: {kind} came; expected ids (text or numbers)")
    if kind.is_float() or kind.is_decimal():
        whole = column.cast(pl.Float64)
        exact = (whole.abs() < 2**53) & (whole == whole.round())
        text = whole.set(~exact.fill_null(False), None).cast(pl.Int64).cast(pl.String)
        odd = whole.set(~whole.is_finite(), None).cast(pl.String)
        return text.zip_with(text.is_not_null(), odd).alias(column.name)
    return _trimmed(column).str.replace(r"^(-?\d+)\.0+$", "${1}")


def as_text(column: pl.Series) -> pl.Series:
    """Text without spaces around it; lists are joined by a space; empty text is null."""
    if isinstance(column.dtype, pl.List | pl.Array):
        return _trimmed(_strings(column).list.join(" ", ignore_nulls=True))
    return _emptied(_to_string(column).str.strip_chars())


def as_number(column: pl.Series) -> pl.Series:
    """Numbers as floats; not-a-number and infinity are null."""
    number = _castable(column).cast(pl.Float64, strict=False)
    return number.set(~number.is_finite().fill_null(True), None)


def as_whole(column: pl.Series) -> pl.Series:
    """Whole numbers; those with a fraction are null."""
    number = as_number(column)
    fits = (number == number.round()) & (number.abs() < 2**63)
    return number.set(~fits.fill_null(True), None).cast(pl.Int64)


def as_flag(column: pl.Series) -> pl.Series:
    """True or false, also from yes / no and 1 / 0."""
    if column.dtype == pl.Boolean:
        return column
    word = _trimmed(column).str.to_lowercase()
    flag = pl.when(word.is_in(YES)).then(True).when(word.is_in(NO)).then(False)
    return pl.select(flag.alias(column.name)).to_series().cast(pl.Boolean)


def as_path(column: pl.Series) -> pl.Series:
    """A category path from broad to narrow: a list, "A > B > C", "A|B", or a list as text.

    Of several paths (a list of lists) the first is taken.

    >>> as_path(pl.Series("category", ["Beauty > Hair Care"])).to_list()
    [['Beauty', 'Hair Care']]
    """
    return _listed(column, r"\s*[>|]\s*")


def as_labels(column: pl.Series) -> pl.Series:
    """Tags or genres: a list, "A|B", "A, B", "<a><b>", or a list as text."""
    return _listed(column, r"\s*[|;,]\s*|><")


def _listed(column: pl.Series, between: str) -> pl.Series:
    if isinstance(column.dtype, pl.List | pl.Array):
        parts = _strings(column)
    else:
        text = _emptied(_to_string(column).str.strip_chars())
        quoted = text.str.contains(r"^\[.*\]$").fill_null(False)
        parts = text.str.replace_all(between, "\x1f").str.strip_chars("<>\x1f").str.split("\x1f")
        if quoted.any():
            found = text.str.extract_all(r"'[^']*'|\"[^\"]*\"").list.eval(
                pl.element().str.strip_chars("'\"")
            )
            parts = found.zip_with(quoted, parts)
    kept = parts.list.eval(
        pl.element().str.strip_chars().filter(pl.element().str.strip_chars().str.len_bytes() > 0)
    )
    return _nonempty(kept).alias(column.name)


def _nonempty(lists: pl.Series) -> pl.Series:
    """Lists with at least one entry; others are null."""
    some = (lists.list.len() > 0).fill_null(False)
    nothing = pl.Series(lists.name, [None], dtype=pl.List(pl.String))
    return lists.zip_with(some, nothing.new_from_index(0, len(lists)))


def _strings(column: pl.Series) -> pl.Series:
    """Any list as a list of strings; of a list of lists the first."""
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    inner = getattr(column.dtype, "inner", pl.String())
    if isinstance(inner, pl.List | pl.Array):
        return _strings(column.list.first())
    if isinstance(inner, pl.Struct):
        return column.list.eval(pl.element().struct.json_encode())
    return column.list.eval(pl.element().cast(pl.String, strict=False))


def _trimmed(column: pl.Series) -> pl.Series:
    """Text without spaces around it; the many ways to write "no value" are null."""
    text = _to_string(column).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(MISSING).fill_null(False), None)


def _emptied(text: pl.Series) -> pl.Series:
    return text.set((text == "").fill_null(False), None)


def _to_string(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind == pl.Binary:
        texts = [_decoded(value) for value in column]
        return pl.Series(column.name, texts, dtype=pl.String)
    if isinstance(kind, pl.Struct):
        return column.struct.json_encode()
    if isinstance(kind, pl.List | pl.Array):
        return _strings(column).list.join(" ", ignore_nulls=True)
    if kind in (pl.Object, pl.Duration):
        texts = [None if value is None else str(value) for value in column]
        return pl.Series(column.name, texts, dtype=pl.String)
    return column.cast(pl.String)


def _decoded(value: bytes | None) -> str | None:
    """Bytes as text: UTF-8, else Latin-1, which loses nothing."""
    try:
        return value.decode() if value is not None else None
    except UnicodeDecodeError:
        return value.decode("latin-1") if value is not None else None


def _castable(column: pl.Series) -> pl.Series:
    """A column that can be cast to a number, at worst to null."""
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return column
    if column.dtype.is_temporal() or column.dtype.is_nested():
        return pl.Series(column.name, [None], dtype=pl.Float64).new_from_index(0, len(column))
    return _trimmed(column)


COERCE: dict[Kind, Callable[[pl.Series], pl.Series]] = {
    "id": as_id,
    "time": as_time,
    "number": as_number,
    "whole": as_whole,
    "text": as_text,
    "path": as_path,
    "labels": as_labels,
    "flag": as_flag,
}
