"""Raw tables, already in shape → tables fit to learn from; every step can be set, and is counted.

    markup → exact duplicates → near duplicates → impossible times → missing values → outliers
    → unknown items → users that act like machines → k-core

The catalogue loses nothing but rows set aside for their numbers: an item whose events are gone can
still be recommended for what is written about it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.machines import MachinesConfig, without_machines
from penchant.data.markup import strip_markup
from penchant.data.missing import MissingConfig, fill_missing
from penchant.data.outliers import OutliersConfig, treat_outliers
from penchant.errors import ConfigError, did_you_mean
from penchant.types import Report

TEXTS = (c.TITLE, c.DESCRIPTION, c.TEXT)


class CleanConfig(Config):
    """Which steps of cleaning are taken."""

    markup: bool = True
    """Strip HTML, entities and Markdown from titles, descriptions and texts of events."""
    duplicates: bool = True
    """Set aside an event that came twice: the same `event_id`, or without one the same in all."""
    near_seconds: float = Field(default=0.0, ge=0.0)
    """Set aside an event that follows its like (user, item, type) so many seconds after; 0: off."""
    earliest: datetime = datetime(1971, 1, 1, tzinfo=UTC)
    """Events before this time are impossible; the default catches clocks that start at zero."""
    future_days: float = Field(default=1.0, ge=0.0)
    """Events so many days beyond now are impossible; a day forgives zones that were mixed up."""
    unknown_items: Literal["keep", "drop"] = "keep"
    """An event's item is not in the catalogue: `keep` adds a bare item, `drop` loses the event."""
    machines: MachinesConfig = Field(default_factory=MachinesConfig)
    """Users that act like machines."""
    core_users: int = Field(default=1, ge=1)
    """Least number of events of a user; applied together with `core_items` until both hold."""
    core_items: int = Field(default=1, ge=1)
    """Least number of events of an item."""
    missing: dict[str, MissingConfig] = Field(default_factory=dict)
    """Per numeric column (of either table): what to do where it has no value."""
    outliers: dict[str, OutliersConfig] = Field(default_factory=dict)
    """Per numeric column (of either table): what to do with values far from the others."""


