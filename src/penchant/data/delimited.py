"""CSV and TSV: every column as text, so that ids keep their leading zeros; odd rows set aside.

A block of lines goes through one vectorised look at its bytes. A row is sound when its quotes
stand where quotes may stand and it has as many fields as the header. Rows with too few or too many
fields are cut out and counted. A block whose quotes make no sense (5" nails, a quote that never
closes) is gone through line by line instead, losing only the lines that fit no reading.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from penchant.data.blocks import as_utf8, line_blocks, unpacked
from penchant.errors import ReadError
from penchant.types import Bools, Longs, Report

SEPARATORS = (",", ";", "\t", "|")
SPAN = 1000
"""Lines that one quoted field may span when a block is read line by line."""
RAGGED = "rows set aside with more or fewer fields than the header"
QUOTE, NEWLINE, RETURN = ord('"'), ord("\n"), ord("\r")


def read_delimited(path: Path, report: Report) -> pl.DataFrame:
    """One CSV or TSV file, gzipped or not, all columns as text.

    Raises:
        ReadError: it is empty or no table.
    """
    with unpacked(path) as stream:
        header = _first_line(stream, path)
        separator = _separator(header, path)
        names = _names(_fields(header.decode(), separator), report, path)
        reader = _Reader(path, separator, names, report)
        frames = [reader.frame(block) for block in reader.blocks(stream)]
    reader.note()
    return pl.concat(frames) if frames else pl.DataFrame(schema=reader.schema)


def _first_line(stream: IO[bytes], path: Path) -> bytes:
    """The header: the first line that is not blank."""
    for line in stream:
        if line.strip():
            if b"\0" in line:
                raise ReadError(f"{path}: holds binary data; expected text with one row a line")
            return as_utf8(line.rstrip(b"\r\n"), path, Report())
    raise ReadError(f"{path}: empty file; expected a header line with the names of the columns")


def _separator(header: bytes, path: Path) -> str:
    """The separator by the name of the file, else the commonest candidate in the header."""
    if {".tsv", ".tab"} & set(path.suffixes):
        return "\t"
    text = header.decode()
    return max(SEPARATORS, key=text.count)


def _fields(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _names(fields: list[str], report: Report, path: Path) -> list[str]:
    """Names of the columns: empty ones numbered, repeated ones made unique."""
    names: list[str] = []
    for place, field in enumerate(fields, 1):
        name = field.strip() or f"column_{place}"
        while name in names:
            name += "_"
        names.append(name)
    odd = [name for name, field in zip(names, fields, strict=True) if name != field.strip()]
    report.add("read", "columns without a name of their own, renamed", len(odd), examples=odd)
    return names


class _Reader:
    """One file being read: what its rows must look like, and what was set aside."""

    def __init__(self, path: Path, separator: str, names: list[str], report: Report) -> None:
        self.path, self.separator, self.report = path, separator, report
        self.schema = dict.fromkeys(names, pl.String)
        self.width = len(names)
        self.rows = 0
        self.ragged = 0
        self.examples: list[str] = []
        self.unended = False

    def blocks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """Blocks of whole, sound records; a record may span lines, and so blocks."""
        rest = b""
        for block in line_blocks(stream):
            data = rest + as_utf8(block, self.path, self.report)
            self.unended = not data.endswith(b"\n")
            if _quotes_sound(data, self.separator):
                rest = b""
                yield self._cut(data)
            elif _quotes_sound(head := _closed(data), self.separator):
                rest = data[len(head) :]
                if head:
                    yield self._cut(head)
            else:
                everything = data + as_utf8(stream.read(), self.path, self.report)
                self.unended = not everything.endswith(b"\n")
                rest = b""
                yield self._repaired(everything)
        if rest:
            yield self._repaired(rest)

    def frame(self, block: bytes) -> pl.DataFrame:
        """A block as a table of text."""
        if not block:
            return pl.DataFrame(schema=self.schema)
        try:
            return pl.read_csv(
                io.BytesIO(block),
                has_header=False,
                schema=self.schema,
                separator=self.separator,
            )
        except pl.exceptions.PolarsError as error:
            raise ReadError(f"{self.path}: cannot be read as CSV ({error})") from None

    def note(self) -> None:
        """Say what was set aside."""
        self.report.add("read", RAGGED, self.ragged, total=self.rows, examples=self.examples)
        what = "last row without a line end, perhaps cut off"
        self.report.add("read", what, int(self.unended), examples=[self.path.name])

    def _aside(self, line: str) -> None:
        self.ragged += 1
        if len(self.examples) < 3:
            self.examples.append(line.strip())

    def _cut(self, data: bytes) -> bytes:
        """The block without blank lines and without rows of the wrong width."""
        starts, ends, separators = _records(data, self.separator)
        blank = _blank(data, starts, ends)
        wrong = (separators != self.width - 1) & ~blank
        if any(b"\n" in data[a : b - 1] for a, b in zip(starts[wrong], ends[wrong], strict=True)):
            return self._repaired(data)  # a quote swallowed lines: save those that can be
        self.rows += int((~blank).sum())
        for row in np.flatnonzero(wrong):
            self._aside(
                data[starts[row] : min(ends[row], starts[row] + 80)].decode(errors="ignore")
            )
        return _without(data, starts, ends, wrong | blank)

    def _repaired(self, data: bytes) -> bytes:
        """The block gone through line by line, rows rewritten with quotes where they belong."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.separator, lineterminator="\n")
        lines = data.decode().split("\n")
        at = 0
        while at < len(lines):
            fields, taken = _record_at(lines, at, self.separator, self.width)
            if fields is not None:
                writer.writerow(fields)
                self.rows += 1
            elif lines[at].strip():
                self._aside(lines[at])
                self.rows += 1
            at += taken
        return out.getvalue().encode()


