"""A look at tables before anything is learned from them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from penchant.data.check import CheckConfig, CheckResult, check
from penchant.data.read import read
from penchant.engine.config import EngineConfig
from penchant.engine.prepared import EMPTY
from penchant.errors import DataError
from penchant.store.tables import Tables
from penchant.types import Report


def checked(
    stored: Tables,
    config: EngineConfig,
    now: datetime,
    events: Any = None,
    items: Any = None,
    mapping: Mapping[str, str] | None = None,
) -> list[CheckResult]:
    """Look at the tables given, else at those stored.

    Raises:
        DataError: there is nothing to look at.
    """
    report = Report()
    if events is None and items is None:
        log, things = stored.read("events").collect(), stored.read("items").collect()
        if not (log.height or things.height):
            raise DataError("check: nothing is stored yet; name a file, or `penchant add` one")
    else:
        log = stored.read("events").collect() if events is None else read(events, report=report)
        things = pl.DataFrame() if items is None else read(items, report=report)
    if events is None and not log.height:
        log = EMPTY
    return check(
        log,
        things if things.width else None,
        CheckConfig(events=config.events, clean=config.clean),
        now=now,
        mapping=_of_events(mapping or {}, log, things),
        item_mapping={k: v for k, v in (mapping or {}).items() if v in things.columns} or None,
        report=report,
    )


def _of_events(
    mapping: Mapping[str, str], events: pl.DataFrame, items: pl.DataFrame
) -> dict[str, str] | None:
    """The part of a mapping that speaks of events, or of no table at all, which is told."""
    there, elsewhere = events.columns, items.columns
    return {k: v for k, v in mapping.items() if v in there or v not in elsewhere} or None
