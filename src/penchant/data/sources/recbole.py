"""RecBole's atomic files: `.inter`, `.item`, `.user`, `.net`, with types in the header.

A header says `user_id:token<TAB>item_id:token<TAB>rating:float<TAB>timestamp:float`. Where there
is no rating, a row is an event of the configured type; where a `label` says 0, it was only shown.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.sources import (
    Tables,
    delimited,
    epoch,
    first_line,
    first_of_each,
    header,
    missing,
    no_ids,
    number,
    require,
    sift,
    text,
)
from penchant.errors import ReadError, SchemaError
from penchant.types import QUIET, Progress, Report

TYPES: Final = ("token", "token_seq", "float", "float_seq")
ENDINGS: Final = (".inter", ".item", ".user", ".net")
ITEM_NAMES: Final = {
    "movie_title": c.TITLE,
    "item_name": c.TITLE,
    "name": c.TITLE,
    "categories": c.CATEGORY,
    "class": c.GENRES,
    "genre": c.GENRES,
    "release_year": "year",
}
WHOLE: Final = (c.TITLE, c.DESCRIPTION, c.TEXT, "address")  # sequences of words that are prose
LISTS: Final = (c.CATEGORY, c.GENRES, c.TAGS)
NUMBERS: Final = (c.PRICE, "year")


class RecBoleConfig(Config):
    """How atomic files are read."""

    user: str = "user_id"
    """Field of the user, without its type."""
    item: str = "item_id"
    """Field of the item."""
    time: str = "timestamp"
    """Field of the time, in seconds since 1970 unless `per_second` says otherwise."""
    per_second: int = 1
    """Counts of the time field a second: 1000 for milliseconds."""
    rating: str = "rating"
    """Field of the judgement, where there is one."""
    label: str = "label"
    """Field that says 1 for taken and 0 for only shown, where there is one and no rating."""
    event: str = "click"
    """Type of an event without a rating."""


class RecBole:
    """The source `recbole`: a folder of atomic files, or its `.inter` file."""

    name = "recbole"

    def __init__(self, config: RecBoleConfig | None = None) -> None:
        self.config = config or RecBoleConfig()

    def matches(self, path: Path) -> bool:
        """Whether there is an `.inter` file whose header tells its types."""
        return any(_typed(file) for file in _files(path, ".inter"))

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        """Read interactions, items, users and the network between users."""
        found = {ending: _files(path, ending) for ending in ENDINGS}
        if not found[".inter"]:
            raise ReadError(f"{path}: expected a file NAME.inter beside NAME.item and NAME.user")
        names = {file.name.split(".")[0] for file in found[".inter"]}
        if len(names) > 1:
            raise ReadError(
                f"{path}: {len(names)} data sets ({', '.join(sorted(names)[:3])} …); name one file"
            )
        with progress.step("read recbole", total=4) as step:
            rows = pl.concat([self._rows(file, report) for file in found[".inter"]], how="diagonal")
            step.advance(note=".inter")
            items = _described(found[".item"], self.config.item, c.ITEM, report)
            step.advance(note=".item")
            users = _described(found[".user"], self.config.user, c.USER, report)
            step.advance(note=".user")
            relations = _network(found[".net"], report)
            step.advance(note=".net")
        events, exposures = self._events(rows, report)
        return Tables(events, items, users, relations, exposures)

    def _rows(self, path: Path, report: Report) -> pl.DataFrame:
        """The interactions of one file, with readable ids, times and ratings."""
        names = list(_header(path))
        config, step = self.config, f"recbole {path.name}"
        require(names, (config.user, config.item, config.time), path)
        judged = next((name for name in (config.rating, config.label) if name in names), None)
        numbers = () if judged is None else (judged,)
        faults = {
            **no_ids(config.user, config.item),
            "without a readable time set aside": pl.col(config.time).is_null(),
        }
        if judged is not None:
            faults[f"without a readable {judged} set aside"] = pl.col(judged).is_null()
        table = _typed_table(path, report, step, skip=(config.time, *numbers)).with_columns(
            epoch(config.time, config.per_second), *(number(name) for name in numbers)
        )
        rows = sift(table, faults, report, step, path)
        return rows.rename({config.user: c.USER, config.item: c.ITEM, config.time: c.TIME})

    def _events(
        self, rows: pl.DataFrame, report: Report
    ) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Interactions as events; with labels, all of them as exposures as well."""
        config = self.config
        ids = [c.USER, c.ITEM, c.TIME]
        if config.rating in rows.columns:
            rest = [name for name in rows.columns if name not in (*ids, config.rating)]
            value = pl.col(config.rating).alias(c.VALUE)
            return rows.select(*ids, pl.lit("rating").alias(c.EVENT), value, *rest), None
        kind, value = pl.lit(config.event).alias(c.EVENT), pl.lit(None, pl.Float64).alias(c.VALUE)
        rest = [name for name in rows.columns if name not in (*ids, config.label)]
        if config.label not in rows.columns:
            return rows.select(*ids, kind, value, *rest), None
        taken = pl.col(config.label) > 0
        shown = rows.select(*ids, pl.lit(None, pl.Int64).alias(c.POSITION), taken.alias("clicked"))
        what = "rows only shown (label 0), kept as exposures and not as events"
        report.add("recbole", what, int((~shown["clicked"]).sum()), total=rows.height)
        return rows.filter(taken).select(*ids, kind, value, *rest), shown


