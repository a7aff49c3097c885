from dataclasses import replace

import numpy as np
import pytest

from penchant.evaluate.interests import calibration_error, log_loss
from penchant.interests import experts
from penchant.interests.calibration import Calibration, CalibrationConfig
from penchant.interests.everybody import Everybody
from penchant.interests.weights import Weights, rolled
from penchant.taxonomy.siblings import Siblings

FAMILIES = (Siblings(np.zeros(3, np.int64), 1), Siblings(np.array([0, 0, 0, 1, 1, 2, 2]), 3))
PEOPLE = 3000


def levels(leaves):
    return rolled(np.asarray(leaves, np.float32), FAMILIES)


ALIKE = np.full(7, 1 / 7, np.float32)
ALL = Everybody(ALIKE, ALIKE, np.zeros(1, np.int64), ALIKE[None])


def population(sharpness=1.0, events=40, seed=0):
    """People whose tastes are known: what a model says of them, their counts and what came."""
    draw = np.random.default_rng(seed)
    taste = draw.dirichlet(np.full(7, 0.5), PEOPLE)
    said = taste**sharpness
    said /= said.sum(axis=1, keepdims=True)
    counts = draw.poisson(taste * draw.integers(0, events + 1, (PEOPLE, 1)))
    came = np.eye(7)[[draw.choice(7, p=p) for p in taste]]
    usual = np.repeat(taste.mean(axis=0)[None], PEOPLE, axis=0)
    rhythms = len(CalibrationConfig().rhythms)
    known = Weights(
        np.ones((PEOPLE, 1), np.float32), np.zeros(PEOPLE, np.int64),
        np.zeros(PEOPLE, np.float32), levels(said),
        {"base": levels(said)}, levels(usual), (levels(counts),) * rhythms,
    )  # fmt: skip
    return known, levels(came), levels(taste)


def loss(said, came):
    return [float(log_loss(p, t.astype(float)).mean()) for p, t in zip(said, came, strict=True)]


def taken(known, rows):
    def some(tables):
        return tuple(table[rows] for table in tables)

    return Weights(
        known.alpha[rows], known.heard[rows], known.fresh[rows], some(known.whole),
        {k: some(v) for k, v in known.layers.items()},
        some(known.usual), tuple(some(tables) for tables in known.counted),
    )  # fmt: skip


@pytest.mark.parametrize("sharpness", [0.3, 3.0])
def test_what_is_too_sure_or_too_unsure_is_put_right(sharpness):
    known, came, truth = population(sharpness)
    half = np.arange(PEOPLE) < PEOPLE // 2
    learned = Calibration().fit(taken(known, half), tuple(t[half] for t in came), ALL, FAMILIES)
    made = learned(taken(known, ~half), FAMILIES)
    rest = tuple(t[~half] for t in came)
    plain = loss(taken(known, ~half).whole, rest)
    best = loss(tuple(t[~half] for t in truth), rest)
    for said in (made.whole, made.layers["base"]):
        for ours, theirs, least in zip(loss(said, rest), plain, best, strict=True):
            assert ours - least < 0.4 * (theirs - least)


def test_children_add_up_and_everything_sums_to_one():
    known, came, _ = population()
    made = Calibration().fit(known, came, ALL, FAMILIES)(known, FAMILIES)
    for tables in (made.whole, made.usual, *made.layers.values()):
        np.testing.assert_allclose(FAMILIES[1].up(tables[1]), tables[0], atol=1e-5)
        np.testing.assert_allclose(tables[0].sum(axis=1), 1.0, atol=1e-5)


def test_somebody_unknown_has_what_is_usual():
    known, came, _ = population()
    learned = Calibration().fit(known, came, ALL, FAMILIES)
    nothing = tuple(tuple(0 * t for t in tables) for tables in known.counted)
    stranger = learned(replace(known, whole=known.usual, counted=nothing), FAMILIES)
    for ours, usual in zip(stranger.whole, stranger.usual, strict=True):
        np.testing.assert_allclose(ours, usual, atol=1e-6)


def test_a_model_that_knows_nothing_leaves_it_to_the_counts():
    known, came, _ = population()
    blind = replace(known, whole=known.usual)
    made = Calibration().fit(blind, came, ALL, FAMILIES)(blind, FAMILIES)
    counting = tuple(
        (n + 3 * u) / (n.sum(axis=1, keepdims=True) + 3)
        for n, u in zip(known.counted[0], known.usual, strict=True)
    )
    for ours, theirs in zip(loss(made.whole, came), loss(counting, came), strict=True):
        assert ours < theirs + 0.005


