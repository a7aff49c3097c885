"""JSON lines, and JSON arrays of objects; lines that do not parse are set aside and counted."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from penchant.data.blocks import as_utf8, line_blocks, unpacked
from penchant.errors import ReadError
from penchant.types import Report

BAD = "lines set aside that are no JSON object"


def read_jsonlines(path: Path, report: Report) -> list[pl.DataFrame]:
    """One file of JSON lines (or one JSON array), gzipped or not, as tables to be joined.

    Raises:
        ReadError: it is empty, or not one line of it is a JSON object.
    """
    with unpacked(path) as stream:
        blocks = (as_utf8(block, path, report) for block in line_blocks(stream))
        frames: list[pl.DataFrame] = []
        bad = 0
        seen = False
        for block in blocks:
            text = block.strip()
            if not seen and text.startswith(b"["):
                return [_array(text + b"".join(blocks), path, report)]
            seen = seen or bool(text)
            frame, worse = _block(text, report)
            bad += worse
            frames += [frame] if frame is not None else []
    if not seen:
        raise ReadError(f"{path}: empty file; expected one JSON object a line")
    if not frames:
        raise ReadError(f"{path}: none of its {bad:,} lines is a JSON object; expected one a line")
    return frames


def _block(text: bytes, report: Report) -> tuple[pl.DataFrame | None, int]:
    """A block as a table, fast; where that fails, line by line."""
    if not text:
        return None, 0
    try:
        frame = pl.read_ndjson(text, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return _by_line(text, report)
    return _by_line(text, report) if _mixed(text, frame) else (frame, 0)


def _mixed(text: bytes, frame: pl.DataFrame) -> bool:
    """Whether a column holds values of another type than its own: the fast way changed them."""
    other = {pl.String: rb"[-0-9tf[{]", pl.Boolean: rb'[-0-9"]'}
    return any(
        re.search(
            re.escape(json.dumps(name, ensure_ascii=False).encode())
            + rb"\s*:\s*"
            + other.get(dtype.base_type(), rb'[tf"]'),
            text,
        )
        for name, dtype in frame.schema.items()
        if dtype.is_numeric() or dtype in (pl.String, pl.Boolean)
    )


def _by_line(text: bytes, report: Report) -> tuple[pl.DataFrame | None, int]:
    lines = [line for line in text.decode().split("\n") if line.strip()]
    parsed = [_object(line) for line in lines]
    rows = [row for row in parsed if row is not None]
    bad = [line for line, row in zip(lines, parsed, strict=True) if row is None]
    report.add("read", BAD, len(bad), total=len(lines), examples=bad)
    return (from_rows(rows, report) if rows else None), len(bad)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _array(text: bytes, path: Path, report: Report) -> pl.DataFrame:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{path}: begins as a JSON array but does not parse ({error})") from None
    rows = [value for value in values if isinstance(value, dict)]
    report.add("read", BAD, len(values) - len(rows), total=len(values))
    if not rows:
        raise ReadError(f"{path}: holds no JSON object; expected an array of objects, one a row")
    return from_rows(rows, report)


def from_rows(rows: Sequence[Mapping[str, Any]], report: Report) -> pl.DataFrame:
    """Rows as a table; a column whose values have no common type becomes text, and is counted."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame(
        [as_column(name, [row.get(name) for row in rows], report) for name in names]
    )


def as_column(name: str, values: list[Any], report: Report) -> pl.Series:
    """Values of one column in the type that they have in common, else as text, which is counted."""
    kinds = {type(value) for value in values if value is not None}
    if bool in kinds and len(kinds) > 1:
        report.add("read", "columns of mixed types read as text", 1, examples=[name])
        return pl.Series(name, [as_text(value) for value in values], dtype=pl.String)
    if kinds == {int, float} and all(_exact(value) for value in values):
        values = [float(value) if value is not None else None for value in values]
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        report.add("read", "columns of mixed types read as text", 1, examples=[name])
        return pl.Series(name, [as_text(value) for value in values], dtype=pl.String)


def _exact(value: Any) -> bool:
    """Whether a value is the same number as a float."""
    return not isinstance(value, int) or abs(value) <= 2**53


def as_text(value: Any) -> str | None:
    """A value as text: strings as they are, all else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)
