import copy
import json
from datetime import datetime

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.errors import UnknownIdError
from penchant.interests.model import InterestModel
from penchant.interests.profile import DOUBT, LASTING, profile
from penchant.testing.layers import ITEMS, ends, log_of, planted, quick, shelf

LOG = planted("taste", users=60, noise=0.3)
LABELS = {i: f"item {i}" for i in range(ITEMS)}


@pytest.fixture(scope="module")
def model():
    return InterestModel(quick()).fit(shelf(), LOG, repeats=False)


def of(model, moments, user="somebody"):
    return profile(model, moments, user_id=user, labels=LABELS)


def one(model, user=4, at=None):
    when = LOG.time.max() + DAY if at is None else at
    return of(model, LOG.moments_at(np.array([user]), np.array([when])), f"u{user:03d}")


def stranger(model):
    return one(model, -1)


def test_every_level_sums_to_one(model):
    for found in (one(model), stranger(model)):
        for level in (1, 2):
            assert found.weights(level).sum() == pytest.approx(1.0, abs=1e-5)
            for name in ("base", "context", "dynamic"):
                total = sum(x.layers[name] for x in found.levels[level - 1])
                assert total == pytest.approx(1.0, abs=1e-5)
            assert sum(x.usual for x in found.levels[level - 1]) == pytest.approx(1.0, abs=1e-5)


def test_children_add_up_to_their_parents(model):
    found = one(model)
    for parent in found.levels[0]:
        below = [x for x in found.levels[1] if x.node.parent == parent.node.id]
        for value in ("weight", "usual"):
            total = sum(getattr(x, value) for x in below)
            assert getattr(parent, value) == pytest.approx(total, abs=1e-5)


def test_weights_are_the_chances_of_the_items(model):
    moments = ends(LOG).take(np.array([4]))
    p = model.chances(moments)[0]
    found = of(model, moments)
    for x in found.levels[1]:
        items = model.catalogue.tree.items_of(x.node.id)
        assert x.weight == pytest.approx(p[items].sum(), abs=1e-5)


def test_what_somebody_likes_stands_first(model):
    hits = [one(model, user).top(2, 1)[0].node.id == f"g{user % 6}" for user in range(60)]
    assert np.mean(hits) > 0.7


def test_lift_is_against_what_is_usual(model):
    found = one(model, 4)
    own = found.interest("g4")
    assert own.lift == pytest.approx(own.weight / own.usual)
    assert own.lift > 1.5


def test_nothing_but_the_context_lifts_an_interest_of_a_stranger(model):
    calm = copy.copy(model)
    calm.fusion = copy.copy(model.fusion)
    calm.fusion.theta_ = model.fusion.theta_ * (np.array(model.fusion.names) != "context")
    for level in (1, 2):
        lifts = [x.lift for x in stranger(calm).levels[level - 1]]
        assert lifts == pytest.approx([1.0] * len(lifts), abs=1e-4)


def test_confidence_grows_with_evidence(model):
    log = log_of([("u", 6 * k, float(k)) for k in range(8)], shelf())
    seen = []
    for n in range(9):
        moments = log.moments(np.array([0]), np.array([n]), log.time[-1:] + DAY)
        seen.append(of(model, moments).interest("g0").confidence)
    assert seen == sorted(seen)
    assert seen == pytest.approx([n / (n + DOUBT) for n in range(9)], abs=1e-5)
    assert of(model, moments).interest("g1").confidence == 0


def test_evidence_is_of_the_past_and_its_shares_are_a_whole_at_most(model):
    found = one(model, 4)
    named = [x for level in found.levels for x in level if x.evidence]
    assert named
    history = set(LOG.source[LOG.user == 4].tolist())
    for x in named:
        assert sum(e.share for e in x.evidence) <= 1 + 1e-5
        assert all(0 < e.share <= 1 and e.source in history for e in x.evidence)
        assert [e.share for e in x.evidence] == sorted((e.share for e in x.evidence), reverse=True)
    best = found.interest("g4").evidence[0]
    assert best.item % 6 == 4, "what speaks for an interest is of that interest"


def test_an_interest_that_no_event_is_of_names_some_only_above_the_usual(model):
    log = log_of([("u", 4, 0.0)], shelf())
    found = of(model, log.moments(np.array([0]), np.array([1]), log.time[-1:] + DAY))
    own = found.interest("g4")
    assert [found.labels[e.item] for e in own.evidence] == [found.labels[4]]
    others = [x for x in found.levels[-1] if x is not own]
    assert not any(x.confidence for x in others)
    assert not any(x.evidence for x in others if x.weight <= x.usual)
    assert any(x.weight <= x.usual for x in others)
    assert all(x.evidence for x in found.levels[0] if x.confidence)


@pytest.mark.parametrize("kind", ["bidirectional", "none"])
def test_evidence_without_a_linear_layer_is_by_removal(kind):
    made = InterestModel(quick().but(**{"base.kind": kind, "fusion.kind": "fixed"}))
    made.fit(shelf(), LOG, repeats=False)
    found = one(made, 4)
    assert any(x.evidence for x in found.levels[0])


