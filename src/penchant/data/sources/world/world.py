"""The world itself: its tables, and the truth behind them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from penchant.clock import DAY
from penchant.data import columns as c
from penchant.data.sources.world.behaviour import BLOCK, EVENTS, PLACES, Block, live, sessions_each
from penchant.data.sources.world.config import WorldConfig
from penchant.data.sources.world.goods import describe, make_goods
from penchant.data.sources.world.law import Law
from penchant.data.sources.world.people import (
    AGES,
    DEVICES,
    GROUPS,
    make_friends,
    make_lifts,
    make_people,
)
from penchant.data.sources.world.shelves import FEATURES
from penchant.data.sources.world.truth import At, Truth, tell
from penchant.data.vocabulary import Vocabulary
from penchant.types import QUIET, Longs, Progress


@dataclass(frozen=True)
class World:
    """A simulated shop: tables as they would come from a real one, and what is true of them.

    events: user_id, item_id, timestamp, event, value (stars of a rating), session_id, device,
        place, organic (false for what began with a click in a shown list); in order of time.
    exposures: user_id, item_id, timestamp, position (from 1), clicked, session_id, device, place.
    items: item_id, title, description, category, tags, brand, price, launched.
    users: user_id, group, age, joined.   relations: source, target, relation (both directions).
    """

    config: WorldConfig
    events: pl.DataFrame
    exposures: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame
    relations: pl.DataFrame
    law: Law

    def truth(
        self, user_ids: Iterable[str], at: At, context: Mapping[str, Any] | None = None
    ) -> Truth:
        """True interests of some users at a time (one for all, or one each), from the start on.

        Hour and weekday (Monday is 0) are read from the time, in UTC, and a device not given is
        averaged over by the user's habit; `context` sets `device`, `hour`, `weekday`, `place`.

        Raises:
            UnknownIdError: a user is not of this world.
            DataError: a time before the start, or a context that the world does not have.
        """
        return tell(self.law, self._known, user_ids, at, context)

    def categories(self, level: int) -> list[tuple[str, ...]]:
        """Categories of a level (1 broadest, 3 leaves), in the order of the truth's columns."""
        return self.law.goods.tree.paths(level)

    @cached_property
    def changes(self) -> pl.DataFrame:
        """Lasting changes of taste: user_id, timestamp, from_category, to_category (level 2)."""
        epochs, paths = self.law.people.epochs, self.categories(2)
        new = np.flatnonzero(epochs.left >= 0)
        return pl.DataFrame(
            {
                c.USER: self._known.ids.gather(epochs.user[new]),
                c.TIME: _stamps(self.config, epochs.begin[new]),
                "from_category": _paths(paths, epochs.left[new]),
                "to_category": _paths(paths, epochs.taken[new]),
            }
        )

    @cached_property
    def bursts(self) -> pl.DataFrame:
        """Short-term interests: user_id, start, end (not included), category (a leaf)."""
        bursts = self.law.people.bursts
        return pl.DataFrame(
            {
                c.USER: self._known.ids.gather(bursts.user),
                "start": _stamps(self.config, bursts.begin),
                "end": _stamps(self.config, bursts.end),
                c.CATEGORY: _paths(self.categories(3), bursts.leaf),
            }
        )

    @cached_property
    def lifts(self) -> pl.DataFrame:
        """Planted log-lifts: group (null: everybody), context, category (a leaf), lift.

        A person's lift is everybody's plus that of the person's group.
        """
        lifts, leaves = self.law.lifts, self.categories(3)
        groups = [None, *GROUPS]
        n, F, K = lifts.shape
        return pl.DataFrame(
            {
                "group": pl.Series([g for g in groups for _ in range(F * K)], dtype=pl.String),
                "context": [f for _ in range(n) for f in FEATURES for _ in range(K)],
                c.CATEGORY: [list(path) for path in leaves] * (n * F),
                "lift": lifts.ravel(),
            }
        )

    @cached_property
    def _known(self) -> Vocabulary:
        return Vocabulary(self.users[c.USER])