def _quotes_sound(data: bytes, separator: str) -> bool:
    """Whether quotes open only at the start of a field, close only at its end, and all close."""
    if b'"' not in data:
        return True
    bytes_ = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(bytes_ == QUOTE)
    if len(quotes) % 2:
        return False
    sep = ord(separator)
    before = np.where(quotes > 0, bytes_[quotes - 1], NEWLINE)
    after = np.where(
        quotes + 1 < len(bytes_), bytes_[np.minimum(quotes + 1, len(bytes_) - 1)], NEWLINE
    )
    # a doubled quote inside a field closes and opens again at once
    doubled = quotes[2::2] == quotes[1:-1:2] + 1
    opens = np.isin(before[0::2], [sep, NEWLINE])
    closes = np.isin(after[1::2], [sep, NEWLINE, RETURN])
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def _closed(data: bytes) -> bytes:
    """The longest head of a block that ends with a line end outside quotes."""
    bytes_ = np.frombuffer(data, np.uint8)
    inside = np.cumsum(bytes_ == QUOTE, dtype=np.uint8) & 1
    ends = np.flatnonzero((bytes_ == NEWLINE) & (inside == 0))
    return data[: ends[-1] + 1] if len(ends) else b""


def _records(data: bytes, separator: str) -> tuple[Longs, Longs, Longs]:
    """Where each record starts and ends (behind its line end), and its number of separators."""
    bytes_ = np.frombuffer(data, np.uint8)
    inside = np.cumsum(bytes_ == QUOTE, dtype=np.uint8) & 1  # parity survives the overflow
    outside = inside == 0
    ends = np.flatnonzero((bytes_ == NEWLINE) & outside) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1]])
    places = np.flatnonzero((bytes_ == ord(separator)) & outside)
    counts = np.diff(np.searchsorted(places, np.concatenate([[0], ends])))
    return starts.astype(np.int64), ends.astype(np.int64), counts.astype(np.int64)


def _blank(data: bytes, starts: Longs, ends: Longs) -> Bools:
    """Which records are only a line end."""
    bytes_ = np.frombuffer(data, np.uint8)
    length = ends - starts
    first = bytes_[starts]
    blank: Bools = ((length == 1) & (first == NEWLINE)) | ((length == 2) & (first == RETURN))
    return blank


def _without(data: bytes, starts: Longs, ends: Longs, cut: Bools) -> bytes:
    """The data without some of its records."""
    if not cut.any():
        return data
    keep = np.repeat(~cut, ends - starts)
    return np.frombuffer(data, np.uint8)[keep].tobytes()


def _record_at(
    lines: list[str], at: int, separator: str, width: int
) -> tuple[list[str] | None, int]:
    """The record that starts at a line (None: it fits no reading) and how many lines it takes."""
    line = lines[at].rstrip("\r")
    if '"' not in line:
        fields = line.split(separator)
        return (fields if len(fields) == width and line else None), 1
    text, quotes = "", 0
    for taken, more in enumerate(lines[at : at + SPAN], 1):
        text = f"{text}\n{more}" if taken > 1 else more
        quotes += more.count('"')
        if quotes % 2 == 0 or taken == 1:
            record = _parse(text.rstrip("\r"), separator)
            if record is not None and len(record) == width:
                return record, taken
    return None, 1


def _parse(text: str, separator: str) -> list[str] | None:
    """One record by the csv module; None where it is not exactly one or a quote stays open."""
    try:
        # `strict` so that an open quote is an error; stray quotes are tried as plain text after it
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        if text.count("\n"):
            return None
        return _literal(text, separator)
    return rows[0] if len(rows) == 1 else None


def _literal(line: str, separator: str) -> list[str] | None:
    """One line with stray quotes: its quotes taken as plain characters."""
    fields = line.split(separator)
    return [field.strip('"') if field[:1] == field[-1:] == '"' else field for field in fields]
