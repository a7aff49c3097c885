"""MIND, the Microsoft news data: `news.tsv` and `behaviors.tsv`, in one folder or one a split.

Clicks become events; everything shown becomes an exposure. A user's history has no times, so its
items are placed one second apart just before the user's first impression, and marked `undated`.
"""

from pathlib import Path
from typing import Final

import polars as pl

from penchant.data import columns as c
from penchant.data.sources import (
    BLANK,
    BROKEN,
    LINE,
    Tables,
    delimited,
    first_line,
    first_of_each,
    folder,
    missing,
    sift,
    text,
)
from penchant.errors import ReadError
from penchant.types import QUIET, Progress, Report

NEWS: Final = (
    *("item_id", "topic", "subtopic", "title", "abstract", "url"),
    *("title_entities", "abstract_entities"),
)
BEHAVIORS: Final = ("impression", "user_id", "time", "history", "shown")
TIME: Final = "%m/%d/%Y %I:%M:%S %p"
SHOWN: Final = r"^(.*?)(?:-([01]))?$"


class Mind:
    """The source `mind`: a folder with both files, or a folder of such folders."""

    name = "mind"

    def matches(self, path: Path) -> bool:
        """Whether both files are there and have as many columns as they must."""
        return any(
            first_line(where / "behaviors.tsv").count("\t") == len(BEHAVIORS) - 1
            and first_line(where / "news.tsv").count("\t") == len(NEWS) - 1
            for where in _splits(path)
        )

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        """Read news into items, clicks into events, impressions into exposures."""
        splits = _splits(path)
        if not splits:
            raise ReadError(f"{path}: expected MIND's news.tsv and behaviors.tsv in it")
        news, impressions = [], []
        with progress.step("read mind", total=2 * len(splits)) as step:
            for where in splits:
                news.append(_news(where / "news.tsv", report))
                step.advance(note=f"{where.name}/news.tsv")
                impressions.append(_impressions(where / "behaviors.tsv", report))
                step.advance(note=f"{where.name}/behaviors.tsv")
        told = pl.concat(impressions)
        shown = _shown(told, report)
        events = pl.concat([_history(told, report), _clicks(shown)])
        items = first_of_each(pl.concat(news), c.ITEM, report, "mind")
        exposures = shown.select(c.USER, c.ITEM, c.TIME, c.POSITION, "clicked")
        return Tables(events=events, items=items, exposures=exposures)


def _splits(path: Path) -> list[Path]:
    """Folders that have both files."""
    where = folder(path)
    if path.is_file() and path.name not in ("news.tsv", "behaviors.tsv"):
        return []
    inner = sorted(where.iterdir()) if where.is_dir() else []
    return [
        place
        for place in (where, *inner)
        if (place / "news.tsv").is_file() and (place / "behaviors.tsv").is_file()
    ]


def _news(path: Path, report: Report) -> pl.DataFrame:
    step = f"mind {path.parent.name}/{path.name}"
    table = delimited(path, NEWS, "\t", report=report, step=step)
    rows = sift(table, {"without an item id set aside": missing("item_id")}, report, step, path)
    labels = pl.concat_str("title_entities", "abstract_entities").str.extract_all(
        r'"Label": ?"(?:[^"\\]|\\.)*"'
    )
    bare = pl.element().str.extract(r'^"Label": ?"(.*)"$').str.replace_all(r"\\(.)", "${1}")
    return rows.select(
        text("item_id").alias(c.ITEM),
        text("title").alias(c.TITLE),
        text("abstract").alias(c.DESCRIPTION),
        pl.concat_list(text("topic"), text("subtopic")).list.drop_nulls().alias(c.CATEGORY),
        labels.list.eval(bare).list.unique(maintain_order=True).alias(c.TAGS),
        text("url"),
    )


def _impressions(path: Path, report: Report) -> pl.DataFrame:
    """Impressions with a user and a time; the zone is not told, taken as UTC."""
    step = f"mind {path.parent.name}/{path.name}"
    time = text("time").str.to_datetime(TIME, time_unit="us", time_zone="UTC", strict=False)
    table = delimited(path, BEHAVIORS, "\t", report=report, step=step).select(
        LINE,
        BLANK,
        BROKEN,
        text("impression"),
        text("user_id"),
        time,
        text("history"),
        text("shown"),
    )
    faults = {
        "without a user id set aside": missing("user_id"),
        "without a readable time set aside": pl.col("time").is_null(),
    }
    return sift(table, faults, report, step, path)


def _shown(told: pl.DataFrame, report: Report) -> pl.DataFrame:
    """One row an item shown; `clicked` is null where the file does not tell (its test split)."""
    part = pl.col("shown").str.extract_groups(SHOWN)
    shown = (
        told.lazy()
        .select("impression", c.USER, pl.col("time").alias(c.TIME), pl.col("shown").str.split(" "))
        .with_columns(
            pl.int_ranges(0, pl.col("shown").list.len().fill_null(0), dtype=pl.Int64).alias(
                c.POSITION
            )
        )
        .filter(pl.col("shown").is_not_null())
        .explode("shown", c.POSITION)
        .filter(pl.col("shown") != "")
        .with_columns(part.struct.field("1").alias(c.ITEM), part.struct.field("2").alias("_taken"))
        .with_columns((pl.col("_taken") == "1").alias("clicked"))
        .drop("shown", "_taken")
        .collect(engine="streaming")
    )
    unnamed = shown.filter(pl.col(c.ITEM) == "").height
    report.add("mind", "shown without an item id set aside", unnamed, total=shown.height)
    shown = shown.filter(pl.col(c.ITEM) != "")
    untold = shown["clicked"].null_count()
    report.add("mind", "shown without a word on clicks, no events", untold, total=shown.height)
    return shown


def _clicks(shown: pl.DataFrame) -> pl.DataFrame:
    return shown.filter("clicked").select(
        c.USER,
        c.ITEM,
        c.TIME,
        pl.lit("click").alias(c.EVENT),
        c.POSITION,
        pl.col("impression").alias(c.SESSION),
        pl.lit(False).alias("undated"),
    )


def _history(told: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Each user's history once, as clicks of an assumed time before the first impression."""
    first = (
        told.lazy()
        .sort("time", "impression")
        .group_by(c.USER, maintain_order=True)
        .agg(
            pl.col("time").first(),
            pl.col("history").first().str.split(" ").list.filter(pl.element() != ""),
            (pl.col("history").fill_null("").hash().n_unique() - 1).alias("others"),
        )
        .collect()
    )
    report.add(
        "mind", "later histories of a user that differ, not read", int(first["others"].sum())
    )
    back = pl.col("history").list.len() - pl.int_ranges(0, pl.col("history").list.len())
    events = (
        first.filter(pl.col("history").list.len() > 0)
        .with_columns(back.alias("back"))
        .explode("history", "back")
        .select(
            c.USER,
            pl.col("history").alias(c.ITEM),
            (pl.col("time") - pl.duration(seconds="back")).alias(c.TIME),
            pl.lit("click").alias(c.EVENT),
            pl.lit(None, pl.Int64).alias(c.POSITION),
            pl.lit(None, pl.String).alias(c.SESSION),
            pl.lit(True).alias("undated"),
        )
    )
    what = "history clicks without a time, placed one second apart before the first impression"
    report.add("mind", what, events.height)
    return events
