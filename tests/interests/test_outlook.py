"""The profile to come: each way on lives that it fits, and the best one chosen."""

import json

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.errors import DataError, UnknownIdError
from penchant.interests.evolution import back
from penchant.interests.forecaster import Forecaster
from penchant.interests.model import InterestModel
from penchant.interests.outlook import RATES, Courses, Outlook, smoothed
from penchant.testing.layers import log_of, quick, shelf


def crowd(users=40, visits=50):
    """People with two groups of items each, turned to every other day."""
    draw = np.random.default_rng(0)
    rows = []
    for u in range(users):
        likes = draw.choice(6, 2, replace=False)
        rows += [
            (f"u{u:03}", 6 * (n % 10) + int(draw.choice(likes)), 2.0 * n) for n in range(visits)
        ]
    return log_of(rows, shelf())


LOG = crowd()
NOW = int(LOG.time.max())


def lives(kind, n, seed, M=6, K=5):
    """Windows whose next step follows one way exactly."""
    draw = np.random.default_rng(seed)
    w = draw.dirichlet(np.ones(K), (n, M)).astype(np.float32)
    turned = np.roll(w[:, -1], 1, axis=1)  # each interest leads to the next one
    next_ = {"last": w[:, -1], "mean": w.mean(axis=1), "turned": turned}[kind]
    came = np.stack([draw.multinomial(30, p / p.sum()) for p in next_.astype(np.float64)])
    return Courses(w, np.ones((n, M), np.float32), came.astype(np.float32))


@pytest.mark.parametrize(
    ("kind", "way"), [("last", "last value"), ("mean", "mean"), ("turned", "learned")]
)
def test_the_way_that_people_follow_is_found(kind, way):
    outlook = Outlook().fit(lives(kind, 1500, 0), lives(kind, 400, 1))
    assert outlook.way_ == way
    assert {trial.way for trial in outlook.trials_} == set(outlook.ways())
    best = min(trial.log_loss for trial in outlook.trials_)
    assert next(t for t in outlook.trials_ if t.way == way).log_loss == best
    said = outlook(lives(kind, 50, 2))
    assert said.sum(axis=1) == pytest.approx(1.0, abs=1e-6)


def test_smoothing_is_that_of_the_equation():
    one = lives("last", 3, 0, M=3)
    w = one.weights.astype(np.float64)
    by_hand = 0.2 * w[:, 2] + 0.8 * (0.2 * w[:, 1] + 0.8 * w[:, 0])
    assert smoothed(one, 0.2) == pytest.approx(by_hand)
    assert smoothed(one, 1.0) == pytest.approx(w[:, 2])


def test_smoothing_is_tuned_on_earlier_steps():
    slow = Outlook().fit(lives("mean", 800, 0), lives("mean", 100, 1))
    fast = Outlook().fit(lives("last", 800, 0), lives("last", 100, 1))
    assert slow.rate_ < fast.rate_ == RATES[-1]


def test_nobody_to_learn_from_is_said():
    nobody = lives("last", 4, 0).take(np.arange(0))
    with pytest.raises(DataError, match="Ask for a shorter step"):
        Outlook().fit(nobody, lives("last", 4, 0))


def test_times_back_are_whole_steps():
    assert np.diff(back(NOW, "week", 4)).tolist() == [7 * DAY] * 3
    assert back(NOW, "month", 1).tolist() == [NOW]
    with pytest.raises(UnknownIdError, match="day, week, month"):
        back(NOW, "fortnight", 2)


@pytest.fixture(scope="module")
def told():
    model = InterestModel(quick()).fit(shelf(), LOG, repeats=True)
    forecaster = Forecaster("week", steps=4).fit(model, LOG, NOW)
    return model, forecaster, forecaster.of(model, LOG, "u004", NOW)


def test_a_forecast_sums_to_one_and_children_to_parents(told):
    model, _, found = told
    for level in (1, 2):
        assert sum(x.ahead for x in found.levels[level - 1]) == pytest.approx(1.0, abs=1e-5)
    parent = found.levels[0][0]
    children = [x for x in found.levels[1] if x.node.parent == parent.node.id]
    assert sum(x.ahead for x in children) == pytest.approx(parent.ahead, abs=1e-5)
    moments = LOG.moments_at(LOG.users.rows(["u004"]).astype(np.int64), np.array([NOW]))
    now = model.weights(moments, layers=False).whole[1][0]
    assert [x.now for x in found.levels[1]] == pytest.approx(now.tolist(), abs=1e-6)
    assert found.top(2)[0].ahead == max(x.ahead for x in found.levels[1])
    with pytest.raises(UnknownIdError, match="levels 1 to 2"):
        found.top(3)


def test_tables_plain_values_and_print_say_the_same(told):
    _, forecaster, found = told
    assert found.to_frame().height == 9
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["way"] == forecaster.outlook_.way_ == found.way
    assert plain["levels"][1][0]["ahead"] == pytest.approx(found.top(2)[0].ahead)
    assert f"by {found.way}" in str(found)
    assert "to come" in str(found)


def test_twice_is_the_same_and_nothing_past_the_time_counts(told):
    model, _, found = told
    again = Forecaster("week", steps=4).fit(model, LOG, NOW)
    assert again.of(model, LOG, "u004", NOW).to_json() == found.to_json()
    early = NOW - 8 * DAY
    seen = LOG.keep(LOG.time <= early)
    whole = Forecaster("week", steps=4).fit(model, LOG, early)
    cut = Forecaster("week", steps=4).fit(model, seen, early)
    assert (
        whole.of(model, LOG, "u004", early).to_json()
        == cut.of(model, seen, "u004", early).to_json()
    )


def test_the_step_after_a_time_is_what_people_did_then(told):
    model, forecaster, _ = told
    early = NOW - 14 * DAY
    asked = forecaster.asked(model, LOG, early)
    assert len(asked) == 40
    late = (LOG.time > early) & (LOG.time <= early + 7 * DAY)
    assert asked.came.sum() == late.sum()
    assert {trial.people for trial in forecaster.outlook_.tried(asked)} == {40}


def test_somebody_unknown_has_the_outlook_of_everybody(told):
    model, forecaster, _ = told
    assert forecaster.of(model, LOG, "nobody", NOW).levels[0][0].ahead > 0


def test_a_log_without_anybody_to_learn_from_is_told_of(told):
    with pytest.raises(DataError, match="0 people acted"):
        Forecaster("week", steps=4).fit(told[0], LOG.keep(np.zeros(len(LOG), bool)), NOW)