def _files(path: Path, ending: str) -> list[Path]:
    """Files of one kind: in the folder, or of the same data set as the file that was named."""
    if path.is_dir():
        return sorted(file for file in path.glob(f"*{ending}") if file.is_file())
    if path.suffix not in ENDINGS or not path.is_file():
        return []
    if ending == path.suffix:
        return [path]
    return sorted(path.parent.glob(f"{path.name.split('.')[0]}*{ending}"))


def _typed(path: Path) -> bool:
    fields = first_line(path).split("\t")
    return all(field.rpartition(":")[2].strip() in TYPES for field in fields)


def _header(path: Path) -> dict[str, str]:
    """Field names and their types.

    Raises:
        SchemaError: a field has no type, or one that RecBole does not know.
    """
    fields = {}
    for field in header(path, "\t"):
        name, _, kind = field.rpartition(":")
        if not name or kind not in TYPES:
            raise SchemaError(
                f"{path}: field {field!r} of the header; expected NAME:TYPE with a type of "
                f"{', '.join(TYPES)}, separated by tabs"
            )
        fields[name] = kind
    return fields


def _typed_table(path: Path, report: Report, step: str, skip: tuple[str, ...] = ()) -> pl.LazyFrame:
    """A file with its fields as what the header says; those in `skip` stay text."""
    fields = _header(path)
    lines = delimited(path, None, "\t", report=report, step=step)
    table = lines.rename(dict(zip(header(path, "\t"), fields, strict=True)))
    return table.with_columns(_as(name, kind) for name, kind in fields.items() if name not in skip)


def _as(name: str, kind: str) -> pl.Expr:
    """One field by its type; sequences are split at spaces."""
    if kind == "float":
        return number(name)
    if kind == "float_seq":
        return text(name).str.split(" ").list.eval(pl.element().cast(pl.Float64, strict=False))
    return text(name)  # sequences of words may be prose: `_lists` splits those that are not


def _described(files: list[Path], key: str, id_: str, report: Report) -> pl.DataFrame | None:
    """What is known of items or users, one row an id."""
    if not files:
        return None
    tables = [_description(path, key, id_, report) for path in files]
    return first_of_each(pl.concat(tables, how="diagonal_relaxed"), id_, report, "recbole")


def _description(path: Path, key: str, id_: str, report: Report) -> pl.DataFrame:
    fields, step = _header(path), f"recbole {path.name}"
    require(list(fields), [key], path)
    rows = sift(
        _typed_table(path, report, step),
        {f"without a {key} set aside": missing(key)},
        report,
        step,
        path,
    ).rename({key: id_})
    names = {
        old: new
        for old, new in ITEM_NAMES.items()
        if id_ == c.ITEM and old in rows.columns and new not in rows.columns
    }
    sequences = {name for name, kind in fields.items() if kind == "token_seq"}
    rows = rows.rename(names)
    renamed = {names.get(name, name) for name in sequences}
    lists = [n for n in rows.columns if n not in WHOLE and (n in renamed or n in LISTS)]
    numbers = [n for n in NUMBERS if n in rows.columns and rows.schema[n] == pl.String]
    _count_unread(rows, numbers, report, step)
    rows = rows.with_columns(*(_split(name) for name in lists), *(number(n) for n in numbers))
    years = [pl.col("year").cast(pl.Int64)] if "year" in rows.columns else []
    return rows.with_columns(years)


def _count_unread(rows: pl.DataFrame, names: Sequence[str], report: Report, step: str) -> None:
    for name in names:
        unread = rows.filter(pl.col(name).is_not_null() & number(name).is_null())[name]
        report.add(
            step, f"{name} unreadable, left empty", len(unread), examples=unread.head(3).to_list()
        )


def _split(name: str) -> pl.Expr:
    """A sequence as a list, split at commas where it has them, else at spaces."""
    raw = pl.col(name)
    bare = raw.str.strip_chars("[] ")
    commas = bare.str.split(",").list.eval(pl.element().str.strip_chars(" '\""))
    parts = pl.when(raw.str.contains(",", literal=True)).then(commas).otherwise(bare.str.split(" "))
    return parts.list.filter(pl.element() != "").fill_null([]).alias(name)


def _network(files: list[Path], report: Report) -> pl.DataFrame | None:
    """Edges between users."""
    if not files:
        return None
    tables = []
    for path in files:
        step = f"recbole {path.name}"
        require(list(_header(path)), ("source_id", "target_id"), path)
        faults = no_ids("source_id", "target_id")
        rows = sift(_typed_table(path, report, step), faults, report, step, path)
        tables.append(
            rows.select(
                pl.col("source_id").alias(c.SOURCE),
                pl.col("target_id").alias(c.TARGET),
                pl.lit("follows").alias(c.RELATION),
            )
        )
    return pl.concat(tables)
