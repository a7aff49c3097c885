"""The knobs of the world; a strength of 0 switches its effect off."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field, model_validator

from penchant.clock import micros
from penchant.config import Config
from penchant.data.sources.world.shelves import leaf_counts
from penchant.errors import ConfigError, DataError


class WorldConfig(Config):
    """How big the shop is, and how strongly each thing shows.

    >>> WorldConfig.small().users
    150
    """

    seed: int = 0
    """Same settings and seed: same tables."""
    users: int = Field(default=2_000, ge=2)
    """People."""
    items: int = Field(default=3_600, ge=1)
    """Goods; every leaf of the tree has at least one."""
    departments: int = Field(default=12, ge=1, le=len(leaf_counts()))
    """How many of the broadest categories the shop has."""
    events: int = Field(default=150_000, ge=1)
    """About how many events there are; the true number is within some percent."""
    start: str = "2024-01-01"
    """First day, in UTC."""
    days: int = Field(default=365, ge=2, le=20_000)
    """How long the world lasts."""

    signal: float = Field(default=1.0, ge=0.0, le=1.0)
    """Share of all choices that follow a person's law; at 0 all are drawn by popularity alone."""
    noise: float = Field(default=0.05, ge=0.0, le=1.0)
    """Share of the remaining choices that are drawn by popularity."""
    popularity: float = Field(default=0.8, ge=0.0)
    """Zipf exponent of the items of a leaf."""
    launches: float = Field(default=0.3, ge=0.0, le=1.0)
    """Share of the items that appear only after the first day."""

    interest_strength: float = Field(default=0.9, ge=0.0, le=1.0)
    """Share of the long-term taste that is a person's own; the rest is everybody's."""
    interest_spread: float = Field(default=2.0, gt=0.0)
    """Dirichlet mass over departments: 2 gives one to three that a person cares for."""
    style_strength: float = Field(default=1.0, ge=0.0)
    """Power on the liking of hidden styles, which choose the item inside a leaf."""
    communities: int = Field(default=24, ge=1)
    """Circles of people with like tastes and styles."""
    friends: float = Field(default=6.0, ge=0.0)
    """Friends of a person, on average."""
    homophily: float = Field(default=0.8, ge=0.0, le=1.0)
    """Share of friendships that are made between people alike."""

    context_strength: float = Field(default=1.0, ge=0.0)
    """Scale of all log-lifts by weekend, evening and mobile device."""
    group_context: float = Field(default=0.5, ge=0.0)
    """Spread of the further log-lifts that only one group of people has."""
    burst_rate: float = Field(default=2.5, ge=0.0)
    """Bursts of short-term interest, per person and year."""
    burst_days: float = Field(default=5.0, gt=0.0)
    """How long a burst lasts, on average."""
    burst_strength: float = Field(default=3.0, ge=0.0)
    """Weight of a burst's leaf beside a long-term taste of weight 1."""
    change_rate: float = Field(default=0.6, ge=0.0)
    """Lasting changes of taste, per person and year (three at most)."""
    change_strength: float = Field(default=0.85, ge=0.0, le=1.0)
    """Share of a left category's weight that moves to the new one."""

    session_length: float = Field(default=3.0, ge=1.0)
    """Items that a person looks up in a session, on average."""
    repeat_rate: float = Field(default=0.4, ge=0.0, le=1.0)
    """Chance that a look at a consumable leaf goes to what was bought there last."""
    cart_rate: float = Field(default=0.2, ge=0.0, le=1.0)
    """Chance that an item looked at is put into the cart (times `signal`)."""
    purchase_rate: float = Field(default=0.5, ge=0.0, le=1.0)
    """Chance that an item in the cart is bought."""
    rating_rate: float = Field(default=0.25, ge=0.0, le=1.0)
    """Chance that a bought item is rated some days later."""
    exposure_rate: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of the sessions that begin with a list shown by the shop."""
    list_length: int = Field(default=10, ge=1, le=100)
    """Items in such a list."""
    click_rate: float = Field(default=0.08, ge=0.0, le=1.0)
    """Scale of the chance that an examined item is clicked."""
    position_bias: float = Field(default=1.0, ge=0.0)
    """Position p is examined with chance p^-bias; 0: all are."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        leaves = sum(leaf_counts()[: self.departments])
        if self.items < leaves:
            raise ConfigError(
                f"items: {self.items} came; {self.departments} departments have {leaves} leaves, "
                "expected at least one item each. Ask for more items or fewer departments"
            )
        try:
            micros(self.start)
        except DataError as error:
            raise ConfigError(f"start: {error}") from None
        if datetime.fromisoformat(self.start).time() != datetime.min.time():
            raise ConfigError(f"start: {self.start!r} came; expected a day, as 2024-01-01")
        return self

    @classmethod
    def small(cls, **changes: Any) -> Self:
        """A world for tests: 300 items, 150 people, ninety days."""
        small = {"users": 150, "items": 300, "departments": 4, "events": 6_000, "days": 90}
        return cls(**{"communities": 8, **small, **changes})

    @classmethod
    def silent(cls, **changes: Any) -> Self:
        """A small world without any signal: nothing can beat popularity here."""
        return cls.small(**{"signal": 0.0, **changes})

    @property
    def start_us(self) -> int:
        """First moment, in microseconds since 1970."""
        return micros(self.start)

    @property
    def by_popularity(self) -> float:
        """ε: share of all choices that are drawn by popularity."""
        return 1.0 - self.signal * (1.0 - self.noise)
