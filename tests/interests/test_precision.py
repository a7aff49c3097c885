"""Intervals of shares: as wide as people scatter, and right as often as they say."""

import numpy as np
import pytest

from penchant.evaluate.interests import coverage
from penchant.interests.model import InterestModel
from penchant.interests.precision import COVER, Precision
from penchant.interests.weights import met
from penchant.testing.layers import planted, quick, shelf


def people(kappa, U=1500, K=6, acts=12, seed=0):
    """Profiles, and what people did whose shares scatter so around them; κ from events."""
    draw = np.random.default_rng(seed)
    w = draw.dirichlet(np.ones(K), U)
    events = draw.integers(1, 200, U).astype(np.float32)
    k = kappa(events)
    own = np.stack([draw.dirichlet(k[u] * w[u] + 1e-9) for u in range(U)])
    who = np.repeat(np.arange(U), acts)
    came = np.concatenate([draw.multinomial(1, p, acts) for p in own]).astype(np.float32)
    return (w[who].astype(np.float32),), (came,), events[who], who


@pytest.mark.parametrize("kappa", [lambda e: 0 * e + 8.0, lambda e: 2.0 * (1 + e) ** 0.5])
def test_scatter_is_recovered_and_intervals_are_right(kappa):
    fitted = Precision().fit(*people(kappa))
    asked = np.array([3.0, 150.0])
    assert fitted.kappa(1, asked) == pytest.approx(kappa(asked), rel=0.2)
    fresh = people(kappa, seed=1)
    (row,) = coverage(fitted, *fresh).to_dicts()
    assert row["covered"] == pytest.approx(COVER, abs=0.02)
    assert row["people"] == 1500


def test_who_scatters_more_has_wider_intervals():
    calm, wild = (Precision().fit(*people(lambda e, k=k: 0 * e + k)) for k in (50.0, 3.0))
    w, events = np.array([[0.3, 0.7]]), np.array([20.0])
    calm_low, calm_high = calm.interval(1, w, events)
    wild_low, wild_high = wild.interval(1, w, events)
    assert (wild_low < calm_low).all()
    assert (calm_low < w).all()
    assert (w < calm_high).all()
    assert (calm_high < wild_high).all()
    (row,) = coverage(calm, *people(lambda e: 0 * e + 3.0, seed=2)).to_dicts()
    assert row["covered"] < 0.75  # too sure of people who scatter


def test_single_acts_tell_nothing_of_scatter():
    w, came, events, who = people(lambda e: 0 * e + 8.0, acts=1)
    plain = Precision()
    assert plain.kappa(1, events[:3]) == pytest.approx(
        Precision().fit(w, came, events, who).kappa(1, events[:3])
    )
    low, high = plain.interval(1, np.array([[1.0, 0.0]]), np.array([0.0]))
    assert np.isfinite([low, high]).all()


@pytest.mark.parametrize("kind", ["last", "time"])
def test_ranges_are_learned_with_the_model_whatever_is_held_out(kind):
    """Whoever turns to one interest at a time is not to be narrowed down to its weight."""
    log = planted("taste", users=80, noise=0.3)
    model = InterestModel(quick().but(**{"holdout.kind": kind})).fit(shelf(), log, repeats=True)
    assert len(model.precision.known_) == 2
    kappa = model.precision.kappa(2, np.array([10.0]))[0]
    assert 0.5 < kappa < 500.0
    low, high = model.precision.interval(2, np.array([[0.5, 0.5]]), np.array([10.0]))
    assert (high - low > 0.05).all()


def test_what_was_learned_comes_back():
    fitted = Precision().fit(*people(lambda e: 0 * e + 8.0, U=100))
    again = Precision().restore(fitted.state())
    assert again.kappa(1, np.array([9.0])) == fitted.kappa(1, np.array([9.0]))


def test_an_act_is_of_the_interest_that_its_item_mostly_belongs_to():
    tree, items = shelf().tree, np.array([0, 7, 0], np.int32)
    for level, table in enumerate(met(items, tree), start=1):
        assert table.sum(axis=1).tolist() == [1.0, 1.0, 1.0]
        assert table.argmax(axis=1).tolist() == tree.main(level)[items].tolist()
