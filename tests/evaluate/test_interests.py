import numpy as np
import pytest
from scipy import sparse

from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.evaluate import interests as ev

MEMBERS = sparse.csr_array(np.array([[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5]], np.float32))
P = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.4, 0.4, 0.2]])


def test_truth_is_the_mean_membership_of_what_came():
    targets = sparse.csr_array(np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0]], np.float32))
    T, known = ev.truth(targets, MEMBERS)
    assert T.tolist() == [[1, 0, 0], [0.5, 0.25, 0.25], [0, 0, 0]]
    assert known.tolist() == [True, True, False]


def test_accuracy_and_log_loss_by_hand():
    T = np.array([[1.0, 0, 0], [0, 0.5, 0.5], [0, 1, 0]])
    assert ev.accuracy(P, T).tolist() == [1.0, 0.5, 0.5]  # a tie earns what a draw would
    loss = ev.log_loss(P, T)
    assert loss[0] == pytest.approx(-np.log(0.6))
    assert loss[1] == pytest.approx(-0.5 * (np.log(0.2) + np.log(0.6)))
    never = ev.log_loss(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert never == pytest.approx([-np.log(ev.FLOOR)])


def test_who_draws_from_their_own_forecast_is_calibrated_and_who_boasts_is_not():
    draws = np.random.default_rng(0)
    said = draws.dirichlet(np.ones(4), size=20_000)
    came = np.array([draws.multinomial(1, p) for p in said], np.float64)
    assert ev.calibration_error(said, came) < 0.02
    assert ev.node_calibration_error(said, came) < 0.01
    boast = said**4 / (said**4).sum(1, keepdims=True)
    assert ev.calibration_error(boast, came) > 0.15
    assert ev.log_loss(boast, came).mean() > ev.log_loss(said, came).mean()
    table = ev.reliability(said, came, bins=10)
    assert table["count"].sum() == 80_000
    big = table.filter(table["count"] > 500)
    assert (big["predicted"] - big["observed"]).abs().max() < 0.05


def test_calibration_error_by_hand():
    said = np.array([[0.9, 0.1], [0.9, 0.1]])
    came = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert ev.calibration_error(said, came) == pytest.approx(0.4)


def test_counting_is_the_smoothed_share_of_what_was_liked():
    asked = Moments(
        np.array([0, 3, 3]), np.array([0, 0, 1], np.int32), np.zeros(3, np.int64),
        np.array([1.0, 0.5, -1.0], np.float32), np.arange(3), np.ones(3, bool),
        np.zeros(2, np.int64),
    )  # fmt: skip
    prior = np.array([0.2, 0.3, 0.5])
    found = ev.counted(asked, MEMBERS, prior, strength=2.0)
    assert found[0] == pytest.approx([(2 + 0.4) / 4, 0.6 / 4, 1.0 / 4])
    assert found[1] == pytest.approx(prior)
    with pytest.raises(DataError, match="strength"):
        ev.counted(asked, MEMBERS, prior, strength=0.0)


def test_levels_are_assessed_side_by_side():
    T = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    table = ev.assess({"1": P, "2": P}, {"1": T, "2": T})
    assert table["level"].to_list() == ["1", "2"]
    assert table["accuracy"].to_list() == [pytest.approx(2.5 / 3)] * 2


@pytest.mark.parametrize("bad", [2 * P, np.full_like(P, np.nan), P[:, :2], P[:0]])
def test_what_is_no_forecast_is_refused(bad):
    T = np.eye(3)
    with pytest.raises(DataError, match="P"):
        ev.accuracy(bad, T if bad.shape[0] else T[:0])
