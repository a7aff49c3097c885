import numpy as np
import pytest
import torch

from penchant.train.hill import Hill, _gain, by_each
from penchant.train.holdout import NEVER
from penchant.train.mixture import Shortlist, fit_mixture, temperature
from penchant.train.ranked import averaged, climb, rank_gain, rank_gains, summed, taken


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


def gain_of(theta, x, candidates):
    return rank_gain(summed(theta, x), candidates)


def test_what_is_averaged_holds_on_other_moments():
    """As good there as what is likely, which suits these moments, and as what climbs."""
    lost = []
    for seed in range(5):
        x = terms(300, 60, 4, seed=seed)
        candidates = shortlist_of(x[0] + 0.5 * x[1], seed=seed)
        mine, other = np.arange(150), np.arange(150, 300)
        few, some = taken(candidates, mine), taken(candidates, other)
        likely = fit_mixture(x[:, mine], few)
        ways = [likely, climb(likely, x[:, mine], few)]
        found = averaged(x[:, mine], few)
        best = max(gain_of(theta, x[:, other], some) for theta in ways)
        lost.append(best - gain_of(found, x[:, other], some))
    assert np.mean(lost) < 0.01


def test_with_few_moments_many_terms_share():
    """Eight blurred views of one truth: the luckiest of them is not the best of all."""
    gains = {"alone": [], "averaged": []}
    for seed in range(6):
        truth = 2.0 * terms(1030, 40, 1, seed=seed)
        x = truth + 2.0 * terms(1030, 40, 8, seed=seed + 50)
        candidates = shortlist_of(truth[0], seed=seed)
        few, many = np.arange(30), np.arange(30, 1030)
        luck = [rank_gain(one[few], taken(candidates, few)) for one in x]
        lucky = np.eye(8)[int(np.argmax(luck))]
        found = averaged(x[:, few], taken(candidates, few), alone=range(8))
        assert (found > 0.01 * found.max()).sum() >= 4
        for name, theta in (("alone", lucky), ("averaged", found)):
            gains[name].append(gain_of(theta, x[:, many], taken(candidates, many)))
    assert np.mean(gains["averaged"]) > 1.1 * np.mean(gains["alone"])


def test_with_many_moments_the_best_one_stands_alone():
    x = terms(2000, 40, 3)
    found = averaged(x, shortlist_of(3.0 * x[1]), alone=range(3))
    assert found[1] > 0
    assert np.abs(np.delete(found, 1)).max() < 0.02 * found[1]


def test_an_average_is_at_the_temperature_that_makes_it_likely():
    x, candidates = crowded()
    found = averaged(x, candidates, alone=range(2))
    assert temperature(summed(found, x), candidates) == pytest.approx(1.0, abs=1e-2)


def test_terms_that_tell_nothing_apart_get_no_weight():
    x = np.concatenate([terms(60, 30, 1), np.full((1, 60, 30), 7.0, np.float32)])
    assert climb(np.array([1.0, 1.0]), x, shortlist_of(x[0]))[1] == 0.0


def test_of_one_moment_every_way_is_as_good():
    x = terms(1, 30, 2)
    found = averaged(x, shortlist_of(x[0]), alone=range(2))
    assert np.isfinite(found).all()
    assert (found > 0).all()


def test_averaging_has_no_draws_of_its_own():
    x, candidates = crowded(60, 40)
    one, other = (averaged(x, candidates, alone=[0], seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, other)


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
