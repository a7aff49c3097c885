import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.rows import first_of_each

SMALL = st.lists(st.integers(0, 6), max_size=30)
FAR = st.lists(st.sampled_from([0, 3, 10**6, 2**31 - 1]), max_size=30)


@given(st.one_of(SMALL, FAR))
def test_each_number_stands_first_once(numbers):
    made = np.array(numbers, np.int64)
    first, which = first_of_each(made)
    assert sorted(first.tolist()) == [n for n, x in enumerate(numbers) if x not in numbers[:n]]
    assert made[first].tolist() == sorted(set(numbers))
    assert made[first][which].tolist() == numbers
