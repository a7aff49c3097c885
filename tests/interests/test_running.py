"""Counts that go on after a fit, whatever comes in whatever order."""

import numpy as np
import pytest

from penchant.clock import DAY, HOUR
from penchant.interests.running import Running, _Block

HALF_LIVES = (0.25, 3.0, 90.0)
START = 1_700_000_000 * 1_000_000 + 1234  # between two points
SHAPE = (len(HALF_LIVES), 6)


@pytest.fixture
def draw():
    return np.random.default_rng(5)


def counts_of(counts, first, point):
    """What is asked for, as one array: counts and when each item was first met."""
    return np.concatenate([counts, first[None] / 1e18]).astype(np.float64)


def plain(known, item, time, point, n_items):
    """The formula, over all events."""
    found = np.zeros((len(HALF_LIVES), n_items))
    for h, half_life in enumerate(HALF_LIVES):
        found[h, : known.shape[1]] = known[h] * 2.0 ** (-(point - START) / (DAY * half_life))
        for i, t in zip(item, time, strict=True):
            if t < point and i < n_items:
                found[h, i] += 2.0 ** (-(point - t) / (DAY * half_life))
    return found


@pytest.mark.parametrize("step", [HOUR, 2 * DAY])
def test_whatever_the_order_counts_are_those_of_the_formula(draw, step):
    """Late events too, also from before the fit; items that came later; points asked in any
    order, in between and at the end."""
    known = draw.random(SHAPE).astype(np.float32)
    first = np.full(SHAPE[1], START - DAY)
    running = Running(HALF_LIVES, START, known, first, step)
    came_item, came_time = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for turn in range(60):
        N = int(draw.integers(1, 30))
        item = draw.integers(0, 6 + turn // 20, N)
        time = START + draw.integers(-2 * DAY, 1 + turn * DAY // 5, N)
        running.follow(item, time, came_item.size + np.arange(N))
        came_item, came_time = np.append(came_item, item), np.append(came_time, time)
        for at in START + draw.integers(0, 14 * DAY, 3):
            point = running.point(int(at))
            if point is not None:
                assert point % step == 0 and START < point <= at
                n_items = int(came_item.max()) + 1
                found = running.at(point, max(n_items, 6), counts_of)
                wanted = plain(known, came_item, came_time, point, max(n_items, 6))
                np.testing.assert_allclose(found[:-1], wanted, rtol=1e-5, atol=1e-6)
    met = [came_time[came_item == i].min() for i in range(6)]
    assert np.allclose(found[-1][:6], np.minimum(met, START - DAY) / 1e18, rtol=1e-6)


def test_who_asks_for_fewer_items_gets_those():
    running = Running(HALF_LIVES, START, np.zeros(SHAPE, np.float32), np.zeros(6, np.int64), HOUR)
    running.follow(np.array([2, 9]), np.array([START, START]), np.zeros(2, np.int64))
    point = running.point(START + 2 * HOUR)
    assert np.flatnonzero(running.at(point, 6, counts_of)[0]).tolist() == [2]
    assert np.flatnonzero(running.at(point, 10, counts_of)[0]).tolist() == [2, 9]


def test_a_late_event_is_added_and_a_new_point_goes_on(monkeypatch):
    """Of many events none is read again, but the block that reaches behind the point before."""
    monkeypatch.setattr("penchant.interests.running._BLOCK", 5)
    running = Running(HALF_LIVES, START, np.zeros(SHAPE, np.float32), np.zeros(6, np.int64), HOUR)
    for hour in range(50):
        running.follow(np.array([hour % 6]), np.array([START + hour * HOUR]), np.array([0]))
    running.at(running.point(START + 48 * HOUR), 6, counts_of)
    read, within = [], _Block.within
    monkeypatch.setattr(
        _Block, "within", lambda block, *of: read.append(block.first) or within(block, *of)
    )
    before = running.at(running.point(START + 48 * HOUR), 6, counts_of)
    running.follow(np.array([3]), np.array([START + HOUR]), np.array([1]))
    after = running.at(running.point(START + 48 * HOUR), 6, counts_of)
    left = [2 ** (-(48 * HOUR - HOUR) / DAY / h) for h in HALF_LIVES]
    assert (after - before)[:3].T.tolist()[3] == pytest.approx(left, rel=0.2)
    assert not read
    running.at(running.point(START + 49 * HOUR), 6, counts_of)
    assert len(read) == 1


@pytest.mark.parametrize("size", [3, 64])
def test_a_long_backlog_at_once_is_counted_once(draw, size, monkeypatch):
    monkeypatch.setattr("penchant.interests.running._BLOCK", size)
    known = draw.random(SHAPE).astype(np.float32)
    running = Running(HALF_LIVES, START, known, np.full(6, START), HOUR)
    item, time = draw.integers(0, 6, 500), START + draw.integers(0, 30 * DAY, 500)
    for part in np.array_split(np.arange(500), 7):
        running.follow(item[part], time[part], part)
    for at in (START + 10 * DAY, START + 31 * DAY, START + 20 * DAY):
        point = running.point(at)
        found = running.at(point, 6, counts_of)[:-1]
        np.testing.assert_allclose(found, plain(known, item, time, point, 6), rtol=1e-5)


@pytest.mark.parametrize("size", [4, 1000])
def test_an_act_counts_once_in_however_many_pieces_it_came(draw, size, monkeypatch):
    """One person, one item, one time: three tags at once are one act, told together or apart."""
    monkeypatch.setattr("penchant.interests.running._BLOCK", size)
    none, met = np.zeros(SHAPE, np.float32), np.zeros(6, np.int64)
    item, people = draw.integers(0, 6, 40), draw.integers(0, 5, 40)
    time = START + draw.integers(0, 5, 40) * DAY
    acts = sorted({*zip(item.tolist(), time.tolist(), people.tolist(), strict=True)})
    assert len(acts) < 40, "some are acts that came twice"
    running, twice = Running(HALF_LIVES, START, none, met, HOUR), np.tile(np.arange(40), 2)
    point = None
    for part in np.array_split(draw.permutation(twice), 11):
        running.follow(item[part], time[part], people[part])
        point = running.point(START + 6 * DAY)
        running.at(point, 6, counts_of)
    found = running.at(point, 6, counts_of)[:-1]
    i, t, _ = zip(*acts, strict=True)
    np.testing.assert_allclose(found, plain(none, i, t, point, 6), rtol=1e-5, atol=1e-6)
