import numpy as np
import pytest

from penchant.clock import DAY
from penchant.interests.layer import Training
from penchant.interests.newcomers import NEVER, Newcomers
from penchant.interests.popularity import Popularity, PopularityConfig
from penchant.testing.layers import ITEMS, log_of, shelf, taught


@pytest.fixture
def log():
    return log_of([("a", 0, 0), ("b", 1, 10), ("c", 1, 12)], shelf())


def made_of(log, half_lives=(5.0,)):
    return Newcomers.of(log, shelf().text, half_lives)


def test_the_first_event_of_each_item(log):
    first = made_of(log).first
    assert first[:2].tolist() == [log.time[0], log.time[1]]
    assert (first[2:] == NEVER).all()


def test_being_new_wears_off_and_begins_when_somebody_meets_it(log):
    start = log.time[0]
    told, unmet, new = made_of(log).each(np.array([start, start + 5 * DAY, start + 20 * DAY]))
    assert told.shape == unmet.shape == new.shape == (3, ITEMS)
    np.testing.assert_allclose(unmet[:, :3], [[1, 1, 1], [0, 1, 1], [0, 0, 1]])
    np.testing.assert_allclose(new[:, :3], [[0, 0, 0], [0.5, 0, 0], [0.0625, 0.25, 0]], atol=1e-6)


def test_evidence_against_is_no_meeting():
    log = log_of([("a", 0, 0), ("a", 1, 10)], shelf())
    against = type(log)(**{**vars(log), "weight": -log.weight})
    assert (made_of(against).first == NEVER).all()


def test_a_text_promises_what_texts_like_it_had(log):
    text = shelf().text
    counts = np.round(np.exp(2.0 * text[:, 0] + 2.0))
    rows = [(f"u{u}", i, u) for i, n in enumerate(counts) for u in range(int(n))]
    told = made_of(log_of(rows, shelf())).told
    assert np.corrcoef(told, text[:, 0])[0, 1] > 0.8


def test_no_events_and_no_texts_promise_nothing(log):
    nothing = Newcomers.of(log.keep(np.zeros(len(log), bool)), shelf().text, (5.0,))
    assert (nothing.told == 0).all()
    assert (Newcomers.of(log, np.zeros_like(shelf().text), (5.0,)).told == 0).all()


def test_later_items_are_unmet_and_promise_what_their_texts_say(log):
    made, text = made_of(log), shelf().text
    grown = made.extended(np.concatenate([text, text[:1], np.zeros_like(text[:1])]))
    told, unmet, _ = grown.each(log.time[-1:] + DAY)
    assert unmet[0, ITEMS:].tolist() == [1, 1]
    assert told[0, ITEMS] == pytest.approx(made.told[0], abs=1e-6)
    assert told[0, ITEMS + 1] == 0


def test_kept_and_taken_up_again(log):
    made = made_of(log)
    again = Newcomers.from_state(made.state(), shelf().text)
    at = log.time + DAY
    for one, other in zip(made.each(at), again.each(at), strict=True):
        np.testing.assert_array_equal(one, other)


def releases():
    """Every three days an item comes out, and everybody turns to it for that time."""
    rows = [
        (f"u{user}", item, 3 * item + user / 40)
        for item in range(ITEMS)
        for user in range(80)
        if (user + item) % 4
    ]
    return log_of(rows, shelf())


def test_what_is_new_comes_first_where_people_turn_to_the_new():
    """A count cannot know that what came out is about to be met; the held-out moments show it."""
    log = releases()
    config = PopularityConfig(half_lives=(2000.0,), newness=(2.0,))
    training = taught(log)
    made = Popularity(config).fit(training)
    assert made.phi_[-1] > 0, "the newness term"
    at = log.time[log.item == 5].min() + DAY
    score = made.score(log.moments_at(np.array([-1]), np.array([at])))[0]
    assert score[:6].argmax() == 5


def test_without_held_out_moments_newness_says_nothing():
    made = Popularity().fit(Training(shelf(), releases()))
    assert not any(made.phi_)


def test_the_half_life_of_newness_counts():
    log = releases()
    moments = log.moments_at(np.array([-1]), log.time[-1:] + DAY)
    one, other = (
        Popularity(PopularityConfig(half_lives=(2000.0,), newness=(tau,))).fit(taught(log))
        for tau in (2.0, 200.0)
    )
    assert not np.allclose(one.score(moments), other.score(moments))
