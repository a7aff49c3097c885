"""Formats that people have on disk, each turned into Penchant's tables by one source.

Here: what a source is, what it gives, and how all of them read text files, so that every line
is either kept or counted. The sources themselves are listed in `registry`.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol, cast

import polars as pl

from penchant.errors import ReadError, SchemaError, did_you_mean
from penchant.types import QUIET, Progress, Report

LINE: Final = "_line"  # row number of a line in its file, for the report
BROKEN: Final = "_broken"  # the line does not have the columns that it must have
BLANK: Final = "_blank"
BLOCK: Final = 1 << 24  # bytes looked at together
LATEST: Final = 2.5e17  # microseconds; the year 9892, past which no calendar here goes


@dataclass(frozen=True)
class Tables:
    """What a source read, in Penchant's columns; None: the source has no such table."""

    events: pl.DataFrame | None = None
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None
    relations: pl.DataFrame | None = None
    exposures: pl.DataFrame | None = None


class Source(Protocol):
    """A format on disk that can be told by its look and read."""

    @property
    def name(self) -> str:
        """The word that asks for this source."""
        ...

    def matches(self, path: Path) -> bool:
        """Whether a file or folder looks like this format; reads a first line at most."""
        ...

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        """Read a file or folder; what cannot be used is counted in the report.

        Raises:
            ReadError: a file is missing, empty, or cannot be read to its end.
            SchemaError: a file lacks a column that this format must have.
        """
        ...


# files


def folder(path: Path) -> Path:
    """The folder meant by a path to it or to a file inside it."""
    return path if path.is_dir() else path.parent


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside a file into a `ReadError` that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError) as error:
        raise ReadError(
            f"{path}: cannot be read to its end ({str(error).splitlines()[0]}); "
            "expected a whole text file, plain or .gz; check it or fetch it again"
        ) from None


def open_bytes(path: Path) -> IO[bytes]:
    """A file's bytes, unpacked where it is gzip (told by its first bytes, not by its name)."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


def first_line(path: Path) -> str:
    """The first line that is not blank, without its end; empty where there is none."""
    with reading(path), open_bytes(path) as file:
        for line in file:
            if line.strip():
                return line.decode("utf-8-sig", "replace").rstrip("\r\n")
    return ""


def header(path: Path, separator: str = ",") -> list[str]:
    """The column names on the first line.

    Raises:
        ReadError: the file is empty.
    """
    line = first_line(path)
    if not line:
        raise ReadError(f"{path}: empty; expected a first line of column names")
    return [name.strip() for name in next(csv.reader([line], delimiter=separator))]


def require(found: Sequence[str], needed: Sequence[str], path: Path) -> None:
    """Check that a file has the columns it must have.

    Raises:
        SchemaError: one is missing.
    """
    for name in needed:
        if name not in found:
            raise SchemaError(
                f"{path}: column {name!r} is missing; found {', '.join(found)}."
                f"{did_you_mean(name, found)}"
            )


@dataclass(frozen=True)
class _Look:
    """What a file's bytes say about how to read it."""

    broken: int = 0  # characters that are not UTF-8
    wide: int = 0  # characters beyond ASCII that are
    quoted: bool = False  # it has a double quote somewhere
    cut: int = 0  # unit separators, where a line would be cut
    empty: bool = True

    @property
    def latin(self) -> bool:
        """More of its wide characters are wrong than right, so it is not UTF-8 at all."""
        return self.broken > self.wide


def _look(path: Path) -> _Look:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    look = _Look()
    with reading(path), open_bytes(path) as file:
        while block := file.read(BLOCK):
            plain = block.isascii() and not decoder.getstate()[0]
            text = "" if plain else decoder.decode(block)
            broken = text.count("�")
            look = _Look(
                broken=look.broken + broken,
                wide=look.wide + len(text) - len(text.encode("ascii", "ignore")) - broken,
                quoted=look.quoted or b'"' in block,
                cut=look.cut + block.count(b"\x1f"),
                empty=False,
            )
    return look


def lines(path: Path, report: Report, step: str, skip: int = 0) -> tuple[pl.LazyFrame, bool]:
    """A text file as a lazy column `line` beside its numbers, and whether it has quotes.

    UTF-8 unless most characters beyond ASCII say otherwise; then Latin-1, as old files are.

    Raises:
        ReadError: the file is missing, empty or cut off.
    """
    look = _look(path)
    if look.empty:
        raise ReadError(f"{path}: empty; expected at least one line")
    if look.latin:
        report.add(step, "files not in UTF-8, read as Latin-1", 1, examples=[path.name])
    else:
        report.add(step, "characters that are not UTF-8, replaced by �", look.broken)
    report.add(step, "unit separators, the rest of their field lost", look.cut)
    table = pl.scan_csv(
        _transcoded(path) if look.latin else path,
        has_header=False,
        skip_lines=skip,
        separator="\x1f",  # one column: no line has the unit separator
        quote_char=None,
        schema={"line": pl.String},
        encoding="utf8-lossy",
        empty_string_is_null=False,
        raise_if_empty=False,
        truncate_ragged_lines=True,
        glob=False,
        row_index_name=LINE,
        row_index_offset=1 + skip,
    )
    return table, look.quoted


def _transcoded(path: Path) -> io.BytesIO:
    with reading(path), open_bytes(path) as file:
        return io.BytesIO(file.read().decode("latin-1").encode("utf-8"))


