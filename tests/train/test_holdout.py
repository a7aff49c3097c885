from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.testing.layers import log_of, planted, shelf
from penchant.train.holdout import (
    NEVER,
    Holdout,
    HoldoutConfig,
    earlier,
    hold_out,
    masked,
    ndcg,
    upcoming,
)

EVENTS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 7), st.integers(0, 9)),
    max_size=40,
)


def some_log(rows, kinds=None):
    event = kinds or ["dislike" if (i + day) % 5 == 0 else "like" for _, i, day in rows]
    return log_of(rows, shelf(), event=event)


def held_rows(holdout):
    """(user of moment, item) of every target."""
    return list(zip(*holdout.targets.tocoo().coords, strict=True))


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.booleans(), st.sampled_from(["last", "time"]))
def test_nothing_of_the_answers_is_left_to_learn_from(rows, repeats, kind):
    log = some_log(rows)
    left, held = hold_out(log, HoldoutConfig(kind=kind, share=0.3), repeats=repeats, seed=0)
    assert len(left) + len(held) <= len(log)
    kept = {*left.source.tolist()}
    met = left.matrix().toarray()
    for b in range(len(held)):
        history = held.moments.take(np.array([b]))
        items = held.targets[[b]].toarray()[0]
        assert items.sum() == pytest.approx(1.0, abs=1e-6)
        assert (history.time <= held.moments.at[b]).all()
        assert len(history.item) > 0 or kind == "time"
        assert set(history.source.tolist()) <= kept, "what is asked from was learned from"
        if not repeats and len(history.item):
            user = int(log.user[log.source == history.source[0]][0])
            assert not met[user, np.flatnonzero(items)].any(), "a target is in the log"
            assert not np.isin(history.item, np.flatnonzero(items)).any()


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.booleans())
def test_what_is_left_lies_before_the_cut(rows, repeats):
    log = some_log(rows)
    left, held = hold_out(log, HoldoutConfig(kind="time", share=0.3), repeats=repeats, seed=0)
    if len(held):
        assert left.time.max() < held.moments.at.min()


def test_who_came_after_the_cut_is_asked_about_without_a_history():
    rows = [("a", i, i) for i in range(18)] + [("b", 20, 19), ("c", 21, 20)]
    config = HoldoutConfig(kind="time", share=0.1)
    left, held = hold_out(some_log(rows, ["like"] * 20), config, repeats=False, seed=0)
    assert held.moments.length.tolist() == [0, 0]
    assert held.targets.tocoo().coords[1].tolist() == [20, 21]
    assert len(left) == 18


def test_the_last_new_thing_is_the_target():
    rows = [("a", 1, 1), ("a", 2, 2), ("a", 1, 3), ("b", 5, 1), ("b", 6, 2), ("c", 7, 1)]
    left, held = hold_out(some_log(rows, ["like"] * 6), HoldoutConfig(), repeats=False, seed=0)
    assert held_rows(held) == [(0, 2), (1, 6)]
    assert held.moments.item.tolist() == [1, 5]
    assert left.item.tolist() == [1, 5, 7], "what came after a target is set aside with it"
    assert held.excluded.toarray()[:, [1, 5]].tolist() == [[1, 0], [0, 1]]
    assert held.excluded.sum() == 2


def test_where_people_repeat_anything_may_be_next():
    rows = [("a", 1, 1), ("a", 2, 2), ("a", 1, 3)]
    left, held = hold_out(some_log(rows, ["like"] * 3), HoldoutConfig(), repeats=True, seed=0)
    assert held_rows(held) == [(0, 1)]
    assert left.item.tolist() == [1, 2]
    assert held.excluded.nnz == 0


def test_an_act_told_twice_does_not_tell_itself():
    """Three tags put on one artist at one time: none of them is known when the artist is asked."""
    rows = [("a", 1, 1), ("a", 2, 2), ("a", 3, 3), ("a", 3, 3), ("a", 3, 3)]
    left, held = hold_out(some_log(rows, ["like"] * 5), HoldoutConfig(), repeats=True, seed=0)
    assert held_rows(held) == [(0, 3)]
    assert held.moments.item.tolist() == [1, 2]
    assert left.item.tolist() == [1, 2]


def test_an_item_is_one_target_however_often_it_comes():
    rows = [("a", 9, day) for day in range(9)]
    rows += [("b", 9, 3), ("b", 1, 20), ("b", 1, 20), ("b", 2, 21), ("b", 1, 22), ("b", 3, 23)]
    config = HoldoutConfig(kind="time", share=0.3, targets=2)
    _, held = hold_out(some_log(rows, ["like"] * 15), config, repeats=True, seed=0)
    assert held.targets.toarray()[0, [1, 2, 3]].tolist() == [0.5, 0.5, 0.0]


def test_what_speaks_against_is_no_target():
    rows = [("a", 1, 1), ("a", 2, 2), ("a", 3, 3)]
    log = some_log(rows, ["like", "like", "dislike"])
    _, held = hold_out(log, HoldoutConfig(), repeats=False, seed=0)
    assert held_rows(held) == [(0, 2)]


def test_a_user_has_so_many_targets_that_share_one():
    rows = [("a", 9, 0), *(("a", i, 50 + i) for i in range(8)), ("b", 9, 1), ("b", 1, 55)]
    config = HoldoutConfig(kind="time", share=0.45, targets=3)
    _, held = hold_out(some_log(rows, ["like"] * 11), config, repeats=False, seed=0)
    assert np.diff(held.targets.indptr).max() == 3
    assert np.asarray(held.targets.sum(axis=1)) == pytest.approx(1.0)


