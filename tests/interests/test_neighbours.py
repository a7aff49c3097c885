"""People like one: whose profiles are the nearest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import WorldConfig, make_world
from penchant.errors import UnknownIdError
from penchant.interests.neighbours import companions, distance
from penchant.testing.layers import planted
from penchant.testing.served import stocked


def test_distance_of_the_same_and_of_strangers():
    p = np.array([0.5, 0.5, 0.0])
    Q = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.5, 0.25, 0.25]])
    same, strange, near = distance(p, Q)
    assert (same, strange) == (0.0, 1.0)
    assert 0 < near < 1


@given(st.integers(0, 2**32 - 1), st.integers(2, 8))
def test_distance_is_a_metric(seed, k):
    p, q, r = np.random.default_rng(seed).dirichlet(np.ones(k), size=3)

    def far(a, b):
        return distance(a, b[None])[0]

    assert far(p, q) == pytest.approx(far(q, p), abs=1e-9)
    assert far(p, r) <= far(p, q) + far(q, r) + 1e-9
    assert 0.0 <= far(p, q) <= 1.0


def test_companions_are_those_with_the_most_shared_items():
    log = planted("taste", users=60)
    mine = set(log.item[log.user == 0].tolist())
    shared = np.array([len(mine & set(log.item[log.user == u].tolist())) for u in range(60)])
    found = companions(log, 0, 8)
    assert len(found) == 8
    assert 0 not in found
    others = np.delete(np.arange(60), 0)
    assert shared[found].sum() == np.sort(shared[others])[::-1][:8].sum()
    assert companions(log, 0, 500).tolist() == others.tolist()
    assert companions(log, 0, 8).tolist() == found.tolist()


@pytest.fixture(scope="module")
def engine():
    made = stocked(make_world(WorldConfig.small(users=60, events=2000)))
    made.fit()
    return made


def test_the_nearest_are_found(engine):
    found = engine.similar_users("u0002", 5, level=1)
    assert (found.level, found.compared, len(found.people)) == (1, 59, 5)
    everybody = engine.interests_many()
    far = distance(everybody.weights(1)[everybody.row("u0002")], everybody.weights(1))
    best = sorted((float(d), u) for d, u in zip(far, everybody.user_ids, strict=True))[1:6]
    assert [d for _, d in found.people] == pytest.approx([d for d, _ in best])


def test_who_has_no_events_is_like_nobody(engine):
    with pytest.raises(UnknownIdError, match="nobody"):
        engine.similar_users("nobody")
    with pytest.raises(UnknownIdError, match="level 9"):
        engine.similar_users("u0002", level=9)
