"""What is read off a whole log when a model is learned from it, and holds for what comes later."""

from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Self

import polars as pl

from penchant.data import columns as c
from penchant.data.machines import resolution
from penchant.data.strength import EventsConfig, lowest


@dataclass(frozen=True)
class Facts:
    """low: the highest judgement that speaks against its item (None where nothing is judged); step:
    how finely times are written (µs); latest: time of the last event (µs, None where there is
    none); change: number of the store's newest change that was learned from.

    An event that comes later is taken as those were that the model was learned from, whatever
    else comes with it: the scale of ratings does not move before the next fit.
    """

    low: float | None
    step: int
    latest: int | None
    change: int = 0

    @classmethod
    def of(cls, events: pl.DataFrame, config: EventsConfig, change: int = 0) -> Self:
        """The facts of a clean log."""
        low, us = lowest(events, config), events[c.TIME].dt.epoch("us")
        latest = int(us.max()) if len(us) else None  # type: ignore[arg-type]
        return cls(None if low == -inf else low, resolution(us), latest, change)

    @property
    def against(self) -> float:
        """`low` as a number: −∞ where nothing is judged."""
        return -inf if self.low is None else self.low

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)
