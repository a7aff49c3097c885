"""Whatever holds a table → one Polars table: files, folders and globs of them, Arrow objects.

CSV comes in as text throughout; `schema` gives the columns their types. Nothing that cannot be
read is passed over: it raises `ReadError`, or it is set aside and counted in the report.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from glob import has_magic
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import polars as pl

from penchant.data.delimited import read_delimited
from penchant.data.jsonlines import as_text, from_rows, read_jsonlines
from penchant.errors import ReadError
from penchant.types import QUIET, Progress, Report

DELIMITED = (".csv", ".tsv", ".tab", ".txt")
JSON = (".jsonl", ".ndjson", ".json")
BINARY = (".parquet", ".pq", ".arrow", ".feather", ".ipc")
KINDS = (*BINARY, *DELIMITED, *JSON)


@runtime_checkable
class ArrowTable(Protocol):
    """Anything with the Arrow interface: tables of pandas, PyArrow, DuckDB, Polars."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as a stream of Arrow arrays."""
        ...


Source: TypeAlias = (
    str
    | Path
    | Sequence[str | Path]
    | Sequence[Mapping[str, Any]]
    | ArrowTable
    | pl.DataFrame
    | pl.LazyFrame
)


def read(source: Source, *, report: Report, progress: Progress = QUIET) -> pl.DataFrame:
    """Read one table from wherever it lies.

    A path may be a file (Parquet, Arrow, CSV, TSV, JSON lines; text also gzipped), a folder of
    such files, or a glob. Several files are joined one below the other; columns that some lack are
    null there. Folders named `key=value` give a column. A list of mappings is taken as rows, an
    empty one as a table without columns.

    Raises:
        ReadError: there is nothing to read, or it is not what its name says.

    >>> read([{"user_id": "ann", "item_id": "tea"}], report=Report()).rows()
    [('ann', 'tea')]
    """
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if isinstance(source, str | Path):
        return _read_files(find_files(source), report, progress)
    if isinstance(source, ArrowTable):
        return _from_arrow(source)
    if isinstance(source, Sequence) and not isinstance(source, bytes):
        return _read_sequence(source, report, progress)
    raise ReadError(
        f"source: {type(source).__name__} came; expected a path, a list of paths, a list of rows, "
        "or a table with the Arrow interface (pandas, PyArrow, DuckDB, Polars)"
    )


def _read_sequence(source: Sequence[Any], report: Report, progress: Progress) -> pl.DataFrame:
    if all(isinstance(part, Mapping) for part in source):
        if source and not any(source):
            raise ReadError("source: rows without any column came; expected rows of a table")
        return from_rows(source, report)
    if all(isinstance(part, str | Path) for part in source):
        files = [file for part in source for file in find_files(part)]
        return _read_files(files, report, progress)
    raise ReadError("source: a mixed list came; expected a list of paths, or a list of rows")


def _from_arrow(source: ArrowTable) -> pl.DataFrame:
    try:
        table = pl.DataFrame(source)
    except Exception as error:  # noqa: BLE001  what another library raises is not known here
        name = type(source).__name__
        raise ReadError(
            f"source: the {name} cannot be read through the Arrow interface ({error}). "
            "A column of mixed Python objects is the usual cause: make it one type first"
        ) from None
    return table.drop([name for name in table.columns if name.startswith("__index_level_")])


def find_files(source: str | Path) -> list[Path]:
    """The files behind a path, folder or glob, in a fixed order.

    Raises:
        ReadError: there are none.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in path.rglob("*") if _is_table(file, path)]
        if not found:
            raise ReadError(f"{path}: no table in this folder; expected files {_kinds()}")
    elif has_magic(str(source)):
        root = Path(path.anchor) if path.is_absolute() else Path()
        pattern = str(path.relative_to(root)) if path.is_absolute() else str(path)
        found = [file for file in root.glob(pattern) if file.is_file()]
        if not found:
            raise ReadError(f"{source}: no file matches this pattern")
    else:
        raise ReadError(f"{path}: no such file or folder.{_near(path)}")
    return sorted(found)


def _is_table(file: Path, folder: Path) -> bool:
    inside = file.relative_to(folder).parts
    hidden = any(part.startswith((".", "_")) for part in inside)
    return file.is_file() and not hidden and _kind(file) in KINDS


def _kind(path: Path) -> str:
    """What a file's name says it is: its last ending before `.gz`."""
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    return endings[-1] if endings else ""


