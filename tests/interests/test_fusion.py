import numpy as np
import pytest
from scipy import sparse

from penchant.clock import DAY
from penchant.interests.fusion import FEATURES, Fusion, FusionConfig, features
from penchant.testing.layers import ends, log_of, planted, shelf
from penchant.train.holdout import Holdout, HoldoutConfig, hold_out, ndcg

NAMES = ("good", "poor", "noise")


@pytest.fixture(scope="module")
def holdout():
    _, held = hold_out(planted("none", users=300), HoldoutConfig(share=0.2), repeats=False, seed=0)
    return held


def layers(holdout, seed=0):
    """One layer that knows much of the outcome, one that knows little, one that knows nothing."""
    draw = np.random.default_rng(seed)
    shape = holdout.targets.shape
    noise = draw.normal(size=(3, *shape)).astype(np.float32)
    target = holdout.targets.toarray()
    return [2.5 * target + noise[0], 0.7 * target + noise[1], noise[2]]


def asking(holdout, scores):
    """A function that gives rows of tables by the moments asked about."""
    row = {tuple(h): b for b, h in enumerate(_keys(holdout.moments))}
    return lambda moments: [x[[row[tuple(k)] for k in _keys(moments)]] for x in scores]


def _keys(moments):
    first = moments.source[moments.offsets[:-1]]
    return np.stack([first, moments.at], axis=1).tolist()


def fitted(holdout, kind, scores=None, **more):
    fusion = Fusion(FusionConfig(kind=kind, **more), NAMES)
    scores = layers(holdout) if scores is None else scores
    return fusion.fit(asking(holdout, scores), holdout, seed=0)


@pytest.mark.parametrize("kind", ["gate", "logistic", "fixed"])
def test_alpha_is_never_negative_and_finite(holdout, kind):
    alpha = fitted(holdout, kind).alpha(holdout.moments)
    assert alpha.shape == (len(holdout), 3)
    assert alpha.dtype == np.float32
    assert np.isfinite(alpha).all()
    assert (alpha >= 0).all()


def test_fixed_is_as_given(holdout):
    given = {"good": 3.0, "noise": 0.5}
    fusion = fitted(holdout, "fixed", fixed=given)
    assert fusion.alpha(holdout.moments)[0].tolist() == [3.0, 0.0, 0.5]


def test_logistic_is_the_same_for_everybody(holdout):
    alpha = fitted(holdout, "logistic").alpha(holdout.moments)
    assert np.ptp(alpha, axis=0).max() < 1e-6
    assert alpha[0, 0] > alpha[0, 1] > alpha[0, 2]


