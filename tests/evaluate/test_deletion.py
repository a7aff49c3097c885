"""Reasons are tested by deletion: without the named events the item falls."""

from copy import copy

import numpy as np
import pytest
from scipy import sparse

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.evaluate.deletion import WHOLE, deletions, rates, wilson
from penchant.interests.base.weights import Sparse
from penchant.interests.model import InterestModel
from penchant.interests.shares import named, shares, strongest
from penchant.testing.layers import ITEMS as ITEMS_HERE
from penchant.testing.layers import log_of, planted, quick, shelf

CONFIG = EngineConfig(interests=quick()).but(**{"encode.kind": "hashed", "encode.hashed_dim": 64})
PEOPLE, ITEMS = 60, 3


@pytest.fixture(scope="module")
def engine():
    made = Engine(config=CONFIG)
    world = make_world(WorldConfig.small(users=150, events=6000, exposure_rate=0.0))
    made.add(events=world.events, items=world.items)
    made.fit()
    return made


@pytest.fixture(scope="module")
def asked(engine):
    log = engine.data.log
    rows = np.flatnonzero(np.diff(log.offsets) > 3)[:PEOPLE]
    moments = log.moments_at(rows, np.full(len(rows), log.latest))
    return moments, np.argsort(-engine.model.score(moments), axis=1)[:, :ITEMS]


def test_several_groups_of_events_are_taken_away_at_once():
    log = planted("taste", users=3)
    moments = log.moments_at(np.arange(3), np.full(3, log.time.max()))
    whole = moments.events(1)
    left = moments.without(1, [np.array([0, 2]), np.array([], int), np.array([1])])
    assert left.length.tolist() == [moments.length[1] - n for n in (2, 0, 1)]
    assert left.item[left.events(0)].tolist() == np.delete(moments.item[whole], [0, 2]).tolist()
    assert left.item[left.events(1)].tolist() == moments.item[whole].tolist()
    assert left.time[left.events(2)].tolist() == np.delete(moments.time[whole], 1).tolist()


@pytest.fixture(scope="module")
def table(engine, asked):
    return deletions(engine.model, *asked, most=3, draws=4, seed=1)


def test_without_the_named_events_an_item_falls(table):
    found = {row["layer"]: row for row in rates(table).iter_rows(named=True)}
    assert found[WHOLE]["cases"] >= 0.9 * PEOPLE * ITEMS
    assert found[WHOLE]["falls"] >= 0.95
    assert found[WHOLE]["beats"] >= 0.97
    for layer, floor in (("base", 0.85), ("dynamic", 0.8)):
        assert found[layer]["falls"] >= floor
        assert found[layer]["beats"] >= floor
    assert found[WHOLE]["error"] < 1e-5
    assert found["base"]["error"] < 1e-5
    assert found["dynamic"]["error"] is None


def test_a_layers_own_part_is_asked_with_the_layer_counting_as_before(engine, asked, table):
    """A steep gate moves the whole; what the layers say, and miss, is the same."""
    steep = copy(engine.model)
    steep.fusion = copy(steep.fusion)
    steep.fusion.slopes_ = np.tile([0.5, -1.0, 1.0, -0.5], (len(steep.layers), 1))
    found = deletions(steep, *asked, most=3, draws=4, seed=1)

    def shares_left(table, layer):
        rows = table.filter(layer=layer).sort("moment", "item")
        return (rows["without_named"] / rows["before"]).to_numpy()

    assert len(found) == len(table)
    for layer in ("base", "dynamic"):
        ours, theirs = shares_left(found, layer), shares_left(table, layer)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
    assert not np.allclose(shares_left(found, WHOLE), shares_left(table, WHOLE), rtol=1e-2)


def test_events_named_for_another_item_would_not_do(engine, asked):
    """A ceiling: what carried the least likely item is not missed by the first of the list."""
    (moments, items), draw, beats = asked, np.random.default_rng(0), []
    for b in range(0, len(moments), 2):
        one = moments.take(np.array([b]))
        first, last = items[b, 0], int(engine.model.score(one)[0].argmin())
        carried = shares(engine.model, one, np.array([last]))
        (best,) = named(engine.model, one, np.array([last]), carried, 3)
        others = [draw.choice(len(one.item), len(best), replace=False) for _ in range(4)]
        score = engine.model.score(one.without(0, [best, *others]))[:, first]
        beats.append(score[0] < score[1:].mean())
    assert np.mean(beats) < 0.8


def test_the_same_seed_draws_the_same(engine, asked, table):
    assert table.equals(deletions(engine.model, *asked, most=3, draws=4, seed=1))
    assert not table.equals(deletions(engine.model, *asked, most=3, draws=4, seed=2))


def test_what_only_hides_what_was_before_is_not_named():
    """Without the last two events the four before them are new again, and the item rises."""
    config = quick().but(**{"layers": ("base",), "fusion.kind": "fixed"})
    config = config.but(**{"base.linear.rhythms": ((0.5, 0.0),), "base.linear.kin_rhythms": ()})
    made = InterestModel(config).fit(shelf(), planted("taste", users=60), repeats=False)
    base, M = made.layers["base"], np.zeros((ITEMS_HERE, ITEMS_HERE), np.float32)
    M[[10, 11, 12, 13], 0], M[[20, 21], 0] = 1.0, 0.35
    base.M_, base.theta_, base.own_ = Sparse(sparse.csr_array(M)), [1.0], []
    rows = [("a", item, 1) for item in (10, 11, 12, 13)] + [("a", item, 2) for item in (20, 21)]
    log = log_of(rows, shelf())
    one = log.moments_at(np.array([0]), log.time.max(keepdims=True))
    items = np.array([0, 1])
    carried = shares(made, one, items)
    assert set(one.item[strongest(carried.total[:, 0], 2)]) == {20, 21}
    best, nothing = named(made, one, items, carried, 2)
    assert set(one.item[best]) < {10, 11, 12, 13}
    assert not len(nothing)
    left = made.score(one.without(0, [best]))[0, 0]
    assert left < made.score(one)[0, 0] < made.score(one.without(0, [np.array([4, 5])]))[0, 0]
    told = deletions(made, one, [items[:1]], most=2)
    assert told.filter(layer=WHOLE)["without_named"].item() == pytest.approx(left)


def test_the_strongest_are_those_that_added_enough():
    assert strongest(np.array([0.1, 5.0, -9.0, 2.0, 3.0, 0.01]), 3).tolist() == [1, 4, 3]
    assert strongest(np.array([1.0, 0.001, 0.0]), 3).tolist() == [0]
    assert not len(strongest(np.array([0.0, -1.0]), 3))
    assert not len(strongest(np.zeros(0), 3))


def test_an_interval_of_a_rate():
    low, high = wilson(99, 100)
    assert low < 0.99 < high <= 1.0
    assert wilson(0, 10)[0] == 0.0
