"""Values of numeric columns that lie far from the others."""

from typing import Literal

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.types import Report

_LOW, _HIGH = "\0low", "\0high"  # no column that comes is called so


class OutliersConfig(Config):
    """When a value is too far out, and what then becomes of it."""

    by: Literal["iqr", "zscore"] = "iqr"
    """`iqr`: from the quartiles, in their distance; `zscore`: from the mean, in deviations."""
    limit: float = Field(default=3.0, gt=0.0)
    """How far is too far, in the unit of `by`; 3 is far out by either."""
    action: Literal["drop", "null", "clip"] = "drop"
    """Set the row aside, forget the value, or pull it to the limit."""
    within: str | None = None
    """Column whose values are judged apart, as category for a price; None: the table as a whole."""


def treat_outliers(
    table: pl.DataFrame, name: str, config: OutliersConfig, report: Report, step: str
) -> pl.DataFrame:
    """The table with the outliers of one column treated, and counted.

        iqr      below q₁ − limit · (q₃ − q₁)  or above q₃ + limit · (q₃ − q₁)
        zscore   |x − mean| > limit · deviation

    A column whose spread is zero has no outliers: there is no measure of far.
    """
    low, high = _bounds(pl.col(name).cast(pl.Float64), config)
    marked = table.with_columns(low.alias(_LOW), high.alias(_HIGH))
    apart = pl.col(_HIGH) > pl.col(_LOW)
    out = (apart & ~pl.col(name).is_between(_LOW, _HIGH)).fill_null(False)
    count = int(marked.select(out.sum()).item())
    what = {"drop": "set aside", "null": "forgotten", "clip": "pulled to the limit"}[config.action]
    some = marked.filter(out).head(3)[name].to_list()
    report.add(step, f"outliers of {name} {what}", count, total=table.height, examples=some)
    if config.action == "drop":
        marked = marked.filter(~out)
    elif config.action == "null":
        marked = marked.with_columns(pl.when(~out).then(name).alias(name))
    else:
        clipped = pl.col(name).cast(pl.Float64).clip(_LOW, _HIGH)
        marked = marked.with_columns(pl.when(out).then(clipped).otherwise(name).alias(name))
    return marked.drop(_LOW, _HIGH)


def _bounds(column: pl.Expr, config: OutliersConfig) -> tuple[pl.Expr, pl.Expr]:
    if config.by == "iqr":
        first, third = (column.quantile(q, "linear") for q in (0.25, 0.75))
        reach = config.limit * (third - first)
        low, high = first - reach, third + reach
    else:
        reach = config.limit * column.std()
        low, high = column.mean() - reach, column.mean() + reach
    if config.within is None:
        return low, high
    return low.over(config.within), high.over(config.within)
