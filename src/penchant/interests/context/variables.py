"""Context as categories: what the clock says, and columns that the user named."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from penchant.clock import DAY, HOUR
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.types import Floats, Ints, Longs

HOURS, WEEKDAYS, MONTHS = "hour", "weekday", "month"
_CLOCK = {
    HOURS: ["night", "morning", "noon", "afternoon", "evening", "late"],
    WEEKDAYS: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    MONTHS: [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
}  # fmt: skip

_FEW = 4_000  # values that are looked up one by one


@dataclass(frozen=True)
class Variable:
    """One thing that may matter, and the values it may take."""

    name: str
    values: tuple[str, ...]

    @property
    def clock(self) -> bool:
        """Whether it is read from the time."""
        return self.name in _CLOCK

    def codes(self, time: Longs, column: pl.Series | None) -> Ints:
        """Index of each value; −1 where it is unknown."""
        if column is None or column.null_count() == len(column):
            unknown = np.full(len(time), -1, np.int32)
            return clock_codes(self.name, time) if self.clock else unknown
        codes = self._coded(column)
        if self.clock:  # a clock value that was not asked about is read from the time
            codes = np.where(column.is_null().to_numpy(), clock_codes(self.name, time), codes)
        return codes

    def _coded(self, column: pl.Series) -> Ints:
        known, kept = {v: code for code, v in enumerate(self.values)}, column.dtype
        if len(column) <= _FEW:
            texts = column if isinstance(kept, pl.Enum) else column.cast(pl.String)
            code = defaultdict(lambda: -1, known).__getitem__
            return np.fromiter(map(code, texts.to_list()), np.int32, len(column))
        if isinstance(kept, pl.Enum):  # as a log keeps its columns: no text is compared
            codes = np.append(self._coded(kept.categories), np.int32(-1))
            return np.asarray(codes[_places(column)], np.int32)
        known_only = column.cast(pl.String).cast(pl.Enum(self.values), strict=False)
        return _places(known_only).astype(np.int32)

    def to_json(self) -> dict[str, Any]:
        """Name and values."""
        return {"name": self.name, "values": list(self.values)}


def _places(column: pl.Series) -> Longs:
    """Index of each value among the categories of its column; −1 where there is none."""
    places = column.to_physical().to_numpy()
    if places.dtype.kind == "f":  # some there were none of, and came as "not a number"
        places = np.nan_to_num(places, nan=-1.0)
    return np.asarray(places, np.int64)


def clock_codes(name: str, time: Longs) -> Ints:
    """Band of the day (six of four hours), day of the week (0 = Monday) or month (0 = January)."""
    if name == HOURS:
        return ((time % DAY) // (4 * HOUR)).astype(np.int32)
    if name == WEEKDAYS:
        return ((time // DAY + 3) % 7).astype(np.int32)
    months = (time // 1).astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return (months % 12).astype(np.int32)


def variables(log: Histories, names: tuple[str, ...], most: int = 50) -> list[Variable]:
    """The variables that can matter in a log: clock ones that vary, and its context columns.

    Times that are only days say nothing of hours. Rare values of a column count as unknown.
    """
    found = [Variable(name, tuple(_CLOCK[name])) for name in names if name in _CLOCK]
    found = [v for v in found if _varies(v.codes(log.time, None), log, v)]
    for name, column in log.past.items():
        counts = column.drop_nulls().value_counts(sort=True).head(most)
        values = tuple(str(v) for v in counts.filter(pl.col("count") >= 5)[column.name].sort())
        if len(values) >= 2:
            found.append(Variable(name, values))
    return found


def _varies(codes: Ints, log: Histories, variable: Variable) -> bool:
    if variable.name == HOURS and len(codes) and (log.time % DAY == 0).mean() > 0.95:
        return False
    return len(codes) > 0 and codes.min() < codes.max()


def table(found: list[Variable], time: Longs, columns: dict[str, pl.Series]) -> Ints:
    """Codes of all variables [N × V]."""
    if not found:
        return np.zeros((len(time), 0), np.int32)
    return np.stack([v.codes(time, columns.get(v.name)) for v in found], axis=1)


def distinct(codes: Ints) -> tuple[Ints, Longs]:
    """The different rows of codes [C × V], and which of them each row is [N]."""
    which, rows = np.zeros(len(codes), np.int64), 1
    for column in codes.T:
        base = int(column.max(initial=-1)) + 2
        which, rows = _renumbered(which * base + column + 1, rows * base)
    some = np.zeros(rows if len(codes) else 0, np.int64)
    some[which] = np.arange(len(codes))
    return codes[some], which


def _renumbered(keys: Longs, bound: int) -> tuple[Longs, int]:
    """Keys below a bound as numbers without gaps, and how many there are."""
    if bound > 4 * len(keys) + 1_000_000:
        found, which = np.unique(keys, return_inverse=True)
        return which.astype(np.int64), max(len(found), 1)
    there = np.zeros(bound, bool)
    there[keys] = True
    number = np.cumsum(there) - 1
    return number[keys], max(int(there.sum()), 1)


def asked_table(found: list[Variable], moments: Moments) -> Ints:
    """Codes of the contexts asked about [B × V]."""
    return table(found, moments.at, moments.context)


def one_hot(found: list[Variable], codes: Ints) -> Floats:
    """Indicators, one block a variable [N × F]; all zero where a value is unknown."""
    size = [len(variable.values) for variable in found]
    x, starts = np.zeros((len(codes), sum(size)), np.float32), np.cumsum([0, *size])[:-1]
    row, v = np.nonzero(codes >= 0)
    x[row, starts[v] + codes[row, v]] = 1.0
    return x