def clean(
    events: pl.DataFrame,
    items: pl.DataFrame | None,
    config: CleanConfig,
    report: Report,
    *,
    now: datetime,
    step: int | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Clean events and items that are in shape (see `schema`); without items they are made.

    Rows in = rows out + rows counted as set aside. Cleaning what is clean changes nothing. `step`
    is how finely times are written (µs); None: as these are.

    Raises:
        ConfigError: a column named in `missing` or `outliers` is not there, or holds no numbers.
    """
    items = pl.DataFrame(schema={c.ITEM: pl.String}) if items is None else items
    if config.markup:
        events, items = _plain(events, report, "events"), _plain(items, report, "items")
    if config.duplicates:
        events = _without_duplicates(events, report)
    if config.near_seconds:
        events = without_near(events, config.near_seconds, report)
    events = _possible(events, config, report, now)
    events, items = _numbers(events, items, config, report)
    events, items = _known(events, items, config, report)
    events = without_machines(events, config.machines, report, step)
    return _core(events, config, report), items


def _plain(table: pl.DataFrame, report: Report, step: str) -> pl.DataFrame:
    names = [name for name in TEXTS if table.schema.get(name) == pl.String]
    return table.with_columns(strip_markup(table[name], report, step) for name in names)


def _kept(events: pl.DataFrame, keep: pl.Expr, report: Report, what: str) -> pl.DataFrame:
    """The rows to keep; the others are counted."""
    kept = events.filter(keep)
    report.add("clean", f"{what} set aside", events.height - kept.height, total=events.height)
    return kept


def repeated(events: pl.DataFrame) -> pl.Series:
    """Which events came before: the same `event_id`, or where there is none the same in all."""
    names = [n for n, kind in events.schema.items() if n != c.EVENT_ID and kind != pl.Object]
    whole = ~pl.struct(names).is_first_distinct()
    if c.EVENT_ID not in events.columns:
        return events.select(whole.alias("repeated")).to_series()
    by_id = ~pl.col(c.EVENT_ID).is_first_distinct()
    same = ~pl.struct(c.EVENT_ID, *names).is_first_distinct()
    named = pl.col(c.EVENT_ID).is_not_null()
    return events.select(pl.when(named).then(by_id).otherwise(same).alias("repeated")).to_series()


def _without_duplicates(events: pl.DataFrame, report: Report) -> pl.DataFrame:
    return _kept(events, ~pl.lit(repeated(events)), report, "exact duplicates")


def without_near(events: pl.DataFrame, seconds: float, report: Report) -> pl.DataFrame:
    """The events but those that follow their like so soon."""
    like = [c.USER, c.ITEM, c.EVENT]
    gap = pl.col(c.TIME).diff().over(like, order_by=c.TIME)
    near = (gap <= pl.duration(microseconds=round(seconds * 1e6))).fill_null(False)
    return _kept(events, ~near, report, "near duplicates")


def bounds(config: CleanConfig, now: datetime) -> tuple[datetime, datetime]:
    """The earliest and the latest time that can be."""
    first = config.earliest if config.earliest.tzinfo else config.earliest.replace(tzinfo=UTC)
    return first, now + timedelta(days=config.future_days)


def _possible(
    events: pl.DataFrame, config: CleanConfig, report: Report, now: datetime
) -> pl.DataFrame:
    first, last = bounds(config, now)
    early = f"events before {first:%Y-%m-%d}"
    events = _kept(events, pl.col(c.TIME) >= first, report, early)
    return _kept(events, pl.col(c.TIME) <= last, report, "events in the future")


def _numbers(
    events: pl.DataFrame, items: pl.DataFrame, config: CleanConfig, report: Report
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Missing values and outliers, in whichever table has the column."""
    tables = {"events": events, "items": items}
    _check_columns(tables, {"missing": config.missing, "outliers": config.outliers})
    for step, table in tables.items():
        for name, missing in config.missing.items():
            if name in table.columns:
                tables[step] = fill_missing(tables[step], name, missing, report, step)
        for name, outliers in config.outliers.items():
            if name in table.columns:
                tables[step] = treat_outliers(tables[step], name, outliers, report, step)
    return tables["events"], tables["items"]


def _check_columns(
    tables: Mapping[str, pl.DataFrame], settings: Mapping[str, Mapping[str, Any]]
) -> None:
    kinds = {name: kind for t in tables.values() for name, kind in t.schema.items()}
    for group, wanted in settings.items():
        for name, setting in wanted.items():
            for column in filter(None, (name, setting.within)):
                if column not in kinds:
                    hint = did_you_mean(column, kinds)
                    raise ConfigError(f"clean.{group}: no column '{column}' came.{hint}")
            if not (kinds[name].is_numeric() or kinds[name] == pl.Null):
                raise ConfigError(f"clean.{group}.{name}: {kinds[name]} came; expected numbers")


def _known(
    events: pl.DataFrame, items: pl.DataFrame, config: CleanConfig, report: Report
) -> tuple[pl.DataFrame, pl.DataFrame]:
    unknown = (
        events.select(c.ITEM)
        .join(items.select(c.ITEM), on=c.ITEM, how="anti", maintain_order="left")
        .unique(maintain_order=True)
    )
    if unknown.is_empty():
        return events, items
    if config.unknown_items == "drop":
        known = pl.col(c.ITEM).is_in(items[c.ITEM].implode())
        return _kept(events, known, report, "events of unknown items"), items
    some = unknown[c.ITEM].head(3).to_list()
    what = "items that are only known from events, added bare"
    report.add("clean", what, unknown.height, total=items.height + unknown.height, examples=some)
    return events, pl.concat([items, unknown], how="diagonal")


def _core(events: pl.DataFrame, config: CleanConfig, report: Report) -> pl.DataFrame:
    """Only users and items with enough events, each counted among those that are left."""
    least = {c.USER: config.core_users, c.ITEM: config.core_items}
    enough = [pl.len().over(name) >= n for name, n in least.items() if n > 1]
    if not enough:
        return events
    core = events
    while (smaller := core.filter(pl.all_horizontal(enough))).height < core.height:
        core = smaller
    what = "events outside the core set aside"
    report.add("clean", what, events.height - core.height, total=events.height)
    return core
