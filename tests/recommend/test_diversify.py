"""A list spreads over a person's interests as the profile does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import WorldConfig, make_world
from penchant.errors import UnknownIdError
from penchant.recommend.diversify import Spread, divergence
from penchant.testing.served import stocked


def spread(members, profile, weight):
    return Spread(np.array(members, np.float32), np.array(profile, np.float32), weight)


def test_a_list_by_score_alone_is_the_best_by_score():
    made = spread(np.eye(2)[[0, 0, 0, 1, 1]], [0.6, 0.4], 0.0)
    assert made.chosen(np.array([5.0, 4, 3, 2, 1], np.float32), 3).tolist() == [0, 1, 2]


def test_a_list_by_the_profile_has_its_proportions():
    """Six of ten are of the first interest, though all of its items score higher."""
    members = np.eye(2)[[0] * 10 + [1] * 10]
    score = np.linspace(20.0, 1.0, 20).astype(np.float32) / 1e6
    made = spread(members, [0.6, 0.4], 0.5)
    chosen = made.chosen(score, 10)
    assert (chosen < 10).sum() == 6
    assert chosen[:2].tolist() == [0, 10]
    within = [chosen[chosen < 10], chosen[chosen >= 10]]
    assert all((np.diff(rows) > 0).all() for rows in within)  # the best of each come first


def test_an_interest_that_no_candidate_has_is_not_waited_for():
    made = spread([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [0.1, 0.1, 0.8], 0.9)
    assert sorted(made.chosen(np.zeros(2, np.float32), 2).tolist()) == [0, 1]


def test_items_of_several_interests_count_for_each():
    made = spread([[1.0, 0.0], [0.5, 0.5]], [0.5, 0.5], 0.99)
    assert made.chosen(np.array([1.0, 0.0], np.float32), 1).tolist() == [1]


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
def test_divergence_is_nothing_where_they_agree_and_more_elsewhere(weights, seed):
    p = np.array(weights) / sum(weights)
    q = np.random.default_rng(seed).dirichlet(np.ones(len(p)), size=3)
    assert divergence(p, p[None]) == pytest.approx(0.0, abs=1e-9)
    assert (divergence(p, q) >= -1e-12).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_no_item_comes_twice_and_no_place_stays_empty(seed, n):
    draw = np.random.default_rng(seed)
    made = spread(draw.dirichlet(np.ones(3), size=6), draw.dirichlet(np.ones(3)), 0.5)
    chosen = made.chosen(draw.normal(size=6).astype(np.float32), n)
    assert len(set(chosen.tolist())) == len(chosen) == min(n, 6)


@pytest.fixture(scope="module")
def engine():
    made = stocked(make_world(WorldConfig.small(users=60, events=2000)))
    made.fit()
    return made


def shares(engine, recs, level):
    members, items = engine.tree.membership(level), engine.data.vocabulary
    return members[items.rows([r.item_id for r in recs])].mean(axis=0)


def test_diversified_lists_are_nearer_to_their_profiles(engine):
    users = engine.data.log.users.ids.head(12)
    plain, spread_out = [], []
    for user in users:
        p = engine.interests(user).weights(1)
        plain.append(divergence(p, shares(engine, engine.recommend(user, 10), 1)[None])[0])
        recs = engine.recommend(user, 10, diversify=1)
        spread_out.append(divergence(p, shares(engine, recs, 1)[None])[0])
        assert [r.rank for r in recs] == list(range(1, 11))
        for r, reason in zip(recs, recs.explain(), strict=True):
            assert reason.score == pytest.approx(r.score)
    assert np.mean(spread_out) < 0.5 * np.mean(plain)
    assert all(a <= b + 1e-9 for a, b in zip(spread_out, plain, strict=True))


def test_a_level_that_is_not_there_is_told(engine):
    with pytest.raises(UnknownIdError, match="level 9"):
        engine.recommend("u0001", diversify=9)