def test_somebody_new_has_the_profile_of_everybody(model):
    found = stranger(model)
    assert found.events == 0
    assert not any(x.evidence or x.confidence for level in found.levels for x in level)
    assert "nothing is known of this person yet" in " ".join(str(found).split())
    said = {x.node.id: x.weight for x in found.levels[1]}
    usual = {x.node.id: x.usual for x in found.levels[1]}
    assert said == pytest.approx(usual, abs=0.15)


def test_a_profile_can_be_asked_at_any_time(model):
    rows = np.flatnonzero(LOG.user == 4)
    early, late = one(model, 4, LOG.time[rows[1]]), one(model, 4)
    assert early.events == 2
    assert late.events == len(rows)
    assert early.at < late.at
    assert early.at.tzinfo is not None


def test_it_knows_only_what_came_before(model):
    rows = np.flatnonzero(LOG.user == 4)
    at = LOG.time[rows[3]]
    cut = LOG.keep((LOG.user != 4) | (np.arange(len(LOG)) <= rows[3]))
    whole, less = (of(model, log.moments_at(np.array([4]), np.array([at]))) for log in (LOG, cut))
    assert whole.weights(2).tolist() == less.weights(2).tolist()


def test_alpha_is_part_of_it(model):
    moments = ends(LOG).take(np.array([4]))
    assert list(of(model, moments).alpha) == ["base", "context", "dynamic", "popularity"]
    found = list(of(model, moments).alpha.values())
    assert found == pytest.approx(model.fusion.alpha(moments)[0].tolist())


def test_what_is_asked_for(model):
    found = one(model)
    assert len(found.top(2, 3)) == 3
    weights = [x.weight for x in found.top(2, 6)]
    assert weights == sorted(weights, reverse=True)
    assert found.interest("Group 3") is found.interest("g3")
    assert found.interest("department 1 > group 3") is found.interest("g3")
    for level in (0, 3):
        with pytest.raises(UnknownIdError, match=f"level {level}: the tree has levels 1 to 2"):
            found.top(level)
    with pytest.raises(UnknownIdError, match=r"gruop 3.*Did you mean 'group 3'"):
        found.interest("gruop 3")


def test_as_a_table(model):
    table = one(model).to_frame()
    assert table.height == 3 + 6
    assert table.columns == [
        *("user_id", "level", "id", "name", "path", "weight", "low", "high"),
        *("base", "context", "dynamic", "usual", "lift", "confidence", "stability", "kind"),
        *("asked", "evidence"),
    ]
    assert table.filter(level=1)["weight"].sum() == pytest.approx(1.0, abs=1e-5)
    assert table["level"].is_sorted()


def test_core_is_what_lasts_and_extended_what_does_not(model):
    found = one(model)
    own = found.interest("Group 4")
    assert (own.kind, own.stability) == ("core", 1.0)
    assert found.core(2) == (own,)
    everybody = [x for u in range(60) for x in one(model, u).levels[1]]
    core = [x for x in everybody if x.kind == "core"]
    extended = [x for x in everybody if x.kind == "extended"]
    assert core
    assert extended
    assert all(x.lift > 1.0 and x.stability >= LASTING for x in core)
    assert all(x.lift > 1.0 and x.stability > 0.0 for x in extended)
    assert all(x.stability < LASTING or x.confidence < 0.5 for x in extended)
    assert {x.kind for x in stranger(model).levels[1]} == {"usual"}


def test_ranges_hold_their_weights_and_narrow_with_evidence(model):
    for x in one(model).levels[1]:
        assert 0.0 <= x.low <= x.high <= 1.0
    weights = np.array([[0.3, 0.7]])
    few, many = (
        np.subtract(*model.precision.interval(1, weights, np.array([n]))[::-1])
        for n in (1.0, 500.0)
    )
    assert np.isfinite([few, many]).all()


def test_as_plain_values(model):
    found = one(model)
    told = json.loads(json.dumps(found.to_json()))
    assert told["user_id"] == "u004"
    assert datetime.fromisoformat(told["at"]) == found.at
    first = told["levels"][1][0]
    assert first["weight"] == max(x["weight"] for x in told["levels"][1])
    assert first["path"][0].startswith("Department")
    assert first["evidence"][0]["item"].startswith("item ")


def test_in_print(model):
    text = str(one(model))
    assert text.startswith("u004")
    assert "level 1" in text
    assert "level 2" in text
    assert "Group 4" in text
    assert "item " in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_context_is_named_and_shifts_the_profile():
    log = planted("context", users=150, events=8)
    config = quick().but(layers=("context", "popularity"))
    made = InterestModel(config).fit(shelf(), log, repeats=False)
    moments = ends(log).take(np.array([4]))
    found = of(made, moments)
    assert found.context == {"device": "mobile"}
    mobile = sum(found.interest(f"g{g}").weight for g in (0, 1, 2))
    assert mobile > 0.7