@pytest.mark.parametrize("kind", ["gate", "logistic"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_whole_is_not_worse_than_its_best_layer(holdout, kind, seed):
    scores = layers(holdout, seed)
    fusion = fitted(holdout, kind, scores)
    alpha = fusion.alpha(holdout.moments)
    together = np.einsum("bp,pbi->bi", alpha, np.stack(scores))
    alone = max(ndcg(x, holdout).mean() for x in scores)
    assert ndcg(together, holdout).mean() >= alone - 0.01


@pytest.mark.parametrize("kind", ["gate", "logistic"])
def test_what_was_held_out_is_told_as_well_as_is_measured_over_all_items(holdout, kind):
    scores = layers(holdout)
    fusion = fitted(holdout, kind, scores)
    held = fusion.held_
    assert held.moments == len(holdout)
    for name, alone in zip(NAMES, scores, strict=True):
        assert held.layers[name] == pytest.approx(ndcg(alone, holdout).mean(), abs=1e-6)
    together = np.einsum("bp,pbi->bi", fusion.alpha(holdout.moments), np.stack(scores))
    assert held.ndcg == pytest.approx(ndcg(together, holdout).mean(), abs=0.01)
    z = np.where(holdout.excluded.toarray() > 0, -np.inf, together).astype(float)
    likely = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -np.where(holdout.targets.toarray() > 0, likely, 0.0).sum(axis=1).mean()
    assert held.log_loss == pytest.approx(loss, rel=0.05)
    assert set(held.to_json()) == {"moments", "ndcg@10", "layers", "log_loss"}


def test_what_is_not_measured_is_not_told(holdout):
    assert fitted(holdout, "fixed").held_.to_json() == {"moments": len(holdout)}


def test_the_gate_learns_whom_to_trust_with_what():
    """Layer one knows those with much history, layer two those with little."""
    draw, rows = np.random.default_rng(0), []
    for u in range(400):
        n = 2 if u % 2 else 40
        items = draw.integers(60, size=n)
        rows += [(f"u{u:03d}", int(i), float(d)) for d, i in enumerate(items)]
    _, held = hold_out(log_of(rows, shelf()), HoldoutConfig(share=0.4), repeats=True, seed=0)
    much = held.moments.length > 10
    assert 0.2 < much.mean() < 0.8
    noise = draw.normal(size=(2, *held.targets.shape)).astype(np.float32)
    target = held.targets.toarray()
    scores = [noise[0] + 4 * target * much[:, None], noise[1] + 4 * target * ~much[:, None]]
    gated = Fusion(FusionConfig(kind="gate"), ("much", "little"))
    gated.fit(asking(held, scores), held, seed=0)
    alpha = gated.alpha(held.moments)
    ratio = alpha[:, 0] / alpha[:, 1]
    assert np.median(ratio[much]) > 2 * np.median(ratio[~much])
    flat = Fusion(FusionConfig(kind="logistic"), ("much", "little"))
    flat.fit(asking(held, scores), held, seed=0)
    gain = [
        ndcg(np.einsum("bp,pbi->bi", f.alpha(held.moments), np.stack(scores)), held).mean()
        for f in (gated, flat)
    ]
    assert gain[0] > gain[1]


def test_where_nothing_differs_the_gate_stays_shut(holdout):
    fusion = fitted(holdout, "gate", [layers(holdout)[0]] * 3)
    assert np.abs(fusion.slopes_).max() < 0.3


@pytest.mark.parametrize("kind", ["gate", "logistic", "fixed"])
def test_save_and_load(holdout, kind):
    fusion = fitted(holdout, kind)
    again = Fusion(FusionConfig(kind=kind), NAMES).restore(fusion.state())
    assert np.array_equal(again.alpha(holdout.moments), fusion.alpha(holdout.moments))
    arrays, _ = fusion.state()
    assert all(len(holdout) not in x.shape for x in arrays.values())


def test_the_same_seed_gives_the_same(holdout):
    one, two = fitted(holdout, "gate"), fitted(holdout, "gate")
    assert np.array_equal(one.theta_, two.theta_)
    assert np.array_equal(one.slopes_, two.slopes_)


@pytest.mark.parametrize("kind", ["gate", "logistic", "fixed"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_moments_are_enough_to_go_on(holdout, kind, n):
    few = holdout.take(np.arange(n))
    fusion = fitted(few, kind, [x[:n] for x in layers(holdout)])
    assert np.isfinite(fusion.alpha(holdout.moments)).all()


def test_without_evidence_the_fixed_ones_serve():
    fusion = Fusion(FusionConfig(fixed={"good": 2.0}), NAMES)
    fusion.without_evidence()
    nobody = log_of([("a", 0, 0)], shelf()).moments_at(np.array([-1, 0]), np.array([0, DAY]))
    assert fusion.alpha(nobody).tolist() == [[2.0, 0.0, 0.0]] * 2


def test_features_by_hand():
    rows = [("a", i, float(i)) for i in (0, 1, 2, 3, 4)] + [("a", 4, 8.0), ("b", 7, 9.0)]
    log = log_of(rows, shelf())
    at = np.full(3, log.time.max() + DAY)  # day 10
    f = features(log.moments_at(np.array([0, 1, -1]), at))
    assert f.shape == (3, len(FEATURES))
    a, b, nobody = f
    assert np.expm1(a[0]) == pytest.approx(6)
    assert np.expm1(a[1]) == pytest.approx(2, abs=1e-4), "days since the last event"
    assert np.expm1(a[2]) == pytest.approx(8 / 5, abs=1e-4), "days between the last six"
    assert a[3] == pytest.approx(5 / 6), "five different among six"
    assert np.expm1(b[:3]) == pytest.approx([1, 1, 0], abs=1e-4)
    assert np.expm1(nobody[:3]) == pytest.approx([0, 3650, 3650])
    assert nobody[3] == b[3] == 1.0


def test_newness_is_of_the_last_ten():
    rows = [("a", i % 3, float(i)) for i in range(4)] + [
        ("a", 5 + i % 2, 4.0 + i) for i in range(10)
    ]
    log = log_of(rows, shelf())
    (a,) = features(log.moments_at(np.array([0]), log.time[-1:]))
    assert a[3] == pytest.approx(2 / 10), "two different among ten; what came before is forgotten"


def test_features_of_nobody_at_all():
    log = planted("none", users=3)
    assert features(ends(log).take(np.zeros(0, np.int64))).shape == (0, len(FEATURES))
    alone = log.moments_at(np.array([-1]), np.array([0]))
    assert np.isfinite(features(alone)).all()


def test_several_targets_a_moment_are_learned_from(holdout):
    wide = Holdout(
        holdout.moments,
        sparse.csr_array((holdout.targets + holdout.targets[::-1]) / 2),
        sparse.csr_array(holdout.targets.shape, dtype=np.float32),
        holdout.chosen,
    )
    scores = [x + 3 * wide.targets.toarray() for x in layers(holdout)]
    assert fitted(wide, "logistic", scores).theta_.min() > 0
