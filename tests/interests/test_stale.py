"""What everybody did grows old while a model is used: it is trusted as far as it stays true."""

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.data.moments import Moments
from penchant.evaluate.forecast import forecast
from penchant.interests.calibration import CalibrationConfig
from penchant.interests.model import InterestModel
from penchant.testing.layers import GROUPS, ITEMS, log_of, quick, shelf

QUICK = quick().but(layers=("popularity",))


def fashions(lasts, days=120, people=250, seed=0):
    """Everybody turns to one group, most of the time, and to another one after so many days."""
    draw = np.random.default_rng(seed)
    worn = draw.integers(GROUPS, size=days // lasts + 1)
    rows = []
    for person in range(people):
        for day in np.sort(draw.random(10) * days):
            group = worn[int(day // lasts)] if draw.random() < 0.8 else draw.integers(GROUPS)
            item = int(draw.integers(ITEMS // GROUPS)) * GROUPS + int(group)
            rows.append((f"p{person}", item, float(day)))
    return log_of(rows, shelf())


def found(log, **settings):
    """Calibration error and log loss of each level, forecast by a model of the days before."""
    cut = int(np.quantile(log.time, 0.9))
    model = InterestModel(QUICK.but(**settings))
    model.fit(shelf(), log.keep(log.time < cut), repeats=True)
    rows = forecast(model, log, cut).figures.filter(way="profile").sort("level")
    return rows["calibration_error"].to_numpy(), rows["log_loss"].to_numpy()


def quick_fashions(kind):
    """Calibration error and log loss where fashions last three days: as it is, and with moments
    that know everybody up to the last minute. One world says little: means over four."""
    logs = [fashions(lasts=3, days=600, people=500, seed=seed) for seed in range(4)]
    for settings in ({}, {"calibration.stale": 0.0}):
        yield np.mean([found(log, **{"holdout.kind": kind}, **settings) for log in logs], axis=0)


def test_a_fashion_is_trusted_as_long_as_fashions_last():
    """Held-out moments that know everybody up to the last minute say that the fashion of the day
    is all there is; the next one comes in three days."""
    (error, loss), (misled, dear) = quick_fashions("last")
    assert (error < 0.5 * misled).all() and (loss < dear - 0.08).all()


def test_after_a_cut_waiting_costs_nothing():
    """Moments after a cut meet several fashions, and are hardly misled."""
    (error, loss), (_, dear) = quick_fashions("time")
    assert (error < 0.15).all() and (loss < dear + 0.01).all()


@pytest.mark.parametrize("kind", ["last", "time"])
def test_what_lasts_is_trusted(kind):
    log = fashions(lasts=500)
    error, loss = found(log, **{"holdout.kind": kind})
    _, known = found(log, **{"holdout.kind": kind, "calibration.stale": 0.0})
    assert (error < 0.05).all()
    assert (loss < known + 0.003).all()


def test_what_everybody_did_is_as_old_as_one_of_the_waits():
    at = np.arange(1000, dtype=np.int64) * DAY
    waits = np.array([3, 5]) * DAY
    moments = Moments.of_strangers(at)
    ages = at - CalibrationConfig().overtaken(moments, waits, 0).heard
    assert set(ages) == set(waits)
    ages = at - CalibrationConfig(stale=2.0).overtaken(moments, waits, 0).heard
    assert 0 <= ages.min() < 0.1 * DAY and 1.9 * DAY < ages.max() <= 2 * DAY
    assert (CalibrationConfig(stale=0.0).overtaken(moments, waits, 0).heard == at).all()
