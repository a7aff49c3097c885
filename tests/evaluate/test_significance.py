import numpy as np
import pytest
from scipy import stats

from penchant.errors import DataError
from penchant.evaluate.significance import bootstrap, holm, paired, randomisation, wilcoxon

DRAWS = np.random.default_rng(5)


def test_the_interval_is_about_that_of_the_normal_law():
    values = DRAWS.normal(3.0, 2.0, (900, 2))
    for column, found in enumerate(bootstrap(values, seed=0)):
        half = 1.96 * values[:, column].std() / 30
        mean = values[:, column].mean()
        assert found.value == pytest.approx(mean)
        assert found.low == pytest.approx(mean - half, abs=0.03)
        assert found.high == pytest.approx(mean + half, abs=0.03)
        assert found.users == 900


def test_ninety_five_of_a_hundred_intervals_hold_the_truth():
    held = 0
    for run in range(200):
        (found,) = bootstrap(DRAWS.exponential(1.0, (150, 1)), seed=run, resamples=200)
        held += found.low <= 1.0 <= found.high
    assert 175 <= held <= 198


def test_the_same_seed_gives_the_same_interval():
    values = DRAWS.random((50, 3))
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_users_of_whom_a_metric_says_nothing_are_left_out():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [2.0, np.nan]])
    first, second = bootstrap(values, seed=0)
    assert (first.value, first.users) == (2.0, 3)
    assert (second.value, second.users) == (5.0, 1)
    (none,) = bootstrap(np.full((3, 1), np.nan), seed=0)
    assert np.isnan([none.value, none.low, none.high]).all()
    assert none.users == 0


def test_a_clear_lead_is_clear_and_none_is_none():
    base = DRAWS.random(400)
    ahead = paired(base + DRAWS.normal(0.05, 0.1, 400), base, seed=0)
    assert ahead.clear
    assert ahead.low < 0.05 < ahead.high
    assert ahead.p_randomisation == pytest.approx(1 / 1001)
    assert ahead.p_wilcoxon < 1e-6
    level = paired(base, base.copy(), seed=0)
    assert (level.difference, level.p_randomisation, level.p_wilcoxon) == (0.0, 1.0, 1.0)
    assert not level.clear


def test_p_values_are_even_where_nothing_differs():
    p = [randomisation(DRAWS.normal(size=40), seed=s, resamples=200) for s in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert 0 < sum(v < 0.05 for v in p) < 25


def test_randomisation_agrees_with_all_sign_flips():
    d = np.array([0.5, 1.0, -0.2, 0.7, 0.1, 0.0])
    flips = np.array(np.meshgrid(*[[-1, 1]] * 5)).reshape(5, -1)
    exact = np.mean(np.abs(d[:5] @ flips) >= d.sum() - 1e-12)
    assert randomisation(d, seed=0, resamples=20_000) == pytest.approx(exact, abs=0.02)


def test_wilcoxon_sees_a_shift():
    assert wilcoxon(np.array([1.0, 2, 3, 4, 5, 6, 7, 0])) < 0.05
    assert wilcoxon(np.zeros(4)) == 1.0


def test_holm_never_makes_a_p_value_smaller():
    p = DRAWS.random(7)
    assert (np.array(holm(p)) >= p).all()
    assert max(holm(p)) <= 1.0
    assert holm([]) == []


def test_users_must_be_the_same():
    with pytest.raises(DataError, match="same users twice"):
        paired(np.ones(3), np.ones(4), seed=0)
    with pytest.raises(DataError, match="at least one user"):
        bootstrap(np.zeros((0, 2)), seed=0)
    with pytest.raises(DataError, match="no user has a value"):
        paired(np.full(2, np.nan), np.ones(2), seed=0)
