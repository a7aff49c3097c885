import numpy as np
import pytest

from penchant.clock import DAY
from penchant.errors import DataError
from penchant.evaluate.forecast import COUNTING, _bound, forecast
from penchant.interests.model import InterestModel
from penchant.interests.weights import shares
from penchant.testing.layers import log_of, planted, quick, shelf

LOG = planted("taste", users=80, noise=0.2)
CUT = int(np.quantile(LOG.time, 0.8))


@pytest.fixture(scope="module")
def found():
    config = quick().but(**{"holdout.kind": "time"})
    model = InterestModel(config).fit(shelf(), LOG.keep(LOG.time < CUT), repeats=False)
    return forecast(model, LOG, CUT)


def figure(found, level, way, name="log_loss"):
    row = found.figures.filter(level=level, way=way)
    return row[name].item()


def test_every_way_is_asked_about_the_same_acts(found):
    acts = LOG.positive & LOG.first_met & (LOG.time >= CUT)
    assert set(found.figures["acts"]) == {int(acts.sum())}
    assert {way for _, way in found.losses} >= {"profile", "sums over items", "usual", *COUNTING}
    for (level, way), losses in found.losses.items():
        assert figure(found, level, way) == pytest.approx(losses.mean())


def test_planted_tastes_are_forecast_better_than_by_what_all_like(found):
    for level in (1, 2):
        assert figure(found, level, "profile") < 0.9 * figure(found, level, "global share")
        best = min(figure(found, level, way) for way in COUNTING)
        less = figure(found, level, "profile", "less")
        assert less == pytest.approx(1 - figure(found, level, "profile") / best)


def test_who_gains_is_told_by_how_much_was_known(found):
    for level in (1, 2):
        rows = found.by_history.filter(level=level)
        acts, losses = rows["acts"].to_numpy(), rows["profile"].to_numpy()
        assert acts.sum() == len(found.losses[level, "profile"])
        mean = (acts * losses).sum() / acts.sum()
        assert mean == pytest.approx(figure(found, level, "profile"))


def test_hindsight_is_the_entropy_of_what_each_did():
    user = np.repeat([7, 9], [40, 19])  # the second did too little to tell
    came = np.zeros((59, 2))
    came[:30, 0], came[30:, 1] = 1.0, 1.0
    even = np.full(59, 2.0)
    losses = {(1, way): even for way in ("profile", *COUNTING)}
    (row,) = _bound(losses, (came,), user).to_dicts()
    plain = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert row["hindsight"] == pytest.approx(plain + 1 / 80)
    assert (row["people"], row["acts"], row["profile"]) == (1, 40, 2.0)


def test_acts_at_one_time_do_not_tell_each_other():
    rows = [("u", 0, 0.0), ("u", 1, 1.0), ("u", 2, 1.0), ("u", 3, 2.0), ("v", 4, 1.0)]
    log = log_of(rows, shelf())
    moments = log.moments_until(np.arange(5))
    assert moments.length.tolist() == [0, 1, 1, 3, 0]
    assert moments.at.tolist() == log.time.tolist()


def test_shares_of_a_log_sum_to_one_and_nothing_is_impossible():
    for table in shares(log_of([("u", 0, 0.0)], shelf()), shelf().tree):
        assert table.sum() == pytest.approx(1.0, abs=1e-5)
        assert (table > 0).all()


def test_nothing_after_the_cut_is_said_clearly():
    model = InterestModel(quick()).fit(shelf(), LOG, repeats=False)
    with pytest.raises(DataError, match="expected some of both"):
        forecast(model, LOG, int(LOG.time.max()) + DAY)
