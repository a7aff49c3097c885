"""What is known of a version's quality when it is made is kept with it."""

import json
import sqlite3
from contextlib import closing

import pytest

from penchant import Engine, WorldConfig, make_world
from penchant.testing.served import CONFIG, NOW


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=80, events=3000))


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    """A workspace with a plain fit, and a version that stood a comparison; what they said."""
    folder = tmp_path_factory.mktemp("quality") / "shop"
    events = world.events.sort("timestamp", "user_id", "item_id")
    engine = Engine(folder, CONFIG.but(**{"refit.share": 0.2}), clock=lambda: NOW)
    engine.add(events=events.head(1500), items=world.items)
    fitted = engine.fit()
    engine.add(events=events.slice(1500))
    return engine, fitted, engine.refit()


def test_a_fit_keeps_what_it_measured_on_what_it_held_out(shop):
    engine, fitted, _ = shop
    first = engine.workspace.models.versions()[0]
    assert first.metrics == fitted.metrics == fitted.to_json()["metrics"]
    assert first.metrics.keys() == {"held_out"}
    held = first.metrics["held_out"]
    assert held["moments"] >= 50
    assert set(held["layers"]) == {"base", "context", "popularity"}
    assert all(0.0 < value < 1.0 for value in (held["ndcg@10"], *held["layers"].values()))
    assert held["ndcg@10"] >= max(held["layers"].values()) - 0.05
    lost = held["interests_log_loss"]
    assert len(lost) == engine.tree.levels and lost == sorted(lost) and lost[0] > 0.0


def test_a_refit_keeps_how_the_version_stood_beside_the_one_before(shop, world):
    engine, _, refitted = shop
    second = engine.workspace.models.versions()[1]
    assert second.metrics["held_out"] == refitted.held_out == refitted.to_json()["held_out"]
    found, told = refitted.comparison, second.metrics["comparison"]
    assert told == refitted.to_json()["comparison"] == found.to_json()
    assert (told["new"], told["running"], told["people"]) == (
        found.fresh, found.running, found.people,
    )  # fmt: skip
    assert (told["before"], told["verdict"], told["allowed_loss"]) == ("0001", "not worse", 0.02)
    begin, end = told["window"]
    assert begin < end == world.events["timestamp"].max().isoformat()
    assert told["lead"][1] <= told["new"] - told["running"] <= told["lead"][2]


def test_the_engine_tells_it_of_the_version_that_serves(shop):
    engine, fitted, refitted = shop
    again = Engine(engine.workspace.path, CONFIG, clock=lambda: NOW)
    for one in (engine, again):
        assert one.standing.version == one.version == refitted.version
        assert one.standing.metrics["held_out"] == refitted.held_out
    engine.workspace.models.rollback()
    assert again.model and again.standing.metrics == fitted.metrics
    engine.workspace.models.promote("0002")


def test_a_version_of_which_none_was_noted_serves_as_before(shop):
    engine = shop[0]
    with closing(sqlite3.connect(engine.workspace.path / "penchant.db")) as database, database:
        for version, text in database.execute("SELECT version, manifest FROM model").fetchall():
            manifest = json.loads(text)
            del manifest["metrics"]
            database.execute(
                "UPDATE model SET manifest = ?, metrics = '{}' WHERE version = ?",
                (json.dumps(manifest), version),
            )
    again = Engine(engine.workspace.path, CONFIG, clock=lambda: NOW)
    assert again.recommend("u0001", 3)
    assert (again.standing.version, again.standing.metrics) == ("0002", {})
    assert [version.metrics for version in again.workspace.models.versions()] == [{}, {}]


def test_in_memory_the_fit_tells_it(world):
    engine = Engine(config=CONFIG, clock=lambda: NOW)
    assert (engine.standing.version, engine.standing.metrics) == (None, {})
    engine.add(events=world.events, items=world.items)
    fitted = engine.fit()
    assert engine.standing.metrics == fitted.metrics and fitted.metrics["held_out"]["moments"]