def test_where_somebody_is_heading_is_an_expert_of_the_whole():
    """What the dynamic layer says alone counts where the whole knows less; a stranger is told what
    is usual all the same."""
    known, came, truth = population(events=2)
    blind = replace(known, whole=known.usual)
    headed = replace(blind, heading=truth)
    plain = Calibration().fit(blind, came, ALL, FAMILIES)
    learned = Calibration().fit(headed, came, ALL, FAMILIES)
    ours = loss(learned(headed, FAMILIES).whole, came)
    theirs = loss(plain(blind, FAMILIES).whole, came)
    assert all(a < b - 0.1 for a, b in zip(ours, theirs, strict=True))
    nothing = tuple(tuple(t * 0 for t in tables) for tables in known.counted)
    stranger = learned(
        replace(headed, whole=known.usual, heading=known.usual, counted=nothing), FAMILIES
    )
    np.testing.assert_allclose(stranger.whole[1], stranger.usual[1], rtol=1e-5)


def test_without_anything_held_out_sums_stay_as_they_are():
    known, _, _ = population()
    made = Calibration()(known, FAMILIES)
    np.testing.assert_array_equal(made.whole[1], known.whole[1])
    np.testing.assert_array_equal(made.layers["base"][0], known.layers["base"][0])


def test_it_is_kept_exactly():
    known, came, _ = population()
    learned = Calibration().fit(known, came, ALL, FAMILIES)
    again = Calibration().restore(learned.state())
    np.testing.assert_array_equal(
        learned(known, FAMILIES).whole[1], again(known, FAMILIES).whole[1]
    )


def test_in_the_midst_of_a_visit_people_go_on_with_what_they_began():
    """Half are asked in a visit, whose last act says the next one; half between visits."""
    known, came, truth = population(events=40)
    fresh = np.arange(PEOPLE) % 2 == 0
    last = tuple(
        np.where(fresh[:, None], c, np.roll(c, 3, axis=0)).astype(np.float32) for c in came
    )
    quick = (*known.counted[:2], last, *known.counted[3:])  # the rhythm of a week holds just it
    known = replace(known, fresh=fresh.astype(np.float32), counted=quick)
    made = Calibration().fit(known, came, ALL, FAMILIES)(known, FAMILIES).whole

    def of(tables, rows):
        return tuple(table[rows] for table in tables)

    assert (
        loss(of(made, fresh), of(came, fresh))[1] < 0.5 * loss(of(truth, fresh), of(came, fresh))[1]
    )
    between = loss(of(made, ~fresh), of(came, ~fresh))[1]
    assert between < 1.15 * loss(of(truth, ~fresh), of(came, ~fresh))[1]


def test_the_base_layer_counts_slowly_and_the_dynamic_one_quickly():
    known, came, _ = population(sharpness=0.0, events=60)  # the layers say nothing
    known = replace(known, layers={"base": known.whole, "dynamic": known.whole})
    none = tuple(map(np.zeros_like, known.counted[0]))
    slow = (none,) * 3 + known.counted[3:]  # only the slow rhythms know anything
    known = replace(known, counted=slow)
    made = Calibration().fit(known, came, ALL, FAMILIES)(known, FAMILIES).layers
    assert loss(made["base"], came)[1] < 0.9 * loss(made["dynamic"], came)[1]


def test_a_layer_without_rhythms_of_its_own_counts_nothing():
    known, came, _ = population(sharpness=0.0, events=60)  # the layers say nothing
    known = replace(known, layers={"context": known.whole, "base": known.whole})
    made = Calibration().fit(known, came, ALL, FAMILIES)(known, FAMILIES).layers
    assert np.ptp(made["context"][1], axis=0).max() < 0.05
    assert np.ptp(made["base"][1], axis=0).max() > 0.5


def test_nobody_is_no_trouble_and_other_experts_are_one():
    known, came, _ = population()
    learned = Calibration().fit(known, came, ALL, FAMILIES)
    assert learned(taken(known, np.arange(0)), FAMILIES).whole[1].shape == (0, 7)
    for n in (12, 14):
        learned.pools_["whole"][0] = np.zeros((n, 4))
        with pytest.raises(ValueError, match=f"weights of {n} experts came, expected 13"):
            learned(known, FAMILIES)
    assert Calibration().sober(known, known, FAMILIES).sober_ == {}


