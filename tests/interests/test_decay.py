"""What an event still counts: from scratch, and kept up to date one event at a time."""

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.interests.base.decay import FOREVER, blend, fading
from penchant.interests.base.linear import LinearConfig
from penchant.testing.layers import ITEMS, log_of, shelf

RHYTHMS = [*LinearConfig().rhythms, *LinearConfig().own_rhythms]


def one_person(n=12, seed=0):
    draw = np.random.default_rng(seed)
    rows = [
        ("u", int(i), float(d))
        for i, d in zip(draw.integers(9, size=n), np.sort(draw.random(n) * 50), strict=True)
    ]
    return log_of(rows, shelf(), event=draw.choice(["like", "view", "skip"], n).tolist())


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_state_times_decay_plus_the_new_event_is_the_whole(rhythm):
    """n(t) = n(t′)·ρ·2^(−(t − t′)/τ) + w: what a stream does, against the whole history."""
    per_event, half_life = rhythm
    log, state = one_person(), np.zeros(ITEMS)
    for k in range(len(log)):
        if k:
            days = (log.time[k] - log.time[k - 1]) / DAY
            state *= per_event * (2.0 ** (-days / half_life) if half_life else 1.0)
        state[log.item[k]] += log.weight[k]
        known = log.moments(np.array([0]), np.array([k + 1]), log.time[k : k + 1])
        whole = known.matrix(blend(known, [rhythm], [1.0]), ITEMS).toarray()[0]
        np.testing.assert_allclose(state, whole, atol=1e-5)


def test_a_mixture_is_the_sum_of_its_rhythms():
    log = one_person()
    moments = log.moments_at(np.array([0]), log.time[-1:] + 3 * DAY)
    theta = np.array([0.5, 0.0, 2.0])
    some = RHYTHMS[:3]
    each = sum(t * own for t, own in zip(theta, fading(moments, some), strict=True))
    np.testing.assert_allclose(blend(moments, some, theta), each * moments.weight, rtol=1e-5)


def test_ties_in_time_count_alike():
    rows = [("u", 0, 1.0), ("u", 1, 2.0), ("u", 2, 2.0), ("u", 3, 2.0), ("u", 4, 5.0)]
    log = log_of(rows, shelf())
    moments = log.moments_at(np.array([0]), log.time[-1:])
    assert moments.rank.tolist() == [4, 1, 1, 1, 0]
    assert fading(moments, [(0.5, FOREVER)])[0].tolist() == [0.0625, 0.5, 0.5, 0.5, 1.0]


def test_half_life_is_in_days():
    log = log_of([("u", 0, 0.0)], shelf())
    moments = log.moments_at(np.array([0]), log.time + 7 * DAY)
    assert fading(moments, [(1.0, 7.0)])[0] == pytest.approx([0.5])
    assert fading(moments, [(1.0, FOREVER)])[0] == pytest.approx([1.0])


@pytest.mark.parametrize("rhythm", [*RHYTHMS, (0.0, FOREVER), (1.0, 7.0)])
def test_what_is_as_good_as_gone_is_all_that_a_long_history_loses(rhythm):
    per_event, half_life = rhythm
    log = one_person(n=3000)
    moments = log.moments_at(np.array([0]), log.time[-1:] + DAY)
    plain = per_event ** moments.rank.astype(np.float64)
    plain *= 2.0 ** (-moments.age / half_life) if half_life else 1.0
    np.testing.assert_allclose(fading(moments, [rhythm])[0], plain, rtol=2e-6, atol=1e-7)


def test_one_alone_is_as_among_others():
    """Ties, somebody without events, and a time of asking that is before the last event."""
    days = {"a": [0.0, 1.0, 1.0, 4.0], "b": [2.0], "c": [3.0, 3.0, 3.0]}
    log = log_of([(u, 0, day) for u, each in days.items() for day in each], shelf())
    users = np.array([0, 1, -1, 2, 0])
    many = log.moments_at(users, np.append(np.full(4, log.time.max()), log.time.max() - 2 * DAY))
    assert many.rank.tolist() == [3, 1, 1, 0, 0, 0, 0, 0, 2, 0, 0]
    for b in range(len(many)):
        alone, mine = many.take(slice(b, b + 1)), many.events(b)
        assert np.array_equal(alone.rank, many.rank[mine])
        assert np.array_equal(alone.age, many.age[mine])
        assert (many.owner[mine] == b).all() and not alone.owner.any()
        assert len(alone.owner) == len(alone.rank) == mine.stop - mine.start
