"""Pasts, one by one, make the same log as all at once."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.clock import DAY
from penchant.data.histories import histories
from penchant.data.machines import MachinesConfig, acts_like_a_machine, machines
from penchant.data.pasts import Names, Pasts
from penchant.data.strength import EventsConfig
from penchant.data.vocabulary import Vocabulary

ITEMS = Vocabulary([f"i{k}" for k in range(30)])
CONTEXT = ("device",)


def events(n: int, users: int, seed: int = 0, first: int = 0) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "user_id": [f"u{k}" for k in draw.integers(0, users, n)],
            "item_id": [f"i{k}" for k in draw.integers(0, 30, n)],
            "timestamp": (pl.Series(first + draw.integers(0, 40, n)) * (DAY // 2)).cast(
                pl.Datetime("us", "UTC")
            ),
            "event": draw.choice(["view", "like", "dislike"], n),
            "device": [["phone", "desk", None][k] for k in draw.integers(0, 3, n)],
        }
    )


def shape(rows: pl.DataFrame, users: Vocabulary | None = None):
    log = histories(rows, ITEMS, EventsConfig(), CONTEXT, users=users)
    number = Names().rows(["dislike", "like", "view"])[
        np.searchsorted(["dislike", "like", "view"], rows["event"].unique().sort().to_numpy())
    ]
    return replace(log, kind=number[log.kind].astype(np.int32))


class Store:
    """Rows that can be asked for by user; counts how often it is read."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows, self.reads = rows, 0

    def read(self, ids):
        self.reads += 1
        return self.rows.filter(pl.col("user_id").is_in(list(ids)))


def same(one, two) -> None:
    assert one.users.ids.to_list() == two.users.ids.to_list()
    for name in ("offsets", "item", "time", "weight", "choices", "acts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)
    for name in CONTEXT:
        assert one.past[name].cast(pl.String).to_list() == two.past[name].cast(pl.String).to_list()


def never(past) -> bool:
    return False


def test_put_together_they_are_the_log():
    rows = events(300, 8)
    pasts = Pasts(Store(rows).read, shape, never, most=1000)
    users = sorted(rows["user_id"].unique())
    same(pasts.of(users, ITEMS), shape(rows))
    nobody = pasts.of(["who"], ITEMS)
    assert len(nobody) == 0 and len(nobody.users) == 1


def test_who_is_known_is_not_read_again_and_what_comes_is_taken_in():
    rows, later = events(200, 6), events(60, 6, seed=1, first=50)
    store = Store(rows)
    pasts = Pasts(store.read, shape, never, most=10_000)
    users = sorted(rows["user_id"].unique())
    pasts.of(users, ITEMS)
    store.rows = pl.concat([rows, later])
    for day in later["timestamp"].unique().sort():
        pasts.take_in(shape(later.filter(pl.col("timestamp") == day)))
    assert store.reads == 1
    same(pasts.of(users, ITEMS), shape(store.rows))
    assert store.reads == 1


def test_late_events_and_ties_are_put_in_their_place():
    rows = events(300, 6)
    store = Store(rows.head(0))
    pasts = Pasts(store.read, shape, never, most=10_000)
    users = sorted(rows["user_id"].unique())
    for k in range(0, rows.height, 5):
        piece = rows[k : k + 5]
        store.rows = rows.head(k + 5)
        pasts.take_in(shape(piece))
        pasts.of(users[: k % 6], ITEMS)
    same(pasts.of(users, ITEMS), shape(rows))


def test_an_event_that_was_read_already_counts_once():
    """A past may be read from the store before its newest event is told of."""
    rows = events(40, 2)
    pasts = Pasts(Store(rows).read, shape, never, most=1000)
    users = sorted(rows["user_id"].unique())
    pasts.of(users, ITEMS)
    pasts.take_in(shape(rows.sort("timestamp").tail(3)))
    same(pasts.of(users, ITEMS), shape(rows))


def test_only_so_much_is_kept_of_who_was_asked_about_last():
    rows = events(400, 40)
    store = Store(rows)
    pasts = Pasts(store.read, shape, never, most=60)
    for user in sorted(rows["user_id"].unique()):
        pasts.of([user], ITEMS)
        pasts.of(["u0"], ITEMS)
    assert len(pasts) < 12
    reads = store.reads
    pasts.of(["u0"], ITEMS)
    assert store.reads == reads, "who is asked about again and again stays"


def test_names_keep_their_numbers():
    names = Names()
    assert names.rows(["view", "like"]).tolist() == [0, 1]
    assert names.rows(["like", "cart"]).tolist() == [1, 2]
    assert names.names == ["view", "like", "cart"]


@pytest.mark.parametrize("step", [1, 1_000_000, DAY])
def test_one_person_looked_at_alone_is_the_machine_that_the_log_says(step):
    config = MachinesConfig(per_minute=2.0, minutes=5.0, per_day=60, even_gaps=20, even_share=0.7)
    draw, found = np.random.default_rng(0), []
    for k in range(60):
        gap = [draw.exponential(3e9, 40), np.full(50, 7.2e8), draw.exponential(2e7, 80)][k % 3]
        some = gap[: draw.integers(2, len(gap))]
        noise = draw.random(len(some)) < draw.random() * 0.6
        us = np.cumsum(np.where(noise, some * draw.random(), some)).astype(np.int64) // 1000 * 1000
        rows = pl.DataFrame({"user_id": "u", "timestamp": us}).cast(
            {"timestamp": pl.Datetime("us", "UTC")}
        )
        said = acts_like_a_machine(np.sort(us), config, step)
        assert said == (machines(rows, config, step).height == 1)
        found.append(said)
    assert 5 < sum(found) < 55
