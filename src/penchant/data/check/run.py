"""All checks in order, on raw tables or on tables in shape."""

from collections.abc import Callable, Mapping
from datetime import datetime

import polars as pl

from penchant.data import columns as c
from penchant.data.check import events as on_events
from penchant.data.check import items as on_items
from penchant.data.check.result import CheckConfig, CheckResult, Tables, passed
from penchant.data.schema import as_events, as_items
from penchant.errors import SchemaError
from penchant.types import Report

CHECKS: tuple[Callable[[Tables], CheckResult], ...] = (
    on_events.lost_rows,
    on_events.missing_ids,
    on_events.unreadable_times,
    on_events.enough_events,
    on_events.several_users,
    on_events.several_items,
    on_events.time_range,
    on_events.future_times,
    on_events.tied_times,
    on_events.duplicates,
    on_events.repeats,
    on_events.event_types,
    on_events.value_range,
    on_events.negative_numbers,
    on_events.machine_users,
    on_events.contexts,
    on_items.described,
    on_items.untold,
    on_items.duplicate_ids,
    on_items.duplicate_titles,
    on_items.category_depth,
    on_items.long_texts,
    on_items.broken_letters,
)
"""Add a function here, and it is asked."""


def check(
    events: pl.DataFrame,
    items: pl.DataFrame | None = None,
    config: CheckConfig | None = None,
    *,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    item_mapping: Mapping[str, str] | None = None,
    report: Report | None = None,
) -> list[CheckResult]:
    """Look at tables as they came from `read`, or as they are in shape; nothing is changed.

    `report` may hold what was found on reading. Where a required column is missing there is one
    result, FAIL, that says how to name it.
    """
    report = Report(list(report.findings) if report is not None else [])
    described = items is not None
    bare = pl.DataFrame(schema={c.ITEM: pl.String})
    rows = events.height
    try:
        events = as_events(events, mapping=mapping, report=report)
        items = as_items(bare if items is None else items, mapping=item_mapping, report=report)
    except SchemaError as error:
        return [CheckResult("columns", "FAIL", 0, rows, str(error), "")]
    settings = config if config is not None else CheckConfig()
    tables = Tables(events, items, described, rows, report, settings, now)
    columns = passed("columns", rows, f"{', '.join(events.columns)}", events.width)
    return [columns, *(one(tables) for one in CHECKS)]
