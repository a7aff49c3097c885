"""Users that act like machines: faster, longer or more even than a person can.

All is measured on *moments*, the distinct times at which a user did something, not on events: a
basket of five hundred lines has one time and is one act, and so is a day whose hours are unknown.
"""

from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from penchant.clock import DAY, HOUR, SECOND
from penchant.config import Config
from penchant.data import columns as c
from penchant.types import Longs, Report

MINUTE = 60 * SECOND


class MachinesConfig(Config):
    """Beyond which measure a user counts as a machine; set so that keen people never do."""

    action: Literal["off", "note", "drop"] = "drop"
    """`drop` sets all events of such a user aside, `note` only counts them."""
    per_minute: float = Field(default=40.0, gt=0.0)
    """Moments a minute, kept up for `minutes`; people who rate lists reach 20."""
    minutes: float = Field(default=30.0, gt=0.0)
    """How long that pace must last, in minutes: a person tires."""
    per_day: int = Field(default=10_000, ge=2)
    """Moments in any 24 hours; one every nine seconds without sleep."""
    even_share: float = Field(default=0.95, gt=0.0, le=1.0)
    """Share of a user's gaps that are the very same (and under a day): a clock at work."""
    even_gaps: int = Field(default=200, ge=2)
    """Gaps that a user must have before their evenness says anything."""


def machines(events: pl.DataFrame, config: MachinesConfig, step: int | None = None) -> pl.DataFrame:
    """Users that act like machines, and by which measure: user_id, why. `step` is how finely times
    are written down (µs); None: as these are."""
    moments = (
        events.select(pl.col(c.USER), pl.col(c.TIME).dt.epoch("us").alias("us"))
        .unique()
        .sort(c.USER, "us")
    )
    sustained = round(config.per_minute * config.minutes)
    found = [
        _packed(moments, max(sustained, 1), round(config.minutes * MINUTE), "too fast"),
        _packed(moments, config.per_day, DAY, "too many in a day"),
        _even(moments, config, resolution(moments["us"]) if step is None else step),
    ]
    return pl.concat(found).unique(c.USER, keep="first", maintain_order=True).sort(c.USER)


def without_machines(
    events: pl.DataFrame, config: MachinesConfig, report: Report, step: int | None = None
) -> pl.DataFrame:
    """The events of people; what is set aside is counted, and the users are named."""
    if config.action == "off" or events.is_empty():
        return events
    found = machines(events, config, step)
    some = [f"{user} ({why})" for user, why in found.head(3).rows()]
    report.add("clean", "users that act like machines", found.height, examples=some)
    if config.action == "note" or found.is_empty():
        return events
    people = events.join(found, on=c.USER, how="anti", maintain_order="left")
    what = "events of users that act like machines set aside"
    report.add("clean", what, events.height - people.height, total=events.height)
    return people


def acts_like_a_machine(time: Longs, config: MachinesConfig, step: int) -> bool:
    """Whether one person's events at some times (µs, in order) would be set aside: the same as
    `machines` says, for who looks at one person often."""
    us = time[np.append(True, np.diff(time) != 0)] if len(time) else time
    if config.action != "drop":
        return False
    sustained = max(round(config.per_minute * config.minutes), 1)
    for n, span in ((sustained, round(config.minutes * MINUTE)), (config.per_day, DAY)):
        if len(us) > n and (us[n:] - us[:-n]).min() <= span:
            return True
    gaps = np.diff(us)
    if len(gaps) < config.even_gaps:
        return False
    each, counts = np.unique(gaps, return_counts=True)
    same = counts >= config.even_share * len(gaps)
    return bool((same & (each > step) & (each < DAY)).any())


def _packed(moments: pl.DataFrame, n: int, span: int, why: str) -> pl.DataFrame:
    """Users with more than n moments inside some span (µs)."""
    ahead = pl.col("us").shift(-n).over(c.USER) - pl.col("us")
    return moments.filter(ahead <= span).select(c.USER).unique().with_columns(why=pl.lit(why))


def _even(moments: pl.DataFrame, config: MachinesConfig, step: int) -> pl.DataFrame:
    """Users whose gaps are nearly all the same, and neither the clock's own step nor a day."""
    gaps = moments.with_columns(gap=pl.col("us").diff().over(c.USER)).drop_nulls("gap")
    counts = gaps.group_by(c.USER, "gap").len().with_columns(all=pl.col("len").sum().over(c.USER))
    even = (
        (pl.col("all") >= config.even_gaps)
        & (pl.col("len") >= config.even_share * pl.col("all"))
        & (pl.col("gap") > step)
        & (pl.col("gap") < DAY)
    )
    return counts.filter(even).select(c.USER).unique().with_columns(why=pl.lit("too even"))


def resolution(us: pl.Series) -> int:
    """How finely times were written down (µs): the longest step that 99 % of them keep to."""
    for step in (DAY, HOUR, MINUTE, SECOND):
        if len(us) and (us % step == 0).mean() >= 0.99:  # type: ignore[operator]
            return step
    return 1
