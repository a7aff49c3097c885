import numpy as np
import pytest
import torch

from penchant.train.hill import Hill, _gain, by_each
from penchant.train.holdout import NEVER
from penchant.train.mixture import Shortlist, fit_mixture
from penchant.train.ranked import climb, climbed, rank_gain, rank_gains, summed, taken


def shortlist_of(z, seed=0, sampled=0):
    """Candidates whose target is drawn by softmax(z) [B × C]; some stand for five each."""
    draw, (B, C) = np.random.default_rng(seed), z.shape
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    target = np.zeros((B, C), np.float32)
    for b in range(B):
        target[b, draw.choice(C, p=p[b])] = 1.0
    stands_for = np.zeros((B, C), np.float32)
    stands_for[:, C - sampled :] = np.log(5.0)
    stands_for[target > 0] = 0.0
    return Shortlist(np.tile(np.arange(C), (B, 1)), stands_for, target)


def terms(B, C, P, seed=1):
    return np.random.default_rng(seed).normal(size=(P, B, C)).astype(np.float32)


def crowded(B=400, C=80):
    """What likelihood and rank want apart: a good term, and a loud one that is right about the far
    end of the list alone."""
    x = terms(B, C, 2, seed=5)
    best = x[0].argsort(axis=1)[:, -12:]
    x[1] = -3.0
    np.put_along_axis(x[1], best, 0.0, axis=1)
    noise = np.random.default_rng(6).normal(size=(B, C)).astype(np.float32)
    near = np.take_along_axis(noise, best, axis=1) * 2.0
    np.put_along_axis(x[1], best, near, axis=1)
    return x, shortlist_of(2.0 * x[0] + 0.2 * x[1], seed=7)


@pytest.mark.parametrize("sharpness", [1.0, 4.0])
@pytest.mark.parametrize("sampled", [0, 20])
def test_the_slope_is_that_of_the_height(sharpness, sampled):
    x = terms(30, 40, 3)
    hill = Hill(x, shortlist_of(x[0] + x[1], sampled=sampled), 10)
    theta, step = np.array([0.6, 0.3, 0.2]), 1e-2
    _, slope = hill.below(theta, sharpness)
    for p, unit in enumerate(np.eye(3)):
        up, down = (hill.below(theta + s * step * unit, sharpness)[0] for s in (1, -1))
        assert slope[p] == pytest.approx((up - down) / (2 * step), rel=0.05, abs=2e-4)


def test_sharp_sigmoids_give_the_true_ranks():
    x = terms(50, 30, 1)
    candidates = shortlist_of(x[0])
    height = -Hill(x, candidates, 10).below(np.array([1.0]), 1e4)[0]
    owner, place = np.nonzero(candidates.target)
    rank = 1 + (x[0] > x[0][owner, place][:, None]).sum(axis=1)
    gain, _ = _gain(torch.from_numpy(rank).float(), 10)
    assert height == pytest.approx(gain.mean().item(), abs=2e-3)


def test_the_gain_falls_with_the_rank_and_vanishes_far_down():
    gain, slope = (x.numpy() for x in _gain(torch.arange(1.0, 200.0), 10))
    assert gain[0] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(gain) < 0).all()
    assert (slope < 0).all()
    assert gain[50] < 1e-3


def test_climbing_finds_what_ranks_best():
    x, candidates = crowded()
    likely = fit_mixture(x, candidates)
    found = climb(likely, x, candidates)
    assert rank_gain(summed(found, x), candidates) >= rank_gain(summed(likely, x), candidates)
    worst = climb(np.array([0.01, 3.0]), x, candidates)
    assert rank_gain(summed(worst, x), candidates) > 1.2 * rank_gain(
        summed(np.array([0.01, 3.0]), x), candidates
    )
    assert (found >= 0).all()


def test_no_worse_on_its_own_moments_nor_on_others():
    """What is climbed on one sample holds on another one of the same kind."""
    mine, other = [], []
    for seed in range(5):
        x = terms(300, 60, 4, seed=seed)
        candidates = shortlist_of(x[0] + 0.5 * x[1], seed=seed)
        likely = fit_mixture(x[:, :150], taken(candidates, np.arange(150)))
        found = climbed(likely, x[:, :150], taken(candidates, np.arange(150)))
        for part, gains in ((slice(150), mine), (slice(150, None), other)):
            some = taken(candidates, np.arange(300)[part])
            now, then = (rank_gain(summed(t, x[:, part]), some) for t in (found, likely))
            gains.append(now - then)
    assert min(mine) >= 0
    assert np.mean(other) > -0.01


def test_terms_that_tell_nothing_apart_get_no_weight():
    x = np.concatenate([terms(60, 30, 1), np.full((1, 60, 30), 7.0, np.float32)])
    assert climb(np.array([1.0, 1.0]), x, shortlist_of(x[0]))[1] == 0.0


def test_one_moment_is_not_climbed():
    x = terms(1, 30, 2)
    theta = np.array([0.4, 0.2])
    np.testing.assert_array_equal(climbed(theta, x, shortlist_of(x[0])), theta)


def test_the_same_seed_climbs_the_same_way():
    x, candidates = crowded()
    one, other = (climb(np.ones(2), x, candidates, targets=50, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_rank_gain_by_hand():
    some = Shortlist(
        item=np.array([[0, 1, 2, 0]]),
        stands_for=np.array([[0, 0, 0, NEVER]], np.float32),
        target=np.array([[0, 1, 0, 0]], np.float32),
    )
    gain = [
        rank_gain(np.array([x], np.float32), some)
        for x in ([0, 9, 1, 99], [5, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0])
    ]
    assert gain == pytest.approx([1.0, 1 / np.log2(3), 1 / np.log2(3), 1 / np.log2(4)])


def test_a_target_counts_as_ndcg_has_it():
    """Two targets on the first two of three places are all there is to have."""
    x = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]], np.float32)
    target = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], np.float32)
    some = Shortlist(np.tile(np.arange(3), (2, 1)), np.zeros((2, 3), np.float32), target)
    assert rank_gains(x, some) == pytest.approx([1.0, 0.5])
    hill = Hill(x[None], some, 10)
    assert hill.height(hill.scores(np.ones(1))) == pytest.approx(0.75)


def test_the_last_steps_leave_a_top_of_the_smooth_hill():
    """A loud term that is right about few: where it counts half as much, the list is better."""
    x, candidates = crowded()
    hill = Hill(x, candidates, 10)
    for start in ([1.0, 1.0], [0.0, 1.0], [1.0, 0.3]):
        theta = np.array(start)
        found = by_each(theta, hill)
        before, after = (rank_gain(summed(t, x), candidates) for t in (theta, found))
        assert after == pytest.approx(hill.height(hill.scores(found)), abs=1e-4)
        assert after >= before
        assert (found >= 0).all()
    far = by_each(np.array([0.0, 1.0]), hill)
    assert rank_gain(summed(far, x), candidates) > 1.2 * rank_gain(x[1], candidates)
