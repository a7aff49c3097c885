"""A model learned anew serves only if it is not worse on what came since."""

from datetime import UTC, datetime

import polars as pl
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.testing.layers import quick

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.layers": ("base", "popularity"),
        "refit.share": 0.2,
    }
)


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=120, events=4000))


def with_first(world, share: float, config=CONFIG) -> tuple[Engine, pl.DataFrame]:
    """An engine that has learned the first part of the log, and the rest."""
    events = world.events.sort("timestamp", "user_id", "item_id")
    cut = int(share * events.height)
    engine = Engine(config=config, clock=lambda: NOW)
    engine.add(events=events.head(cut), items=world.items)
    engine.fit()
    return engine, events.slice(cut)


def test_without_a_model_it_is_a_fit(world):
    engine = Engine(config=CONFIG, clock=lambda: NOW)
    engine.add(events=world.events, items=world.items)
    found = engine.refit()
    assert found.promoted and found.comparison is None
    assert "nothing served before" in str(found)
    assert len(engine.recommend(world.events["user_id"][0], 3)) == 3


def test_one_that_knows_more_takes_the_place_of_one_that_knows_little(world):
    engine, later = with_first(world, 0.15)
    before = engine.tree
    engine.add(events=later)
    found = engine.refit()
    assert found.promoted and found.comparison is not None
    assert found.comparison.fresh > found.comparison.running
    assert found.comparison.people >= 20
    kept = {n.id for level in before.nodes for n in level}
    now = {n.id for level in engine.tree.nodes for n in level}
    assert len(kept & now) >= 0.5 * len(kept), "interests keep their ids"
    assert found.to_json()["promoted"] is True


def test_one_that_is_worse_does_not_serve(world):
    """Learned anew with settings that learn nothing, it stays out, and what serves goes on."""
    engine, later = with_first(world, 0.8)
    engine.add(events=later)
    model, ann = engine.model, world.events["user_id"][0]
    blind = {"interests.layers": ("popularity",), "interests.popularity.half_lives": (1e6,)}
    engine.config = CONFIG.but(**blind, **{"interests.popularity.newness": (60.0,)})
    before = [r.score for r in engine.recommend(ann)]
    found = engine.refit()
    assert not found.promoted and found.version is None
    assert found.comparison is not None and found.comparison.fresh < found.comparison.running
    assert "it goes on serving" in str(found)
    assert engine.model.layers.keys() == model.layers.keys()
    assert [r.score for r in engine.recommend(ann)] == before


def test_what_the_one_before_has_seen_does_not_judge(world):
    """No event came since: there is nothing to compare by, and it says so."""
    engine, _ = with_first(world, 0.9)
    engine.add(items=[{"item_id": "late", "title": "A thing that came late"}])
    found = engine.refit()
    assert found.promoted and found.comparison is not None and found.comparison.people == 0
    assert "too few to compare by" in str(found)


def test_where_nothing_came_nothing_is_learned(world):
    engine, later = with_first(world, 0.9)
    ann = world.events["user_id"][0]
    engine.feedback(ann, "more", interest=engine.tree.nodes[0][0].id)  # is asked about, not learned
    learned = engine.model
    found = engine.refit()
    assert found.nothing_new and not found.promoted and found.version is None
    assert found.to_json()["nothing_new"] is True and "goes on serving" in str(found)
    assert engine.model.layers == learned.layers
    engine.config = engine.config.but(**{"recommend.n": 3})
    assert engine.refit().nothing_new, "how it is asked says nothing of what is learned"
    engine.config = engine.config.but(**{"interests.popularity.half_lives": (7.0, 1e6)})
    assert not engine.refit().nothing_new, "other settings"
    engine.add(events=later.head(1))
    assert not engine.refit().nothing_new
    engine.forget(ann)
    assert not engine.refit().nothing_new
    assert engine.refit().nothing_new
