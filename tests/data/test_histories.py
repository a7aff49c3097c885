import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.testing.layers import log_of, shelf

EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 3)), max_size=30
)


@settings(max_examples=80, deadline=None)
@given(EVENTS)
def test_the_first_telling_of_an_act_stands_for_it(rows):
    log = log_of(rows, shelf())
    told, first = set(), []
    for act in zip(log.user.tolist(), log.item.tolist(), log.time.tolist(), strict=True):
        first.append(act not in told)
        told.add(act)
    assert log.acts.tolist() == first
    assert int(log.acts.sum()) == len(set(rows))


def test_telling_an_act_twice_is_no_repeat():
    once = log_of([("a", 1, 1), ("a", 1, 1), ("a", 2, 2)], shelf())
    again = log_of([("a", 1, 1), ("a", 1, 1), ("a", 2, 2), ("a", 1, 3)], shelf())
    assert once.repeats == 0.0
    assert again.repeats == pytest.approx(1 / 3)
    assert log_of([], shelf()).repeats == 0.0
    assert np.array_equal(log_of([], shelf()).acts, np.zeros(0, bool))
