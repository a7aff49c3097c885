import numpy as np
import pytest
from scipy import optimize, sparse

from penchant.testing.layers import planted
from penchant.train.holdout import NEVER, Holdout
from penchant.train.mixture import (
    fit_mixture,
    log_loss,
    shortlist,
    shortlisted,
    temperature,
)


def held(B, n, seed=0, barred=0.1, targets=1, by=None):
    """A holdout with targets drawn by the softmax of given scores (None: alike)."""
    draw = np.random.default_rng(seed)
    out = draw.random((B, n)) < barred
    wanted = np.zeros((B, n), np.float32)
    for b in range(B):
        z = np.zeros(n) if by is None else by[b].astype(np.float64)
        p = np.exp(z - z.max())
        wanted[b, draw.choice(n, targets, replace=False, p=p / p.sum())] = 1.0 / targets
    out &= wanted == 0
    log = planted("none", users=B)
    moments = log.moments(np.arange(B), log.offsets[1:], log.time[log.offsets[1:] - 1])
    barred = sparse.csr_array(out.astype(np.float32))
    return Holdout(moments, sparse.csr_array(wanted), barred, np.ones(B, bool))


def scores(B, n, P=3, seed=1):
    return list(np.random.default_rng(seed).normal(size=(P, B, n)).astype(np.float32))


def everything(holdout):
    """A shortlist of all candidates."""
    terms = [np.zeros(holdout.targets.shape, np.float32)]
    return shortlist(terms, holdout, best=10**6, others=0, seed=0)


def exact_loss(logits, holdout):
    """Cross-entropy of a softmax over all candidates."""
    z = np.where(holdout.excluded.toarray() > 0, -np.inf, logits.astype(np.float64))
    log_p = z - np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    log_p -= z.max(axis=1, keepdims=True)
    return -(holdout.targets.toarray() * np.where(np.isfinite(log_p), log_p, 0)).sum(axis=1)


@pytest.mark.parametrize("targets", [1, 4])
def test_the_loss_over_everything_is_the_exact_one(targets):
    holdout, (logits, *_) = held(20, 30, targets=targets), scores(20, 30)
    candidates = everything(holdout)
    found = log_loss(candidates.of(logits), candidates)
    np.testing.assert_allclose(found, exact_loss(logits, holdout), atol=1e-4)


def test_the_loss_over_a_sample_is_about_the_exact_one():
    holdout, (logits, *_) = held(150, 400), scores(150, 400)
    guessed = [
        log_loss(some.of(logits), some).mean()
        for some in (shortlist([logits], holdout, best=60, others=80, seed=s) for s in range(5))
    ]
    assert np.mean(guessed) == pytest.approx(exact_loss(logits, holdout).mean(), abs=0.02)


def test_a_shortlist_holds_targets_the_best_and_a_sample_but_nothing_barred():
    holdout, terms = held(12, 200), scores(12, 200)
    some = shortlist(terms, holdout, best=60, others=30, seed=0)
    real = some.stands_for > NEVER / 2
    for b in range(12):
        listed = some.item[b][real[b]]
        assert len(set(listed)) == len(listed)
        assert not holdout.excluded[[b]].toarray()[0, listed].any()
        target = np.flatnonzero(holdout.targets[[b]].toarray()[0])
        assert set(target) <= set(listed)
        assert some.target[b].sum() == pytest.approx(1.0)
        for x in terms:
            free = np.where(holdout.excluded[[b]].toarray()[0] > 0, -np.inf, x[b])
            assert set(np.argsort(-free)[:10]) <= set(listed)
        total = np.exp(some.stands_for[b][real[b]].astype(np.float64)).sum()
        free = 200 - holdout.excluded[[b]].toarray().sum()
        assert total == pytest.approx(free, rel=1e-3), "together they stand for all"


def test_in_chunks_the_values_are_the_same_scores():
    holdout, terms = held(25, 50), scores(25, 50)
    at = holdout.moments.at
    row = {int(t): b for b, t in enumerate(at)}
    assert len(row) == 25

    def of(moments):
        rows = [row[int(t)] for t in moments.at]
        return [x[rows] for x in terms]

    candidates, values = shortlisted(of, holdout, best=20, others=10, seed=0, cells=7 * 60)
    real = candidates.stands_for > NEVER / 2
    for x, v in zip(terms, values, strict=True):
        assert np.array_equal(candidates.of(x)[real], v[real])
    assert candidates.target.sum(axis=1) == pytest.approx(1.0)


def test_planted_weights_are_found():
    terms = scores(1500, 60, P=3)
    truth = np.array([2.0, 0.7, 0.0])
    by = sum(t * x for t, x in zip(truth, terms, strict=True))
    holdout = held(1500, 60, barred=0.0, by=by)
    candidates = everything(holdout)
    found = fit_mixture(np.stack([candidates.of(x) for x in terms]), candidates)
    assert found == pytest.approx(truth, abs=0.15)
    assert (found >= 0).all()


def test_the_fit_is_where_the_slope_is_nought():
    """Against finite differences of the plain loss, in the units that the ridge is in."""
    terms = scores(60, 40, P=2)
    holdout = held(60, 40, by=1.5 * terms[0] + 0.8 * terms[1])
    candidates = everything(holdout)
    values = np.stack([candidates.of(x) for x in terms])
    real = candidates.stands_for > NEVER / 2
    spread = np.array([float(x[real].std()) for x in values])

    def loss(theta):
        logits = np.tensordot(theta.astype(np.float64), values.astype(np.float64), axes=1)
        return log_loss(logits, candidates).mean() + 1e-3 * ((theta * spread) ** 2).sum()

    theta = fit_mixture(values, candidates)
    slope = optimize.approx_fprime(theta, loss, 1e-6)
    assert np.abs(slope).max() < 2e-3
    aside = theta + np.array([0.3, -0.3])
    assert loss(theta) < min(loss(theta * 0.8), loss(theta * 1.2), loss(aside))


def test_a_term_that_speaks_against_gets_nothing():
    terms = scores(300, 40, P=2)
    holdout = held(300, 40, by=2 * terms[0] - 2 * terms[1])
    candidates = everything(holdout)
    found = fit_mixture(np.stack([candidates.of(x) for x in terms]), candidates)
    assert found[0] > 0.3
    assert found[1] == 0.0


def test_the_temperature_is_the_likeliest_and_leaves_ranks():
    (x,) = scores(800, 50, P=1)
    holdout = held(800, 50, barred=0.0, by=x)
    candidates = everything(holdout)
    for scale in (0.1, 1.0, 7.0):
        factor = temperature(candidates.of(x) * scale, candidates)
        assert factor > 0
        assert factor * scale == pytest.approx(1.0, abs=0.1)
