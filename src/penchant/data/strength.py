"""How much an event says, and whether it speaks for or against its item."""

from typing import Literal

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.data import columns as c
from penchant.errors import ConfigError
from penchant.types import Floats

WEIGHTS = {
    "view": 0.5,
    "click": 0.5,
    "search": 0.3,
    "share": 1.0,
    "comment": 1.0,
    "like": 1.0,
    "cart": 1.0,
    "purchase": 1.0,
    "rating": 1.0,
    "review": 1.0,
    "listen": 1.0,
    "skip": -0.3,
    "dislike": -1.0,
    "cancel": -1.0,
    "return": -1.0,
}


class EventsConfig(Config):
    """What events mean.

    A negative weight is evidence against. The scale of ratings is read from the data (the lowest
    and highest value of each event type in `rated`) unless given.
    """

    weights: dict[str, float] = Field(default_factory=lambda: dict(WEIGHTS))
    """Weight by event type, added to the built-in ones; types not named count `other`."""
    other: float = 1.0
    """Weight of event types that are not named."""
    rated: tuple[str, ...] = ("rating", "review")
    """Event types whose value is a judgement on a scale."""
    low: float = Field(0.3, ge=0.0, le=1.0)
    """A judgement at or below this share of the scale is evidence against."""
    low_weight: float = Field(-0.3, le=0.0)
    """Weight of such a judgement."""
    scale: tuple[float, float] | None = None
    """Lowest and highest judgement; None: as found in the data."""
    repeats: Literal["auto", "allow", "filter"] = "auto"
    """Whether an item may be recommended again to who had it: groceries repeat, films do not."""
    repeats_above: float = Field(0.05, ge=0.0, le=1.0)
    """`auto` allows repeats where more than this share of positive events are repeats."""


def strength(events: pl.DataFrame, config: EventsConfig, low: float | None = None) -> Floats:
    """Signed weight of each event [E]: its type's weight, or `low_weight` for a low judgement.

    `low` is the highest judgement that speaks against its item; None: as `lowest` finds it here.

    Raises:
        ConfigError: the scale is empty or turned around.
    """
    low = lowest(events, config) if low is None else low
    kinds = {**WEIGHTS, **config.weights}
    kind = pl.col(c.EVENT)
    weight = kind.replace_strict(kinds, default=config.other, return_dtype=pl.Float32)
    if c.VALUE in events.columns and events[c.VALUE].null_count() < events.height:
        weight = (
            pl.when(kind.is_in(list(config.rated)) & (pl.col(c.VALUE) <= low))
            .then(pl.lit(config.low_weight, pl.Float32))
            .otherwise(weight)
        )
    return events.select(weight.alias("weight")).to_series().to_numpy()


def strength_of(event: str, value: float | None, config: EventsConfig, low: float) -> float:
    """The signed weight of one event, as `strength` gives it, for who has few."""
    if value is not None and event in config.rated and value <= low:
        return config.low_weight
    return config.weights.get(event, WEIGHTS.get(event, config.other))


def lowest(events: pl.DataFrame, config: EventsConfig) -> float:
    """The highest judgement that still speaks against its item; −∞ where nothing is judged.

    Raises:
        ConfigError: the scale is empty or turned around.
    """
    if c.VALUE not in events.columns:
        return float("-inf")
    rated = events.filter(pl.col(c.EVENT).is_in(list(config.rated)))[c.VALUE].drop_nulls()
    if config.scale is not None:
        bottom, top = config.scale
        if not bottom < top:
            raise ConfigError(f"events.scale: {config.scale} came; expected (lowest, highest)")
    elif len(rated) and rated.min() != rated.max():
        bottom, top = float(rated.min()), float(rated.max())  # type: ignore[arg-type]
    else:
        return float("-inf")
    return bottom + config.low * (top - bottom)
