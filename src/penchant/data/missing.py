"""Missing values of numeric columns: left out, or filled in."""

from typing import Literal

import polars as pl

from penchant.config import Config
from penchant.data import columns as c
from penchant.types import Report


class MissingConfig(Config):
    """What to do where a numeric column has no value."""

    how: Literal["drop", "constant", "mean", "median", "interpolate"] = "median"
    """`drop` sets the row aside; `interpolate` draws a line between neighbours in time."""
    value: float = 0.0
    """What `constant` fills in, in the column's own unit."""
    within: str | None = None
    """Column whose values are filled apart, as item_id for a price; None: the table as a whole."""


def fill_missing(
    table: pl.DataFrame, name: str, config: MissingConfig, report: Report, step: str
) -> pl.DataFrame:
    """The table with one column filled; every value filled in or row set aside is counted."""
    gaps = table[name].null_count()
    if not gaps:
        return table
    if config.how == "drop":
        report.add(step, f"rows without {name} set aside", gaps, total=table.height)
        return table.filter(pl.col(name).is_not_null())
    filled = table.with_columns(_filled(table, name, config))
    left = filled[name].null_count()
    what = f"missing {name} filled in ({config.how})"
    report.add(step, what, gaps - left, total=table.height)
    report.add(step, f"missing {name} left, as nothing is known to fill in", left)
    return filled


def _filled(table: pl.DataFrame, name: str, config: MissingConfig) -> pl.Expr:
    column = pl.col(name).cast(pl.Float64)
    if config.how == "constant":
        return column.fill_null(config.value)
    if config.how == "interpolate":
        order = c.TIME if c.TIME in table.columns else None
        return _over(column.interpolate(), config.within, order)
    middle = column.mean() if config.how == "mean" else column.median()
    return column.fill_null(_over(middle, config.within))


def _over(value: pl.Expr, within: str | None, order: str | None = None) -> pl.Expr:
    if within is None and order is None:
        return value
    return value.over(within if within is not None else pl.lit(0), order_by=order)