def _kinds() -> str:
    return f"of kind {', '.join(KINDS)} (text also as .gz)"


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f" The folder {path.parent} does not exist either"
    near = get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1)
    return f" Did you mean '{path.parent / near[0]}'?" if near else ""


def _read_files(files: Sequence[Path], report: Report, progress: Progress) -> pl.DataFrame:
    frames: list[pl.DataFrame] = []
    with progress.step("reading", total=len(files)) as step:
        for file in files:
            if len(files) > 1 and file.stat().st_size == 0:
                report.add("read", "empty files set aside", 1, examples=[file.name])
            else:
                frames += [_with_folders(frame, file) for frame in _read_file(file, report)]
            step.advance(1, file.name)
    if not frames:
        raise ReadError(f"{files[0].parent}: all {len(files):,} files are empty")
    return _below(frames, report)


def _read_file(path: Path, report: Report) -> list[pl.DataFrame]:
    kind = _kind(path)
    if kind in DELIMITED:
        return [read_delimited(path, report)]
    if kind in JSON:
        return read_jsonlines(path, report)
    if kind in BINARY:
        return [_read_binary(path, kind)]
    raise ReadError(f"{path}: '{path.suffix}' is not a kind of table; expected a file {_kinds()}")


def _read_binary(path: Path, kind: str) -> pl.DataFrame:
    if path.stat().st_size == 0:
        raise ReadError(f"{path}: empty file; expected a table")
    try:
        if kind in (".parquet", ".pq"):
            return pl.read_parquet(path, hive_partitioning=False)
        return pl.read_ipc(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ReadError(
            f"{path}: not a sound {kind[1:]} file ({error}). Was it cut off while copying?"
        ) from None


def _with_folders(frame: pl.DataFrame, file: Path) -> pl.DataFrame:
    """The table with a column for every folder above it that is named `key=value`."""
    named = dict(part.split("=", 1) for part in file.parts[:-1] if "=" in part)
    fresh = {name: value for name, value in named.items() if name and name not in frame.columns}
    return frame.with_columns(pl.lit(value).alias(name) for name, value in fresh.items())


def _below(frames: Sequence[pl.DataFrame], report: Report) -> pl.DataFrame:
    """Tables one below the other: all columns of all, types widened until they fit."""
    if len(frames) == 1:
        return frames[0]
    _note_gaps(frames, report)
    try:
        return pl.concat(frames, how="diagonal_relaxed", rechunk=True)
    except pl.exceptions.PolarsError:
        clash = _clashing(frames)
        report.add("read", "columns of mixed types read as text", len(clash), examples=clash)
        texts = [_columns_as_text(frame, clash) for frame in frames]
        return pl.concat(texts, how="diagonal_relaxed", rechunk=True)


def _note_gaps(frames: Sequence[pl.DataFrame], report: Report) -> None:
    """Count the rows of files that lack a column which others have."""
    every = dict.fromkeys(name for frame in frames for name in frame.columns)
    for name in every:
        rows = sum(frame.height for frame in frames if name not in frame.columns)
        total = sum(frame.height for frame in frames)
        what = f"rows without column '{name}', which other files have"
        report.add("read", what, rows, total=total)


def _clashing(frames: Sequence[pl.DataFrame]) -> list[str]:
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, kind in frame.schema.items():
            kinds.setdefault(name, set()).add(kind)
    return [name for name, found in kinds.items() if len(found - {pl.Null()}) > 1]


def _columns_as_text(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    return frame.with_columns(
        _series_as_text(frame[name]) for name in names if name in frame.columns
    )


def _series_as_text(series: pl.Series) -> pl.Series:
    """A column as text; times in UTC, so that their zone is not lost."""
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone:
        return series.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        texts = [as_text(value) for value in series.to_list()]
        return pl.Series(series.name, texts, dtype=pl.String)
    return series.cast(pl.String)
