"""A store step by step as it came to be, and what is computed anew from it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.engine.rebuild import rebuild
from penchant.engine.replay import Replay, stepwise
from penchant.errors import StoreError
from penchant.store.memory import MemoryTables
from penchant.store.tables import Change
from penchant.testing.layers import quick
from penchant.testing.stores import events

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def tables():
    """Learned from at change 2; three more came, and one more since it was looked at."""
    found = MemoryTables()
    found.append("events", events(("ann", "a", 0), ("bob", "b", 1)))
    found.append("items", pl.DataFrame({"item_id": ["a", "b"], "title": ["A", "B"]}))
    found.append("events", events(("ann", "b", 5), ("ann", "c", 4), ("cy", "a", 6)))
    found.append("items", pl.DataFrame({"item_id": ["c", "b"], "title": ["C", "BB"]}))
    found.append("relations", pl.DataFrame({"source": ["ann"], "target": ["bob"]}))
    found.append("events", events(("ann", "a", 9)))
    found.append("feedback", events(("ann", "a", 9)).with_columns(event=pl.lit("more")))
    return found


def test_a_store_comes_to_be_step_by_step(tables):
    replay = Replay(tables, 2, 5, most=6)
    assert [sum(x.rows for x in step) for step in replay.steps] == [1] * 6
    assert replay.rows["events"] == 3 and replay.latest() == 2 and not replay.changes(2)
    assert replay.read("items").collect()["title"].to_list() == ["A"], "b is as it came last"
    had = []
    while replay.steps:
        assert replay.take() == 1
        had.append(replay.people("events", ["ann"]).height)
        assert replay.read("events").collect().height == replay.last("events")
    assert had == [2, 3, 3, 3, 3, 3]
    assert replay.latest() == 8
    assert [x.kind for x in replay.changes(5)] == ["items", "items", "relations"]
    assert replay.people("relations", ["ann"]).height == 1
    assert replay.people("feedback", ["ann"]).is_empty(), "that came afterwards"
    assert replay.snapshot(("items",))[1]["items"].collect()["title"].to_list() == ["A", "C", "BB"]
    assert [x.to_list() for x in replay.owners(2, 5)] == [["ann", "ann", "cy"]]


def test_all_at_once_has_the_same_rows(tables):
    replay = Replay(tables, 2, 5).everything()
    assert [(x.seq, x.rows) for x in replay.changes(2)] == [(3, 3), (4, 2), (5, 1)]
    assert replay.between("events", 1, 99, {"item_id"})["item_id"].to_list() == [*"abbca"]
    assert replay.people("events", ["ann"], 3)["item_id"].to_list() == ["a", "b"]


def test_nothing_is_put_in(tables):
    replay = Replay(tables, 0, 2)
    for act in (
        lambda: replay.append("events", events(("ann", "a", 3))),
        lambda: replay.append_unless_forgotten("events", events(("ann", "a", 3)), 0),
        lambda: replay.forget("ann"),
    ):
        with pytest.raises(StoreError, match="read only"):
            act()


def test_steps_are_of_like_size_whatever_came():
    came = [Change(k, "events", k, k, 1) for k in range(1, 100)]
    came.append(Change(100, "events", 100, 1099, 1000))
    steps = list(stepwise(came, 10))
    rows = [sum(x.rows for x in step) for step in steps]
    assert sum(rows) == 1099 and max(rows) < 2 * 110 and len(steps) <= 11
    numbers = [n for step in steps for x in step for n in range(x.first, x.last + 1)]
    assert numbers == list(range(1, 1100))


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=60, events=3000))


def test_it_is_the_same_with_every_layer_while_others_write(world, monkeypatch):
    """Relations, people's own words and the dynamic layer too; what comes meanwhile is not seen."""
    config = EngineConfig(interests=quick()).but(
        **{"encode.kind": "hashed", "encode.hashed_dim": 64, "interests.dynamic.epochs": 1}
    )
    engine = Engine(config=config, clock=lambda: NOW)
    came = world.events.sort("timestamp", "user_id", "item_id")
    cut = int(0.8 * came.height)
    engine.add(events=came.head(cut), items=world.items.head(-3), relations=world.relations[1:])
    engine.fit()
    ann, item = (str(came[name][0]) for name in ("user_id", "item_id"))
    engine.add(events=came.slice(cut).sample(fraction=1.0, shuffle=True, seed=2))
    engine.add(items=world.items.tail(3), relations=world.relations[:1])
    engine.feedback(ann, "more", item=item)
    live, compare = engine.live, Replay.everything

    def while_others_write(replay):
        late = {"user_id": [ann], "item_id": [item], "event": ["purchase"]}
        engine.add(events=pl.DataFrame(late | {"timestamp": [NOW - timedelta(days=500)]}))
        engine.feedback(ann, "never", item=item)
        return compare(replay)

    monkeypatch.setattr(Replay, "everything", while_others_write)
    found = rebuild(live, 0)
    assert found.same and not found.moved
    assert found.came == came.height - cut and found.people == 60
    engine.add(items=world.items.head(1).with_columns(title=pl.lit("said anew")))
    monkeypatch.setattr(Replay, "everything", lambda replay: engine.forget(ann) and compare(replay))
    assert rebuild(live, 10).moved