def shown(known, times):
    """What is said of people whose events were learned from: surer, the more of them there are."""
    events = known.counted[-1][0].sum(axis=1, keepdims=True)
    sharp = known.whole[-1] ** (1.0 + (times - 1.0) * np.minimum(events / 20.0, 1.0))
    said = levels(sharp / sharp.sum(axis=1, keepdims=True))
    return replace(known, whole=said, layers={"base": said})


def test_layers_that_learn_again_are_no_surer_for_it():
    """Held-out moments of one half, people as they are now of both; the other half is forecast."""
    known, came, _ = population()
    half = np.arange(PEOPLE) < PEOPLE // 2
    come = tuple(t[~half] for t in came)
    made = Calibration().fit(taken(known, half), tuple(t[half] for t in came), ALL, FAMILIES)
    before, again = made(known, FAMILIES), shown(known, 2.0)
    served = taken(again, ~half)
    sure = made(served, FAMILIES)
    made.sober(again, before, FAMILIES)
    sober, kept = made(served, FAMILIES), Calibration().restore(made.state())
    for was, ours in ((sure.whole, sober.whole), (sure.layers["base"], sober.layers["base"])):
        for level in (0, 1):
            T = come[level].astype(np.float64)
            error = calibration_error(ours[level], T)
            assert error < 0.5 * calibration_error(was[level], T)
            assert loss(ours, come)[level] < loss(was, come)[level]
    np.testing.assert_array_equal(kept(served, FAMILIES).whole[1], sober.whole[1])
    np.testing.assert_allclose(FAMILIES[1].up(sober.whole[1]), sober.whole[0], atol=1e-5)


