from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.clock import DAY
from penchant.testing.layers import log_of, shelf

EVENT = st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 3))
EVENTS = st.lists(EVENT, max_size=30)


SIGNED = st.lists(st.tuples(EVENT, st.sampled_from([1.0, 2.0, -1.0])), max_size=30)


@settings(max_examples=80, deadline=None)
@given(SIGNED)
def test_the_first_event_that_speaks_for_an_item_stands_for_the_act(rows):
    log = log_of([event for event, _ in rows], shelf())
    log = replace(log, weight=np.asarray([weight for _, weight in rows], np.float32))
    told, first = set(), []
    acts = zip(log.user.tolist(), log.item.tolist(), log.time.tolist(), strict=True)
    for act, weight in zip(acts, log.weight.tolist(), strict=True):
        first.append(weight > 0 and act not in told)
        told |= {act} if weight > 0 else set()
    assert log.acts.tolist() == first


@settings(max_examples=80, deadline=None)
@given(EVENTS)
def test_an_item_is_met_once(rows):
    log = log_of(rows, shelf())
    met, first = set(), []
    for pair in zip(log.user.tolist(), log.item.tolist(), strict=True):
        first.append(pair not in met)
        met.add(pair)
    assert log.first_met.tolist() == first


KINDED = st.lists(st.tuples(EVENT, st.sampled_from([1.0, -1.0]), st.integers(0, 2)), max_size=30)


@settings(max_examples=80, deadline=None)
@given(KINDED)
def test_an_act_chooses_if_it_is_of_the_kind_its_user_came_by(rows):
    log = log_of([event for event, _, _ in rows], shelf())
    weight = np.asarray([weight for _, weight, _ in rows], np.float32)
    log = replace(log, weight=weight, kind=np.asarray([kind for *_, kind in rows], np.int32))
    came_by, expected = {}, []
    for user, item, weight, kind, act in zip(
        log.user.tolist(), log.item.tolist(), log.weight, log.kind.tolist(), log.acts, strict=True
    ):
        first = came_by.setdefault((user, item), kind) if weight > 0 else None
        expected.append(bool(act and kind == first))
    assert log.choices.tolist() == expected
    assert log.keep(log.positive).choices.tolist() == log.choices[log.positive].tolist()


def test_who_looks_buys_and_rates_chose_once_and_to_look_again_is_to_choose_again():
    VIEW, BUY, RATE = 0, 1, 2
    log = log_of([("a", 1, t) for t in range(6)], shelf())
    log = replace(log, kind=np.array([VIEW, BUY, RATE, VIEW, BUY, BUY], np.int32))
    assert log.choices.tolist() == [True, False, False, True, False, False]
    assert replace(log, kind=np.zeros(6, np.int32)).choices.all()  # what is bought again is chosen
    users = np.array([0])
    asked = log.moments(users, log.offsets[users + 1], np.array([9]))
    assert asked.chosen.tolist() == log.choices.tolist()
    assert asked.without(0, [np.array([0])]).chosen.tolist() == log.choices.tolist()[1:]


def test_an_act_told_against_and_for_is_an_act():
    log = log_of([("a", 1, 1), ("a", 1, 1), ("a", 1, 2)], shelf())
    log = replace(log, weight=np.array([-1.0, 1.0, -1.0], np.float32))
    assert log.acts.tolist() == [False, True, False]


def test_telling_an_act_twice_is_no_repeat():
    once = log_of([("a", 1, 1), ("a", 1, 1), ("a", 2, 2)], shelf())
    again = log_of([("a", 1, 1), ("a", 1, 1), ("a", 2, 2), ("a", 1, 3)], shelf())
    assert once.repeats == 0.0
    assert again.repeats == pytest.approx(1 / 3)
    assert log_of([], shelf()).repeats == 0.0
    assert np.array_equal(log_of([], shelf()).acts, np.zeros(0, bool))


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=30), st.integers(0, 3))
def test_one_person_is_asked_about_as_several_are(rows, day):
    log = log_of(rows, shelf())
    at = int(log.time.min()) + day * DAY
    log = replace(log, past={"place": pl.Series("place", [f"p{n % 3}" for n in range(len(log))])})
    users = np.arange(-1, len(log.users), dtype=np.int64)
    together = log.moments_at(users, np.full(len(users), at))
    assert together.length.any()
    for b, user in enumerate(users):
        alone = log.moments_at(users[b : b + 1], np.array([at]))
        among = together.take(np.array([b]))
        assert alone.past["place"].to_list() == among.past["place"].to_list(), user
        for name in ("offsets", "item", "time", "weight", "source", "chosen", "at"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(among, name))
