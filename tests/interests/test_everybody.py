from dataclasses import replace

import numpy as np

from penchant.clock import DAY
from penchant.interests.everybody import Everybody
from penchant.testing.layers import GROUPS, log_of, planted, shelf

TREE = shelf().tree


def at(log, days):
    return np.array([int(log.time.min() + day * DAY) for day in days])


def test_lately_is_what_was_counted_before_a_time():
    log = log_of([("a", 0, 0.0), ("b", 0, 1.0), ("c", 1, 30.0), ("d", 1, 31.0)], shelf())
    told = Everybody.of(log, TREE, half_life=5.0)
    found = told.experts(at(log, [0.0, 2.0, 40.0]), TREE.siblings)[2][1]
    np.testing.assert_allclose(found[0], 1 / GROUPS, atol=1e-6), "nothing was known"
    fades = 2.0 ** (-1 / 5)  # as it stood just after the event of day 1
    ever = np.full(GROUPS, 1 / GROUPS) + np.array([2, 0, 0, 0, 0, 0])
    n = np.array([1.0 + fades, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(found[1], (n + 20 * ever / 3) / (n.sum() + 20), atol=1e-4)
    assert found[2][1] > found[1][1], "what came later"


def test_nothing_before_a_time_knows_what_came_after_it():
    log = planted("none", users=40)
    cut = int(np.quantile(log.time, 0.6))
    known = log.keep(log.time < cut)
    past = Everybody.of(known, TREE, 30.0)
    other = replace(log, item=np.where(log.time < cut, log.item, 0))
    times = np.sort(log.time[log.time <= cut])
    for whole in (log, other):
        told = Everybody.of(whole, TREE, 30.0).as_of(known, TREE).experts(times, TREE.siblings)
        share, first, lately = (levels[1] for levels in told)
        assert np.array_equal(share[0], past.share) and np.array_equal(first[0], past.first)
        np.testing.assert_allclose(lately, past.lately[_rows(past, times)], atol=1e-6)


def _rows(told, times):
    return np.searchsorted(told.times, times, side="right") - 1


def test_first_acts_are_those_at_the_time_of_the_first():
    log = log_of([("a", 0, 0.0), ("a", 1, 0.0), ("a", 2, 3.0), ("b", 0, 5.0)], shelf())
    first = Everybody.of(log, TREE, 30.0).first
    np.testing.assert_allclose(first[:3], [2 / 3, 1 / 3, 0.0], atol=0.01)


def test_tables_are_kept():
    told = Everybody.of(planted("none", users=20), TREE, 30.0)
    again = Everybody.from_state(told.state())
    assert all(np.array_equal(getattr(again, name), table) for name, table in vars(told).items())