def test_layers_that_say_the_same_again_are_left_as_they_are():
    known, came, _ = population()
    made = Calibration().fit(known, came, ALL, FAMILIES)
    before = made(known, FAMILIES)
    after = made.sober(known, before, FAMILIES)(known, FAMILIES)
    for ours, theirs in zip(after.whole, before.whole, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_people_who_come_turn_to_other_things_than_people_who_stay():
    known, came, _ = population(events=20)
    new = known.counted[-1][0].sum(axis=1) == 0
    first = np.array([0.4, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05], np.float32)
    drawn = np.eye(7)[np.random.default_rng(1).choice(7, PEOPLE, p=first / first.sum())]
    came = levels(np.where(new[:, None], drawn, came[1]))
    blind = replace(known, whole=known.usual)
    everybody = replace(ALL, first=first)
    told = Calibration().fit(blind, came, everybody, FAMILIES)(blind, FAMILIES).whole
    plain = Calibration().fit(blind, came, ALL, FAMILIES)(blind, FAMILIES).whole

    def of(tables):
        return tuple(table[new] for table in tables)

    ours, theirs = loss(of(told), of(came)), loss(of(plain), of(came))
    assert all(a < b - 0.02 for a, b in zip(ours, theirs, strict=True)), (ours, theirs)


def seized(share, seed):
    """A population of whom so many are in a burst: three choices of these days, and what comes
    next, are of one leaf, whatever their taste; the others' last three are by their taste."""
    known, came, truth = population(seed=seed)
    draw = np.random.default_rng(seed + 100)
    burst = draw.random(PEOPLE) < share
    leaf = draw.integers(0, 7, PEOPLE)
    usual = np.array([draw.choice(7, p=p / p.sum()) for p in truth[1].astype(np.float64)])
    lately = np.stack([draw.multinomial(3, p / p.sum()) for p in truth[1].astype(np.float64)])
    lately[burst] = 3 * np.eye(7, dtype=np.int64)[leaf[burst]]
    came = levels(np.eye(7)[np.where(burst, leaf, usual)])
    slow = known.counted[0][1] + lately
    rhythms = CalibrationConfig().rhythms
    counted = tuple(levels(lately if half == 7.0 else slow) for _, half in rhythms)
    return replace(known, counted=counted), came, burst


def test_in_a_burst_the_last_days_say_more_than_all_the_years(monkeypatch):
    """Beside pools that were fitted without being surprised."""
    known, came, _ = seized(0.15, seed=0)
    asked, then, burst = seized(0.15, seed=1)

    def lost():
        made = Calibration().fit(known, came, ALL, FAMILIES)(asked, FAMILIES)
        return log_loss(made.whole[1].astype(float), then[1].astype(float))

    ours = lost()
    monkeypatch.setattr(experts, "surprised", lambda quick, slow, family: 0.0 * slow)
    theirs = lost()
    assert ours[burst].mean() < theirs[burst].mean() - 0.1
    assert ours.mean() < theirs.mean()


def test_however_surprised_what_was_long_liked_is_not_forgotten():
    """A thousand choices of one leaf and five of another these days: beyond all that was fitted."""
    known, came, _ = seized(0.15, seed=0)
    learned = Calibration().fit(known, came, ALL, FAMILIES)
    ever = np.array([[1000.0, 5, 0, 0, 0, 0, 0]])
    lately = np.array([[0.0, 5, 0, 0, 0, 0, 0]])
    rhythms = CalibrationConfig().rhythms
    counted = tuple(levels(lately if half == 7.0 else ever) for _, half in rhythms)
    one = replace(taken(known, np.arange(1)), counted=counted, whole=levels(ever / 1005))
    assert learned(one, FAMILIES).whole[1][0, 0] > 1e-3


def test_few_choices_are_not_believed_far():
    """By sixty choices bold weights fit what those sixty did, and say the worse what others do."""
    bold, firm = CalibrationConfig(pull_in_all=0.0), CalibrationConfig()
    lost = {bold: [], firm: []}
    for seed in range(8):
        known, came, _ = population(1.0, events=6, seed=seed)
        few = np.random.default_rng(seed).permutation(PEOPLE)[:60]
        rest = np.setdiff1d(np.arange(PEOPLE), few)
        for config, losses in lost.items():
            made = Calibration(config)
            made.fit(taken(known, few), tuple(t[few] for t in came), ALL, FAMILIES)
            said = made(taken(known, rest), FAMILIES).whole
            losses.append(loss(said, tuple(t[rest] for t in came)))
    assert (np.mean(lost[firm], axis=0) < 0.985 * np.mean(lost[bold], axis=0)).all()


def test_many_choices_are_pulled_as_before():
    known, came, _ = population()
    some = [
        Calibration(CalibrationConfig(pull_in_all=x)).fit(known, came, ALL, FAMILIES).pools_
        for x in (0.0, 5.0)
    ]
    for one, other in zip(some[0]["whole"], some[1]["whole"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_pulled_is_no_trouble():
    known, came, _ = population()
    free = CalibrationConfig(pull=0.0, pull_in_all=0.0)
    learned = Calibration(free).fit(known, came, ALL, FAMILIES)
    learned.sober(known, learned(known, FAMILIES), FAMILIES)
    assert np.isfinite(learned(known, FAMILIES).whole[1]).all()


def test_surprise_is_how_far_the_last_days_lie_from_the_long_run():
    known, _, burst = seized(0.5, seed=2)

    def surprise(known, of="whole", config=None):
        c = config or CalibrationConfig()
        found = experts.Experts.levels(known, ["base", "whole"], ALL, FAMILIES, c.rhythms, c.doubts)
        return [level.follows(of)[2] for level in found]

    found = surprise(known)[1]
    assert (found >= 0).all()
    most = found.max(axis=1)
    assert most[burst].mean() > 1.5 * most[~burst].mean()
    assert not any(one.any() for one in surprise(known, of="base"))
    nothing = tuple(tuple(0 * t for t in tables) for tables in known.counted)
    assert not any(one.any() for one in surprise(replace(known, counted=nothing)))
    slow = CalibrationConfig(rhythms=((1.0, 120.0), (1.0, 0.0)))
    kept = replace(known, counted=known.counted[2:])
    assert not any(one.any() for one in surprise(kept, config=slow))
    turned = CalibrationConfig(rhythms=((1.0, 0.0), (1.0, 7.0)))
    kept = replace(known, counted=(known.counted[3], known.counted[1]))
    np.testing.assert_array_equal(surprise(kept, config=turned)[1], found)


def test_surprise_by_hand():
    """Four choices of the second of two siblings lately, beside thirty of the first."""
    family = Siblings(np.zeros(2, np.int64), 1)
    found = experts.surprised(np.array([[0.0, 4.0]]), np.array([[30.0, 4.0]]), family)
    usual = np.array([35.0, 9.0]) / 44.0
    lately = (np.array([0.0, 4.0]) + 0.5 * usual) / 4.5
    far = (lately * np.log(lately / usual)).sum() * 4 / 5
    np.testing.assert_allclose(found, [[far / (1 + far)] * 2], rtol=1e-6)
