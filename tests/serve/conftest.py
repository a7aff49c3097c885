"""A small shop that is served on loopback by a real server."""

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
def ask(fitted):
    """A client of the shop; nobody needs a key."""
    config = ServeConfig(auth="off", present="log", lists=False)
    with client(create_app(fitted, config)) as http:
        yield http