def make_world(config: WorldConfig | None = None, *, progress: Progress = QUIET) -> World:
    """Make the shop, its people and everything they do; same settings, same tables."""
    config = config or WorldConfig()
    goods = make_goods(config)
    people = make_people(config, goods)
    law = Law(config, goods, people, make_lifts(config, goods))
    blocks, each = [], sessions_each(law)
    with progress.step("world", total=config.users) as step:
        for first in range(0, config.users, BLOCK):
            users = np.arange(first, min(first + BLOCK, config.users))
            blocks.append(live(law, users, each))
            step.advance(len(users))
    return World(
        config=config,
        events=_event_table(law, blocks),
        exposures=_exposure_table(law, blocks),
        items=describe(goods, config),
        users=_user_table(law),
        relations=_relation_table(law),
        law=law,
    )


def _event_table(law: Law, blocks: list[Block]) -> pl.DataFrame:
    table = pl.concat([pl.DataFrame(block.events) for block in blocks])
    table = table.sort("t", "user", "event", "item")
    return table.select(
        *_who_what_when(law),
        _name("event", EVENTS).alias(c.EVENT),
        pl.col("value").fill_nan(None).alias(c.VALUE),
        *_where(law),
        pl.col("organic"),
    )


def _exposure_table(law: Law, blocks: list[Block]) -> pl.DataFrame:
    table = pl.concat([pl.DataFrame(block.exposures) for block in blocks])
    table = table.sort("t", "user", "position")
    return table.select(
        *_who_what_when(law),
        pl.col("position").cast(pl.Int32).alias(c.POSITION),
        pl.col("clicked"),
        *_where(law),
    )


def _user_table(law: Law) -> pl.DataFrame:
    people = law.people
    return pl.DataFrame(
        {
            c.USER: people.ids(),
            "group": pl.Series(GROUPS).gather(people.group),
            "age": pl.Series(AGES).gather(people.group),
            "joined": _stamps(law.config, people.joined * (DAY // 1000)),
        }
    )


def _relation_table(law: Law) -> pl.DataFrame:
    ids = law.people.ids()
    source, target = make_friends(law.config, law.goods, law.people)
    table = pl.DataFrame({c.SOURCE: ids.gather(source), c.TARGET: ids.gather(target)})
    return table.with_columns(pl.lit("friend").alias(c.RELATION)).sort(c.SOURCE, c.TARGET)


def _who_what_when(law: Law) -> list[pl.Expr]:
    start = law.config.start_us
    at = (start + pl.col("t") * 1000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return [
        _row("user", law.people.ids()).alias(c.USER),
        _row("item", law.goods.ids).alias(c.ITEM),
        at.alias(c.TIME),
    ]


def _where(law: Law) -> list[pl.Expr]:
    visit = pl.format("{}-{}", _row("user", law.people.ids()), "session")
    session = pl.when(pl.col("session") >= 0).then(visit)
    return [
        session.alias(c.SESSION),
        _name("device", DEVICES).alias("device"),
        _name("place", PLACES).alias("place"),
    ]


def _row(column: str, ids: pl.Series) -> pl.Expr:
    return pl.lit(ids).gather(pl.col(column))


def _name(column: str, names: tuple[str, ...]) -> pl.Expr:
    """Row numbers as words, null where negative."""
    row = pl.col(column)
    return pl.when(row >= 0).then(pl.lit(pl.Series(names)).gather(row.clip(0)))


def _stamps(config: WorldConfig, ms: Longs) -> pl.Series:
    us = pl.Series(config.start_us + ms * 1000, dtype=pl.Int64)
    return us.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _paths(paths: list[tuple[str, ...]], rows: Longs) -> pl.Series:
    return pl.Series([list(path) for path in paths], dtype=pl.List(pl.String)).gather(rows)