def test_before_a_cut_in_time_there_are_others_as_far_apart():
    log, config = planted("none", users=50), HoldoutConfig(kind="time", share=0.1)
    left, held = hold_out(log, config, repeats=True, seed=0)
    cuts = list(earlier(left, config, repeats=True, seed=0, cuts=3))
    sizes = [len(some) for some in (log, left, *(before for before, _ in cuts))]
    assert (-np.diff(sizes) == len(log) - len(left)).all()
    for before, moments in cuts:
        cut = before.time.max() + 1
        assert (moments.moments.heard == cut).all(), "nobody knows what everybody did from there on"
        assert (moments.moments.at >= cut).all()
        assert all((moments.moments.time[moments.moments.events(b)] < cut).all() for b in range(5))
    assert held.moments.at.min() > cuts[0][1].moments.at.max() > cuts[1][1].moments.at.max()


def test_before_a_cut_in_time_there_are_no_more_others_than_there_is_log():
    log, config = planted("none", users=50), HoldoutConfig(kind="time", share=0.3)
    left, _ = hold_out(log, config, repeats=True, seed=0)
    assert len(list(earlier(left, config, repeats=True, seed=0, cuts=9))) == 1
    last = config.but(kind="last")
    assert not list(earlier(left, last, repeats=True, seed=0, cuts=9)), "they are of all times"


def test_what_carries_a_choice_further_is_told_apart():
    """Who looked and then bought is asked about the purchase, which was no choice."""
    LOOK, BUY = 0, 1
    rows = [("a", 1, 1), ("a", 2, 2), ("a", 2, 3), ("b", 3, 1), ("b", 4, 2)]
    log = replace(log_of(rows, shelf()), kind=np.array([LOOK, LOOK, BUY, LOOK, LOOK], np.int32))
    _, held = hold_out(log, HoldoutConfig(share=0.4), repeats=True, seed=0)
    bought = held.targets[:, [2]].toarray()[:, 0] > 0
    assert len(held) == 2
    assert held.chosen.tolist() == (~bought).tolist()
    assert held.take(np.flatnonzero(bought)).chosen.tolist() == [False]
    every, _ = upcoming(log, 0, repeats=True, most=9, seed=0)
    some, moments = upcoming(log, 0, repeats=True, most=9, seed=0, choices=True)
    assert every.tolist() == [0, 1, 2, 3, 4]
    assert some.tolist() == [0, 1, 3, 4]
    assert len(moments) == 4


def test_only_so_many_are_asked_and_the_same_ones_again():
    log = planted("none", users=150)
    config = HoldoutConfig(moments=30, share=0.4)
    _, one = hold_out(log, config, repeats=False, seed=3)
    _, two = hold_out(log, config, repeats=False, seed=3)
    _, three = hold_out(log, config, repeats=False, seed=4)
    assert len(one) == 30
    assert np.array_equal(one.moments.source, two.moments.source)
    assert not np.array_equal(one.moments.source, three.moments.source)
    _, few = hold_out(log, config.but(moments=2500, cells=1500), repeats=False, seed=3)
    assert len(few) == 25, "1,500 scores at a time, 60 items"


def test_context_is_that_of_the_target():
    log = planted("context", users=30, events=8)
    _, held = hold_out(log, HoldoutConfig(), repeats=False, seed=0)
    half = held.targets.tocoo().coords[1] % 6 // 3
    said = np.array(["mobile", "desktop"])[half]
    assert held.moments.context["device"].to_list() == said.tolist()


@pytest.mark.parametrize("rows", [[], [("a", 1, 1)], [("a", 1, 1), ("b", 1, 1)]])
@pytest.mark.parametrize("kind", ["last", "time"])
def test_a_log_too_small_gives_nobody_to_ask(rows, kind):
    log = some_log(rows, ["like"] * len(rows))
    left, held = hold_out(log, HoldoutConfig(kind=kind), repeats=False, seed=0)
    assert len(held) == 0
    assert held.targets.shape == held.excluded.shape == (0, 60)
    assert len(left) <= len(log)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_ndcg_against_its_definition(seed):
    draw = np.random.default_rng(seed)
    B, n, k = 6, 15, 5
    scores = draw.integers(0, 6, (B, n)).astype(np.float32)  # with ties
    wanted = np.zeros((B, n), np.float32)
    for b in range(B):
        wanted[b, draw.choice(n, draw.integers(1, 4), replace=False)] = 1
    barred = ((draw.random((B, n)) < 0.2) & (wanted == 0)).astype(np.float32)
    log = planted("none", users=B)
    moments = log.moments(np.arange(B), log.offsets[1:], log.time[log.offsets[1:] - 1])
    held = Holdout(
        moments,
        sparse.csr_array(wanted / wanted.sum(axis=1, keepdims=True)),
        sparse.csr_array(barred),
        np.ones(B, bool),
    )
    expected = []
    for b in range(B):
        free = [i for i in range(n) if not barred[b, i]]
        ranks = [sum(scores[b, j] >= scores[b, i] for j in free) for i in np.flatnonzero(wanted[b])]
        ideal = sum(1 / np.log2(r + 1) for r in range(1, min(len(ranks), k) + 1))
        expected.append(sum(1 / np.log2(r + 1) for r in ranks if r <= k) / ideal)
    assert ndcg(scores, held, k) == pytest.approx(np.array(expected), abs=1e-5)


def test_masking_makes_a_copy():
    scores = np.ones((2, 3), np.float32)
    out = sparse.csr_array(np.array([[0, 1, 0], [0, 0, 0]], np.float32))
    found = masked(scores, out)
    assert scores.min() == 1
    assert found.tolist() == [[1, float(NEVER), 1], [1, 1, 1]]
