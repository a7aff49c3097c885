"""How people's rates are spread, found again where it is known."""

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.interests.changepoint import RATES, Acts, Bursts, Runs
from penchant.interests.rates import priors

RARELY = Bursts(0.001, 1.0, 0.7)


def test_priors_are_how_people_are():
    """Half of the people give an interest a quarter of their acts, the others none."""
    draw, people = np.random.default_rng(0), []
    for p in range(80):
        node = np.where(draw.random(100) < (0.24 if p % 2 else 0.0), 0, 1).astype(np.int32)
        people.append(Acts.of((np.arange(100) * 3 * DAY).astype(np.int64), node))
    found = priors([Runs.of(Acts.joined(people), RARELY)], 2)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    much = (RATES > 0.15) & (RATES < 0.36)
    assert found[0, much].sum() == pytest.approx(0.5, abs=0.08)
    assert found[0, RATES < 0.02].sum() == pytest.approx(0.5, abs=0.08)
    apart = [Runs.of(Acts.joined(people[n : n + 7]), RARELY) for n in range(0, 80, 7)]
    np.testing.assert_allclose(priors(apart, 2), found)
    np.testing.assert_allclose(priors([], 2), 1.0 / len(RATES))


def test_what_everybody_turns_to_alone_is_no_trouble():
    every = Acts.of((np.arange(600) * 3 * DAY).astype(np.int64), np.zeros(600, np.int32))
    found = priors([Runs.of(Acts.joined([every] * 5), RARELY)], 1)
    assert found[0, -1] > 0.99
    none = Acts.of(np.zeros(0, np.int64), np.zeros(0, np.int32))
    np.testing.assert_allclose(priors([Runs.of(none, RARELY)], 3).sum(axis=1), 1.0)
