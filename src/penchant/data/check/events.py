"""Checks on events; each is one short function from `Tables` to a result."""

from datetime import UTC, datetime, timedelta

import polars as pl

from penchant.data import columns as c
from penchant.data.check.result import CheckResult, Tables, passed, warned
from penchant.data.clean import repeated
from penchant.data.machines import machines
from penchant.data.schema import EVENTS
from penchant.data.strength import WEIGHTS, strength

INTERNET = datetime(1990, 1, 1, tzinfo=UTC)
"""Logs of what people did on screens do not go back further."""


def missing_ids(t: Tables) -> CheckResult:
    """Rows that name no user or no item."""
    count = sum(t.report.count(f"rows without {name} set aside") for name in (c.USER, c.ITEM))
    message = f"{count:,} of {t.rows:,} events name no user or no item, and are set aside"
    advice = "Guests without an id cannot be learned from; check the mapping if these are many"
    return t.graded("ids", count, t.rows, message, advice)


def unreadable_times(t: Tables) -> CheckResult:
    """Rows whose time is missing or cannot be read."""
    count = t.report.count(f"rows without {c.TIME} set aside")
    message = f"{count:,} of {t.rows:,} events have no readable time, and are set aside"
    advice = (
        "Give `penchant add` a --time-format, or write times as ISO 8601 "
        "(2024-05-01T10:00:00+02:00)"
    )
    return t.graded("times", count, t.rows, message, advice)


def lost_rows(t: Tables) -> CheckResult:
    """Rows of files that could not be read."""
    step = [f for f in t.report.findings if f.step == "read" and "set aside" in f.what]
    count = sum(f.count for f in step)
    message = f"{count:,} rows of the files could not be read"
    advice = "Look at the examples in the report: a cut-off copy, or quotes that never close"
    return t.graded("reading", count, t.rows + count, message, advice)


def enough_events(t: Tables) -> CheckResult:
    """Whether there is anything to learn from."""
    n, least = t.events.height, t.config.least_events
    if n < 2:
        advice = "Check the mapping and what was set aside"
        return CheckResult("events", "FAIL", n, t.rows, f"{n} events are left", advice)
    if n < least:
        advice = f"Below {least:,} recommendations rest mostly on popularity and text"
        return CheckResult("events", "WARN", n, t.rows, f"only {n:,} events", advice)
    return passed("events", t.rows, f"{n:,} events", n)


def several_users(t: Tables) -> CheckResult:
    """One user alone teaches nothing about others."""
    return _several(t, c.USER, "users")


def several_items(t: Tables) -> CheckResult:
    """One item alone leaves nothing to choose."""
    return _several(t, c.ITEM, "items")


def _several(t: Tables, column: str, name: str) -> CheckResult:
    n = t.events[column].n_unique()
    if n < 2:
        advice = f"At least two {name} are needed; is {column} mapped to the right column?"
        return CheckResult(name, "FAIL", n, t.events.height, f"{n} {name[:-1]} only", advice)
    share = t.events.height / n
    return passed(name, t.events.height, f"{n:,} {name}, {share:.1f} events each", n)


def time_range(t: Tables) -> CheckResult:
    """First and last time; a log of hours, or of the sixties, is suspicious."""
    if t.events.is_empty():
        return passed("time range", 0, "no events")
    first, last = t.events.select(pl.min(c.TIME).alias("a"), pl.max(c.TIME).alias("b")).row(0)
    message = f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    early = int((t.events[c.TIME] < INTERNET).sum())
    if early:
        advice = "Is the unit of the times right? Seconds, milliseconds and microseconds are known"
        return CheckResult(
            "time range",
            "WARN",
            early,
            t.events.height,
            f"{message}: {early:,} before 1990",
            advice,
        )
    if last - first < timedelta(days=t.config.span_days):
        advice = "Interests change over weeks: neither trends nor rhythms can be learned from this"
        return CheckResult("time range", "WARN", 0, t.events.height, message, advice)
    return passed("time range", t.events.height, message)


def future_times(t: Tables) -> CheckResult:
    """Events that have not happened yet."""
    last = t.now + timedelta(days=t.config.clean.future_days)
    count = int((t.events[c.TIME] > last).sum())
    message = f"{count:,} events lie in the future, and would be set aside"
    advice = "Is the zone or the order of day and month right?"
    return warned("future", count, t.events.height, message, advice)


