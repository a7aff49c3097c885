"""The score stays a sum, whatever the layers; interrupted and resumed, a fit is the same."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.data.relations import Around
from penchant.errors import ConfigError
from penchant.interests.model import InterestModel, Parts, softmax
from penchant.interests.shares import shares
from penchant.testing.layers import (
    GROUPS,
    ITEMS,
    ends,
    log_of,
    nothing_drawn_from_global_state,
    planted,
    quick,
    shelf,
)

QUICK = quick()
LOG = planted("pairs", users=80, noise=0.5)


def fitted(config=QUICK, log=LOG, repeats=False, **more):
    return InterestModel(config).fit(shelf(), log, repeats=repeats, **more)


@pytest.fixture(scope="module")
def model():
    with nothing_drawn_from_global_state():
        return fitted()


def test_parts_add_up_to_the_score(model):
    moments = ends(LOG)
    parts = model.parts(moments)
    assert parts.names == ("base", "context", "dynamic", "popularity")
    np.testing.assert_allclose(parts.values.sum(axis=0), model.score(moments), atol=1e-5)
    for p, layer in enumerate(model.layers.values()):
        by_hand = parts.alpha[:, p, None] * layer.score(moments)
        np.testing.assert_allclose(parts.values[p], by_hand, atol=1e-5)


def test_parts_are_summed_in_order():
    values = np.array([[[1e8, 1.0]], [[-1e8, 1.0]], [[1.0, 1.0]]], np.float32)
    parts = Parts(("a", "b", "c"), np.ones((1, 3), np.float32), values)
    assert parts.score.tolist() == [[1.0, 3.0]]
    assert parts.values[0, 0, 0] == np.float32(1e8), "adding changes no part"


@pytest.mark.parametrize(
    "layers",
    [
        ("popularity",),
        ("base",),
        ("dynamic",),
        ("context",),
        ("base", "popularity"),
        ("popularity", "base"),
        ("context", "dynamic", "popularity"),
    ],
)
def test_any_layers_make_a_model(layers):
    made = fitted(QUICK.but(layers=layers))
    assert set(made.layers) == set(layers)
    moments = ends(LOG)
    parts = made.parts(moments)
    np.testing.assert_allclose(parts.values.sum(axis=0), made.score(moments), atol=1e-5)
    assert np.isfinite(made.score(moments)).all()


@pytest.mark.parametrize("changes", [{"layers": ()}, {"layers": ("base",), "base.kind": "none"}])
def test_no_layers_make_none(changes):
    with pytest.raises(ConfigError, match=r"layers: .* expected one or more"):
        QUICK.but(**changes)


@pytest.mark.parametrize(
    "change",
    [
        {"base.kind": "svd"},
        {"base.kind": "bidirectional"},
        {"base.kind": "none"},
        {"context.kind": "naive-bayes"},
        {"context.kind": "tree"},
        {"dynamic.kind": "gru"},
        {"dynamic.kind": "lstm"},
        {"dynamic.kind": "cnn"},
        {"dynamic.kind": "mlp"},
        {"fusion.kind": "fixed"},
        {"fusion.kind": "logistic"},
        {"holdout.kind": "time"},
    ],
)
def test_every_kind_is_one_setting_away_and_comes_back_from_its_state(change):
    config = QUICK.but(**change)
    made, moments = fitted(config), ends(LOG)
    scores = made.score(moments)
    assert np.isfinite(scores).all()
    again = InterestModel(config).restore(made.state(), shelf())
    assert np.array_equal(again.score(moments), scores)
    assert again.repeats_ is made.repeats_


def test_same_seed_same_model_other_seed_another(model):
    moments = ends(LOG)
    assert np.array_equal(fitted().score(moments), model.score(moments))
    assert not np.array_equal(fitted(seed=1).score(moments), model.score(moments))


def test_chunks_are_all_of_it(model):
    moments = ends(LOG)
    seen = [(part, model.score(some)) for part, some in model.chunks(moments, cells=7 * ITEMS)]
    assert [part.start for part, _ in seen] == list(range(0, 80, 7))
    together = np.concatenate([scores for _, scores in seen])
    np.testing.assert_allclose(together, model.score(moments), atol=1e-4)


def test_chances_sum_to_one_and_bar_what_was_had(model):
    moments = ends(LOG)
    p = model.chances(moments)
    assert p.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (p[moments.seen(ITEMS).toarray() > 0] == 0).all()
    again = InterestModel(QUICK).restore(
        model.state() | {"model": ({}, {"repeats": True})}, shelf()
    )
    assert (again.chances(moments) > 0).all()


def test_who_had_everything_still_has_a_profile(model):
    log = log_of([("u", i, float(i)) for i in range(ITEMS)], shelf())
    moments = ends(log)
    p = model.chances(moments)
    assert p.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_profile_counts_choices(model):
    """Who looked at something and bought it is known by one choice, not by two events."""
    log = log_of([("a", 1, 1), ("a", 1, 2), ("a", 5, 3)], shelf())
    at = log.time.max(keepdims=True)
    known = model.weights(log.moments_at(np.array([0]), at)).events
    funnel = replace(log, kind=np.array([0, 1, 0], np.int32))
    less = model.weights(funnel.moments_at(np.array([0]), at))
    assert (known.item(), less.events.item()) == (3.0, 2.0)
    for tables in less.counted:
        assert tables[0].sum() <= 2.0


def test_who_is_only_known_by_those_around_gets_what_they_like():
    """The social part is there where relations are, by itself; and comes back from its state."""
    log = planted("social", users=80)
    made = fitted(log=log)
    assert tuple(made.layers) == ("base", "context", "dynamic", "social", "popularity")
    assert "social" not in fitted(QUICK.but(layers=("base", "popularity")), log=log).layers
    day = int(log.time.max()) + DAY
    cold = log.moments_at(np.full(3, -1), np.full(3, day))
    edges = log.relations
    cold = replace(cold, around=Around(log, np.array([0, 1, -1]), cold.at))
    parts = made.parts(cold)
    social = parts.values[parts.names.index("social")]
    np.testing.assert_allclose(parts.values.sum(axis=0), made.score(cold), atol=1e-5)
    assert not social[2].any()
    for b in (0, 1):
        taste = int(log.user[log.offsets[edges.other[edges.offsets[b]]]]) % GROUPS
        best = np.argsort(-made.score(cold)[b])[:5]
        assert (best % GROUPS == taste).all()
    again = InterestModel(QUICK).restore(made.state(), shelf())
    assert np.array_equal(again.score(cold), made.score(cold))
    carried = shares(made, cold.take(np.array([0])), np.array([1]))
    assert "social" not in carried.by_layer


def test_relations_alone_make_no_model():
    with pytest.raises(ConfigError, match="layers"):
        QUICK.but(layers=("social",))


def test_new_items_are_scored_by_what_is_written_about_them(model):
    made = InterestModel(QUICK).restore(model.state(), shelf())
    moments = ends(LOG)
    before = made.score(moments)
    after = made.extended(shelf(ITEMS + 4)).score(moments)
    np.testing.assert_array_equal(made.score(moments), before, err_msg="it stays as it was")
    assert after.shape == (80, ITEMS + 4)
    assert np.isfinite(after).all()
    moved = after[:, :ITEMS] - before
    assert np.ptp(moved, axis=1).max() < 1e-3, "old items keep their distances"


def test_repeats_let_the_same_come_again():
    rows = []
    draw = np.random.default_rng(0)
    for u in range(60):
        own = draw.choice(ITEMS, 3, replace=False)
        rows += [(f"u{u:02d}", int(draw.choice(own)), float(d)) for d in range(12)]
    log = log_of(rows, shelf())
    config = QUICK.but(layers=("base", "popularity"))
    made, moments = fitted(config, log, repeats=True), ends(log)
    assert any(made.layers["base"].own_)
    first = made.score(moments).argmax(axis=1)
    had = moments.seen(ITEMS).toarray()[np.arange(60), first]
    assert had.mean() > 0.9
    never = fitted(config, log, repeats=False)
    assert not any(never.layers["base"].own_)


class StopsAt:
    """Progress of somebody who gives up when a step of that name begins."""

    def __init__(self, name):
        self.name = name

    @contextmanager
    def step(self, name, total=None):
        if self.name in name:
            raise KeyboardInterrupt
        yield self

    def advance(self, n=1, note=""):
        pass


@pytest.mark.parametrize("at", ["dynamic: pass 2", "fusion", "(whole log)"])
def test_an_interrupted_fit_goes_on_to_the_same_numbers(model, tmp_path, at):
    with pytest.raises(KeyboardInterrupt):
        fitted(progress=StopsAt(at), scratch=tmp_path)
    again = fitted(scratch=tmp_path)
    moments = ends(LOG)
    assert np.array_equal(again.score(moments), model.score(moments))


@pytest.mark.parametrize("rows", [[("a", 0, 0.0)], [("a", 0, 0.0), ("a", 1, 1.0)]])
def test_hardly_any_events_make_a_model_all_the_same(rows):
    log = log_of(rows, shelf())
    made = fitted(log=log)
    assert np.isfinite(made.score(ends(log))).all()


def test_shares_of_a_linear_layer_sum_to_its_part(model):
    moments, items = ends(LOG).take(np.array([4])), np.arange(ITEMS)
    carried = shares(model, moments, items)
    parts = model.parts(moments)
    assert "base" in carried.exact
    base = carried.by_layer["base"].sum(axis=0)
    np.testing.assert_allclose(base, parts.values[0, 0], atol=1e-5)
    np.testing.assert_allclose(carried.total, sum(carried.by_layer.values()), atol=1e-6)


def test_shares_by_removal_are_what_the_score_loses():
    model = fitted(QUICK.but(**{"fusion.kind": "fixed"}))
    moments, items = ends(LOG).take(np.array([4])), np.array([3, 7])
    carried = shares(model, moments, items)
    assert "dynamic" not in carried.exact
    layer = model.layers["dynamic"]
    alpha = model.fusion.alpha(moments)[0][list(model.layers).index("dynamic")]
    whole = layer.score(moments)[0, items]
    for k in range(len(moments.item)):
        left = layer.score(moments.without_each(0, np.array([k])))[0, items]
        expected = alpha * (whole - left)
        np.testing.assert_allclose(carried.by_layer["dynamic"][k], expected, atol=1e-4)


def test_shares_are_asked_of_one_moment(model):
    with pytest.raises(ValueError, match="2 came, expected one"):
        shares(model, ends(LOG).take(np.array([1, 2])), np.array([0]))


def test_softmax_of_large_scores():
    p = softmax(np.array([[1e4, 1e4, -1e9]], np.float32))
    assert p.tolist() == [[0.5, 0.5, 0.0]]
