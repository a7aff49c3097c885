"""Lasting changes: found where they were planted, not where nothing happened, nor in bursts."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.clock import DAY, when
from penchant.interests.changepoint import RATES
from penchant.interests.changes import ChangeDetector, ChangesConfig, threshold
from penchant.interests.show import text
from penchant.testing.layers import log_of, shelf

GROUPS = 6
TREE = shelf().tree


def people(lives, every=10.0):
    """A log of lives: each a list of groups of items, turned to so many days apart."""
    rows = [
        (f"u{u:03}", 6 * (n % 10) + g, every * n)
        for u, life in enumerate(lives)
        for n, g in enumerate(life)
    ]
    return log_of(rows, shelf())


def crowd(n=200, visits=36, changed=0, seed=0):
    """Lives with three groups each and nothing lasting, but for the first `changed`, whose last
    third turns to group 5 seven times in ten."""
    draw = np.random.default_rng(seed)
    lives = []
    for u in range(n):
        likes = draw.choice(5, 3, replace=False)
        life = draw.choice(likes, visits, p=[0.5, 0.3, 0.2])
        if u < changed:
            late = np.arange(visits) >= 2 * visits // 3
            life = np.where(late & (draw.random(visits) < 0.7), 5, life)
        lives.append(life.tolist())
    return lives


def alarms(log, detector, users):
    rows = log.users.rows([f"u{u:03}" for u in users]).astype(np.int64)
    end = np.array([log.time.max()])
    return [detector.find(log.moments_at(row[None], end), TREE) for row in rows]


def told(found):
    return [[(c.node.id, c.began, c.found, c.acts) for c in one] for one in found]


def test_planted_changes_are_found_and_named():
    log = people(crowd(changed=40))
    found = alarms(log, ChangeDetector().fit(log, TREE), range(40))
    right = [[c for c in one if c.node.id == "g5"] for one in found]
    assert sum(map(bool, right)) >= 24
    first = next(one[0] for one in right if one)
    assert first.path[-1] == first.node.name == "Group 5"
    assert first.began <= first.found
    assert first.acts >= 2
    planted = 24 * 10.0 * DAY
    start = int(log.time.min())
    late = [one[0].began.timestamp() * 1e6 - start - planted for one in right if one]
    assert abs(np.median(late)) < 40 * DAY
    assert "toward" in str(first)
    assert first.to_json()["id"] == "g5"


def test_where_nothing_lasts_alarms_keep_to_what_is_allowed():
    fitted = ChangeDetector().fit(people(crowd(seed=1)), TREE)
    log = people(crowd(seed=2))
    found = sum(map(len, alarms(log, fitted, range(200))))
    years = 200 * 350 * DAY / (365.25 * DAY)
    assert found <= 2.5 * 0.05 * years


def test_the_threshold_is_passed_as_often_as_is_allowed():
    draw = np.random.default_rng(0)
    for often in (0.05, 1.0):
        most = []
        for _ in range(40):
            lives = 400.0
            peaks = 3.0 + draw.exponential(1.5, 4000)
            h = threshold(peaks, often * lives)
            most.append((3.0 + draw.exponential(1.5, 100_000) >= h).mean() * 4000 / lives)
        assert np.mean(most) <= often
        assert np.mean(most) > often / 2
    assert threshold(np.array([1.0, 2.0, 0.5]), 0.1) == threshold(np.zeros(5), 2.0) == 5.0
    assert threshold(np.array([30.0]), 0.1) >= 30.0


def test_every_setting_counts(monkeypatch):
    log = people(crowd(changed=40))
    usual = ChangeDetector().fit(log, TREE)
    often = ChangeDetector(ChangesConfig(alarms=2.0)).fit(log, TREE)
    assert often.threshold_ < usual.threshold_
    few = ChangeDetector(ChangesConfig(people=50)).fit(log, TREE)
    assert few.years_ == pytest.approx(50 * 350 / 365.25)
    assert usual.years_ == pytest.approx(200 * 350 / 365.25)
    broad = ChangeDetector(ChangesConfig(level=1)).fit(log, TREE)
    assert len(broad.prior_) == len(TREE.nodes[0]) < len(usual.prior_)
    own = ChangesConfig(burst=1.5, bursting=0.01, taken=0.6)
    bursts = ChangeDetector(own).bursts
    assert (bursts.days, bursts.share, bursts.strength) == (1.5, 0.01, 0.6)
    short = ChangeDetector(ChangesConfig(window=1)).fit(log, TREE)
    assert short.threshold_ < usual.threshold_
    monkeypatch.setattr("penchant.interests.changes._AT_ONCE", 40)
    apart = ChangeDetector().fit(log, TREE)
    assert apart.threshold_ == pytest.approx(usual.threshold_)
    np.testing.assert_allclose(apart.prior_, usual.prior_, atol=1e-9)
    monkeypatch.setattr("penchant.interests.changes._AT_ONCE", 10)
    assert told(alarms(log, apart, range(40))) == told(alarms(log, usual, range(40)))
    assert ChangeDetector().fit(log, TREE).years_ == pytest.approx(200 * 90 / 365.25)


def test_too_little_is_no_ground_for_claims():
    """One false alarm has to be allowed in what the threshold rests on; a fit forgets the last."""
    detector = ChangeDetector().fit(people(crowd(changed=40)), TREE)
    assert detector.threshold_ < 100.0
    log = people(crowd(19, visits=36, changed=19))
    assert alarms(log, detector.fit(log, TREE), range(19)) == [()] * 19


def test_what_is_carried_further_is_no_trial():
    """Acts that choose nothing, as the purchase of what was looked at, count neither way."""
    log = people([[0, 1, 0, 1, 2, 0, 1, 0, *[5] * 12]])
    fitted = ChangeDetector().fit(people(crowd(seed=1)), TREE)
    now = log.moments_at(np.array([0]), log.time.max(keepdims=True))
    assert len(fitted.find(now, TREE)) == 1
    carried = now.chosen & (TREE.main(2)[now.item] != 5)
    assert fitted.find(replace(now, chosen=carried), TREE) == ()
    some = now.chosen & (np.arange(20) != 10)
    (change,) = fitted.find(replace(now, chosen=some), TREE)
    at = [when(int(time)) for time in now.time[some]]
    assert change.acts == sum(change.began <= time <= change.found for time in at)


def test_somebody_can_turn_to_a_thing_twice():
    away = [0, 1, 0, 1, 2, 0, 1, 0, 2, 0, 1, 0]
    log = people([[*away, *[5] * 9, *away * 4, *[5] * 30]])
    fitted = ChangeDetector().fit(people(crowd(seed=1)), TREE)
    found = [one for one in alarms(log, fitted, range(1))[0] if one.node.id == "g5"]
    assert len(found) == 2
    assert found[0].found < found[1].began < found[1].found
    assert found[1].acts >= 2


def test_a_change_needs_something_before():
    """Whoever turns to one thing from the first act on has changed nothing."""
    fitted = ChangeDetector().fit(people(crowd(seed=1)), TREE)
    log = people([[5] * 12, [0, 1, 0, 1, 2, 0, 1, 0, *[5] * 12]])
    once, twice = alarms(log, fitted, range(2))
    assert once == ()
    assert [change.node.id for change in twice] == ["g5"]


def test_a_burst_is_one_touch():
    quiet = [0, 1, 0, 2, 0, 1, 0, 0, 1, 2, 0, 1]
    burst = [(f"u{n}", 6 * (k % 10) + g, 10.0 * k) for n in range(2) for k, g in enumerate(quiet)]
    burst += [("u0", 6 * (k % 10) + 5, 120.0 + k) for k in range(9)]  # nine days on end
    burst += [("u1", 6 * (k % 10) + 5, 120.0 + 10 * k) for k in range(9)]  # three months
    log = log_of(burst, shelf())
    detector = ChangeDetector(ChangesConfig(burst=9.0))
    rare = 1.0 / (1.0 + np.arange(len(RATES)))
    detector.prior_, detector.threshold_ = np.tile(rare / rare.sum(), (GROUPS, 1)), 5.0
    end = np.array([log.time.max()])
    once, lasting = (detector.find(log.moments_at(np.array([u]), end), TREE) for u in (0, 1))
    assert once == ()
    assert [c.node.id for c in lasting] == ["g5"]


def test_few_histories_make_no_claims():
    log = people([[0, 1], [2]])
    fitted = ChangeDetector().fit(log, TREE)
    assert alarms(log, fitted, range(2)) == [(), ()]
    nobody = log.moments_at(np.array([-1]), log.time[:1])
    assert fitted.find(nobody, TREE) == ()
    with pytest.raises(ValueError, match="expected one"):
        fitted.find(log.moments_at(np.array([0, 1]), log.time[:2]), TREE)


def test_what_was_learned_comes_back():
    log = people(crowd(60, changed=10))
    fitted = ChangeDetector().fit(log, TREE)
    again = ChangeDetector().restore(fitted.state())
    assert alarms(log, again, range(10)) == alarms(log, fitted, range(10))
    assert ChangeDetector().fit(log, TREE).threshold_ == fitted.threshold_


def test_an_evolution_tells_its_changes(engine_evolution):
    assert "lasting change toward Department 2 > Group 5" in text(engine_evolution)
    assert engine_evolution.to_json()["changes"][0]["id"] == "g5"


@pytest.fixture(scope="module")
def engine_evolution():
    from penchant.interests.evolution import evolution
    from penchant.interests.model import InterestModel
    from penchant.interests.profiles import profiles
    from penchant.testing.layers import quick

    log = people(crowd(80, changed=30))
    model = InterestModel(quick()).fit(shelf(), log, repeats=True)
    end = log.time.max(keepdims=True)
    for row in range(30):
        now = log.moments_at(np.array([row]), end)
        changes = model.changes.find(now, TREE)
        if any(c.node.id == "g5" for c in changes):
            at = np.array([end[0] - 60 * DAY, end[0]])
            moments = log.moments_at(np.array([row, row]), at)
            series = profiles(model, [f"u{row:03}"] * 2, moments)
            return evolution(f"u{row:03}", series, now, changes)
    raise AssertionError("no change was found")