def delimited(
    path: Path,
    columns: Sequence[str] | None,
    separator: str,
    *,
    report: Report,
    step: str,
    quotes: bool = False,
) -> pl.LazyFrame:
    """A file of separated columns, all as text; lines of another width are marked as broken.

    Args:
        columns: Names in order, for files without a header; None: the first line has them.
        quotes: Fields may stand in double quotes (CSV). A quoted field ends on its own line.
    """
    names = header(path, separator) if columns is None else list(columns)
    table, quoted = lines(path, report, step, skip=1 if columns is None else 0)
    line = pl.col("line")
    marked = line.str.contains('"', literal=True) if quotes and quoted else pl.lit(False)
    split = pl.when(~marked).then(line).str.split_exact(separator, len(names)).alias("_split")
    table = table.with_columns(split, *_pieces(separator, marked)).with_columns(
        pl.coalesce(
            pl.col("_split").struct.field(f"field_{i}"),
            pl.col("_pieces").list.get(i, null_on_oob=True),
        ).alias(name)
        for i, name in enumerate([*names, "_more"])
    )
    whole = pl.col("_size") == line.str.len_bytes() + len(separator)
    ragged = pl.col(names[-1]).is_null() | pl.col("_more").is_not_null()
    broken = ragged | (marked & ~whole.fill_null(False))
    return table.select(
        LINE, *names, (line.str.strip_chars() == "").alias(BLANK), broken.alias(BROKEN)
    )


def _pieces(separator: str, marked: pl.Expr) -> list[pl.Expr]:
    """Fields of lines with quotes, taken out of them, and how many bytes they account for."""
    pattern = rf'{separator}(?:"(?:[^"]|"")*"|[^"{separator}][^{separator}]*|)'
    raw = pl.when(marked).then(pl.lit(separator) + pl.col("line")).str.extract_all(pattern)
    field = pl.element().str.strip_prefix(separator)
    bare = field.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"')
    unquoted = pl.when(field.str.starts_with('"')).then(bare).otherwise(field)
    return [
        raw.list.eval(unquoted).alias("_pieces"),
        raw.list.eval(pl.element().str.len_bytes()).list.sum().alias("_size"),
    ]


# keeping and counting


def sift(
    table: pl.LazyFrame, faults: Mapping[str, pl.Expr], report: Report, step: str, path: Path
) -> pl.DataFrame:
    """Collect the rows without fault; the others are counted under the first fault they have."""
    columns = table.collect_schema().names()
    marks = {
        "blank lines set aside": BLANK,
        "lines with too few or too many columns, or a quote left open, set aside": BROKEN,
    }
    known = {what: pl.col(mark) for what, mark in marks.items() if mark in columns}
    why = pl.coalesce(
        pl.when(bad).then(pl.lit(what)) for what, bad in {**known, **faults}.items()
    ).alias("_why")
    marked = table.with_columns(why)
    where = pl.col(LINE) if LINE in columns else pl.lit(0, pl.UInt32).alias(LINE)
    with reading(path):
        kept, lost = pl.collect_all(
            [
                marked.filter(pl.col("_why").is_null()).drop("_why", BLANK, BROKEN, strict=False),
                marked.filter(pl.col("_why").is_not_null())
                .group_by("_why")
                .agg(pl.len(), where.bottom_k(3).sort()),
            ],
            engine="streaming",
        )
    total = kept.height + int(lost["len"].sum())
    for what, count, rows in lost.sort("_why").iter_rows():
        examples = [f"line {row}" for row in rows if row]
        report.add(step, what, count, total=total, examples=examples)
    return kept.drop(LINE, strict=False)


def first_of_each(table: pl.DataFrame, key: str, report: Report, step: str) -> pl.DataFrame:
    """One row a key, the first; the others are counted."""
    kept = table.unique(key, keep="first", maintain_order=True)
    what = f"rows that repeat a {key} set aside, the first kept"
    report.add(step, what, table.height - kept.height, total=table.height)
    return kept


# columns


def text(name: str) -> pl.Expr:
    """A column of text without the space around it; null where nothing is left.

    >>> pl.DataFrame({"a": [" x ", " "]}).select(text("a"))["a"].to_list()
    ['x', None]
    """
    bare = pl.col(name).str.strip_chars()
    return pl.when(bare != "").then(bare).alias(name)


def number(name: str) -> pl.Expr:
    """A column of text as finite numbers; null where there is none.

    >>> pl.DataFrame({"a": ["4.5", "x", "inf"]}).select(number("a"))["a"].to_list()
    [4.5, None, None]
    """
    value = pl.col(name).str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value).alias(name)


def epoch(name: str, per_second: int = 1) -> pl.Expr:
    """A column of text as times: counts since 1970, so many a second; null where there is none.

    >>> pl.DataFrame({"a": ["86400", "9e99"]}).select(epoch("a"))["a"].dt.day().to_list()
    [2, None]
    """
    us = (number(name) * (1_000_000 / per_second)).round()
    kept = pl.when(us.abs() < LATEST).then(us).cast(pl.Int64)
    return kept.cast(pl.Datetime("us", "UTC")).alias(name)


def missing(name: str) -> pl.Expr:
    """Whether a text column says nothing."""
    return pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")


def no_ids(user: str, item: str) -> dict[str, pl.Expr]:
    """The faults that every event table shares."""
    return {
        "without a user id set aside": missing(user),
        "without an item id set aside": missing(item),
    }
