"""A small shop that is served on loopback by a real server."""

import polars as pl
import pytest

from penchant import WorldConfig, make_world
from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.testing.served import client, stocked


@pytest.fixture(scope="session")
def world():
    return make_world(WorldConfig.small(users=60, events=2000))


@pytest.fixture(scope="session")
def fitted(world):
    """An engine in memory that tests ask but do not change."""
    engine = stocked(world)
    engine.fit()
    return engine


@pytest.fixture(scope="session")
def own(world):
    """Another one, that tests may change; in it are the people whom examples name."""
    engine = stocked(world)
    named = world.events.with_columns(pl.col("user_id").replace({"u0003": "ann", "u0004": "bob"}))
    engine.add(events=named.filter(pl.col("user_id").is_in(["ann", "bob"])))
    engine.fit()
    return engine


@pytest.fixture(scope="session")
def ask(fitted):
    """A client of the shop; nobody needs a key."""
    config = ServeConfig(auth="off", present="log", lists=False)
    with client(create_app(fitted, config)) as http:
        yield http