def tied_times(t: Tables) -> CheckResult:
    """Times that are only days: what came first within one is unknown."""
    if t.events.is_empty():
        return passed("resolution", 0, "no events")
    count = int((t.events[c.TIME].dt.epoch("us") % 86_400_000_000 == 0).sum())
    tied = int(t.events.select(pl.struct(c.USER, c.TIME).is_duplicated().sum()).item())
    message = f"{tied:,} of {t.events.height:,} events share their user's time with another"
    if count >= t.config.midnight * t.events.height:
        advice = "Hours cannot serve as context; add `position` if the order inside a day is known"
        message = f"times are days; {message}"
        return CheckResult("resolution", "WARN", count, t.events.height, message, advice)
    return passed("resolution", t.events.height, message, tied)


def duplicates(t: Tables) -> CheckResult:
    """Events that came twice."""
    count = int(repeated(t.events).sum()) if t.events.height else 0
    message = f"{count:,} events are the same as another in every column"
    advice = "They count once; an event_id tells a repetition from a double delivery"
    return t.graded("duplicates", count, t.events.height, message, advice)


def repeats(t: Tables) -> CheckResult:
    """How often people come back to an item: it decides whether seen items are shown again."""
    likes = t.events.filter(pl.lit(pl.Series(strength(t.events, t.config.events) > 0)))
    count = likes.height - likes.select(c.USER, c.ITEM).n_unique() if likes.height else 0
    share = count / likes.height if likes.height else 0.0
    setting = t.config.events.repeats
    if setting == "auto":
        allowed = share > t.config.events.repeats_above
        setting = "allow" if allowed else "filter"
    message = f"{share:.1%} of positive events go to an item that the user had before: {setting}"
    return passed("repeats", likes.height, message, count)


def event_types(t: Tables) -> CheckResult:
    """Types that no weight is set for."""
    kinds = t.events[c.EVENT].value_counts(sort=True)
    known = {**WEIGHTS, **t.config.events.weights}
    other = kinds.filter(~pl.col(c.EVENT).is_in(list(known)))
    listed = ", ".join(f"{kind} {n:,}" for kind, n in kinds.head(8).rows())
    names = ", ".join(other[c.EVENT].head(5))
    advice = f"{names}: weight {t.config.events.other} unless set under events.weights"
    count = int(other["count"].sum())
    return warned("event types", count, t.events.height, listed or "none", advice)


def value_range(t: Tables) -> CheckResult:
    """Whether values could be read, and between what they lie."""
    if c.VALUE not in t.events.columns:
        return passed("values", t.events.height, "no values")
    column = t.events[c.VALUE]
    bad = t.report.count(f"unreadable {c.VALUE}")
    if column.null_count() == len(column):
        message = f"no value could be read ({bad:,} were given)" if bad else "all values are empty"
        return warned("values", bad, len(column), message, "Write numbers with a point: 2.95")
    low, middle, high = (float(column.quantile(q, "linear") or 0.0) for q in (0.0, 0.5, 1.0))
    message = f"from {low:g} to {high:g}, middle {middle:g}"
    return warned("values", bad, len(column), message, f"{bad:,} could not be read; see the report")


def negative_numbers(t: Tables) -> CheckResult:
    """Negative quantities are often cancellations that wear the type of a purchase."""
    names = [n for n in (c.VALUE, "quantity", c.PRICE) if _number(t.events, n)]
    plus = pl.lit(pl.Series(strength(t.events, t.config.events) > 0))
    below = pl.any_horizontal(pl.col(n) < 0 for n in names) if names else pl.lit(False)
    count = t.events.filter(plus & below.fill_null(False)).height
    message = f"{count:,} events of a positive type have a negative number ({', '.join(names)})"
    advice = "Are these cancellations or returns? Give them an event type of their own"
    return warned("negative", count, t.events.height, message, advice)


def _number(table: pl.DataFrame, name: str) -> bool:
    return name in table.columns and table.schema[name].is_numeric()


def machine_users(t: Tables) -> CheckResult:
    """Users that act like machines."""
    found = machines(t.events, t.config.clean.machines) if t.events.height else pl.DataFrame()
    users = t.events[c.USER].n_unique()
    some = ", ".join(f"{user} ({why})" for user, why in found.head(3).rows())
    message = f"{found.height:,} of {users:,} users act like machines {some}".strip()
    advice = "Their events are set aside unless clean.machines.action says otherwise"
    return warned("machines", found.height, users, message, advice)


def contexts(t: Tables) -> CheckResult:
    """Columns that could serve as context: few values, and not the same everywhere."""
    extra = [name for name in t.events.columns if name not in EVENTS.kinds]
    most = t.config.context_values
    found = [name for name in extra if 2 <= _values(t.events[name]) <= most]
    message = f"columns that may serve as context: {', '.join(found)}" if found else "none found"
    return passed("context", len(extra), message, len(found))


def _values(column: pl.Series) -> int:
    if column.dtype.is_nested() or column.dtype == pl.Object:
        return 0
    return column.drop_nulls().n_unique()
